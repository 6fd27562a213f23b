internal import AssayMessages
internal import RPC

/// The typed inputs of a version: turns a request's values into the row the model reads, or says
/// what is wrong with them.
struct InputSignature: Sendable {
    enum Kind: Sendable { case number, category, flag }

    struct Input: Sendable {
        var name: String
        var kind: Kind
        var isNullable: Bool
        var vocabulary: [String]
        /// Position of each text of the vocabulary.
        var codes: [String: Int]
        var reasonCode: String
    }

    let inputs: [Input]
    private let positions: [String: Int]

    init(_ fields: [AssayModelsV1.InputField]) throws(RPCError) {
        var inputs: [Input] = []
        var positions: [String: Int] = [:]
        for (index, field) in fields.enumerated() {
            let place = "manifest.inputs[\(index)]"
            guard !field.name.isEmpty else { throw .invalid(place, "an input needs a name") }
            guard positions.updateValue(index, forKey: field.name) == nil else {
                throw .invalid(place, "the name \"\(field.name)\" stands twice")
            }
            inputs.append(try Self.input(field, place))
        }
        self.inputs = inputs
        self.positions = positions
    }

    private static func input(
        _ field: AssayModelsV1.InputField, _ place: String
    ) throws(RPCError) -> Input {
        let kind: Kind
        switch field.kind {
        case .number: kind = .number
        case .category: kind = .category
        case .flag: kind = .flag
        default: throw .invalid("\(place).kind", "\(field.name): expected number, category or flag")
        }
        var codes: [String: Int] = [:]
        for (code, text) in field.vocabulary.enumerated() {
            guard !text.isEmpty, codes.updateValue(code, forKey: text) == nil else {
                throw .invalid(
                    "\(place).vocabulary[\(code)]", "\(field.name): empty, or stands twice")
            }
        }
        guard (kind == .category) == !codes.isEmpty else {
            throw .invalid(
                "\(place).vocabulary",
                "\(field.name): a category needs a vocabulary, and only a category has one")
        }
        return Input(
            name: field.name, kind: kind, isNullable: field.nullable,
            vocabulary: field.vocabulary, codes: codes, reasonCode: field.reasonCode)
    }

    // MARK: Rows

    /// Fills `row` with the values as float32, rounded to nearest, NaN where missing.
    ///
    /// - Parameter status: one status byte per value, or none: all present.
    func read(
        values: [Double], status: [UInt8], texts: [AssayModelsV1.CategoryText],
        into row: UnsafeMutableBufferPointer<Float>
    ) throws(RPCError) {
        guard values.count == inputs.count else {
            throw .invalid(
                "values", "expected \(inputs.count) values, one per input, got \(values.count)")
        }
        guard status.isEmpty || status.count == values.count else {
            throw .invalid(
                "status", "expected no status bytes or \(values.count), got \(status.count)")
        }
        for index in values.indices {
            let unknown = !status.isEmpty && Self.isUnknown(status[index])
            row[index] = unknown ? .nan : Float(values[index])
        }
        for (index, text) in texts.enumerated() { try lay(text, at: index, texts, over: row) }
        for index in values.indices {
            guard let problem = problem(of: row[index], values[index], inputs[index]) else {
                continue
            }
            throw .invalid("values[\(index)]", "\(inputs[index].name): \(problem)")
        }
    }

    /// Statuses of the feature store: 2 absent, 3 unavailable, 5 error, in the low three bits.
    private static func isUnknown(_ status: UInt8) -> Bool {
        let low = status & 7
        return low == 2 || low == 3 || low == 5
    }

    private func lay(
        _ text: AssayModelsV1.CategoryText, at index: Int, _ all: [AssayModelsV1.CategoryText],
        over row: UnsafeMutableBufferPointer<Float>
    ) throws(RPCError) {
        let place = "texts[\(index)]"
        guard let position = positions[text.field] else {
            let hint = NearNames.hint(text.field, among: inputs.map(\.name))
            throw .invalid("\(place).field", "the model has no input \"\(text.field)\"\(hint)")
        }
        let input = inputs[position]
        guard input.kind == .category else {
            throw .invalid("\(place).field", "\(input.name) is no category")
        }
        guard !all[..<index].contains(where: { $0.field == text.field }) else {
            throw .invalid("\(place).field", "\(input.name) is given twice")
        }
        guard let code = input.codes[text.text] else {
            let near = NearNames.of(text.text, among: input.vocabulary)
            let known = near.isEmpty ? Array(input.vocabulary.prefix(3)) : near
            throw .invalid(
                "\(place).text",
                "\(input.name): expected one of its \(input.vocabulary.count) texts, such as "
                    + known.map { "\"\($0)\"" }.joined(separator: ", ") + ", got \"\(text.text)\"")
        }
        row[position] = Float(code)
    }

    /// What is wrong with a value; nil is the usual answer.
    @inline(__always)
    private func problem(of value: Float, _ given: Double, _ input: Input) -> String? {
        if value.isNaN {
            return input.isNullable ? nil : "expected \(expectation(input)), got a missing value"
        }
        switch input.kind {
        case .number:
            if value.isFinite { return nil }
            return given.isFinite
                ? "expected a number within float32, got \(given)"
                : "expected a number, got \(given)"
        case .flag:
            return value == 0 || value == 1 ? nil : "expected 0 or 1, got \(given)"
        case .category:
            let isCode =
                value >= 0 && value < Float(input.vocabulary.count)
                && value == value.rounded(.towardZero)
            return isCode ? nil : "expected \(expectation(input)), got \(given)"
        }
    }

    private func expectation(_ input: Input) -> String {
        switch input.kind {
        case .number: "a number"
        case .flag: "0 or 1"
        case .category: "a text, or a code below \(input.vocabulary.count)"
        }
    }
}

extension RPCError {
    /// INVALID_ARGUMENT that names one field.
    static func invalid(_ field: String, _ description: String) -> RPCError {
        let separator = field.hasPrefix("values[") ? " " : ": "
        return RPCError(
            code: .invalidArgument, message: "\(field)\(separator)\(description)",
            details: [.badRequest([FieldViolation(field: field, description: description)])])
    }
}
