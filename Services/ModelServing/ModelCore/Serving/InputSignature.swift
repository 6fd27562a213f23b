internal import AssayMessages
internal import Inference
internal import RPC

/// The typed inputs of a version: turns a request's values into the row the model reads, or says
/// what is wrong with them.
struct InputSignature: Sendable {
    struct Input: Sendable {
        var name: String
        var kind: InputRule.Kind
        var vocabulary: [String]
        /// Position of each text of the vocabulary.
        var codes: [String: Int]
        var reasonCode: String
        var sentinels: [Double]
        var takesUnknownTexts: Bool
    }

    let inputs: [Input]
    let rules: [InputRule]
    /// Fields of the vector that callers may send instead of one value per input.
    let vectorCount: Int
    private let positions: [String: Int]

    /// - Parameters:
    ///   - vector: the fields of the vector that callers send; empty for the inputs' own order.
    ///   - isSingle: the model rounds its inputs to float32.
    init(
        _ fields: [AssayModelsV1.InputField], vector: [String] = [], isSingle: Bool = true
    ) throws(RPCError) {
        var inputs: [Input] = []
        var rules: [InputRule] = []
        var positions: [String: Int] = [:]
        let sources = try Self.sources(vector)
        for (index, field) in fields.enumerated() {
            let place = "manifest.inputs[\(index)]"
            guard !field.name.isEmpty else { throw .invalid(place, "an input needs a name") }
            guard positions.updateValue(index, forKey: field.name) == nil else {
                throw .invalid(place, "the name \"\(field.name)\" stands twice")
            }
            guard let source = vector.isEmpty ? index : sources[field.name] else {
                throw .invalid(
                    place,
                    "the vector has no field \"\(field.name)\""
                        + NearNames.hint(field.name, among: vector))
            }
            let input = try Self.input(field, place)
            inputs.append(input)
            rules.append(try Self.rule(field, input, source, isSingle, place))
        }
        self.inputs = inputs
        self.rules = rules
        self.positions = positions
        vectorCount = vector.isEmpty ? inputs.count : vector.count
    }

    private static func sources(_ vector: [String]) throws(RPCError) -> [String: Int] {
        var sources: [String: Int] = [:]
        for (index, name) in vector.enumerated() {
            guard !name.isEmpty, sources.updateValue(index, forKey: name) == nil else {
                throw .invalid(
                    "manifest.vector_fields[\(index)]", "\"\(name)\" is empty, or stands twice")
            }
        }
        return sources
    }

    private static func input(
        _ field: AssayModelsV1.InputField, _ place: String
    ) throws(RPCError) -> Input {
        let kind: InputRule.Kind
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
        let takesUnknownTexts = field.unknownText == .missing
        guard !takesUnknownTexts || kind == .category && field.nullable else {
            throw .invalid(
                "\(place).unknown_text",
                "\(field.name): only a category that may be missing takes unknown texts for that")
        }
        return Input(
            name: field.name, kind: kind, vocabulary: field.vocabulary, codes: codes,
            reasonCode: field.reasonCode, sentinels: field.sentinels,
            takesUnknownTexts: takesUnknownTexts)
    }

    private static func rule(
        _ field: AssayModelsV1.InputField, _ input: Input, _ source: Int, _ isSingle: Bool,
        _ place: String
    ) throws(RPCError) -> InputRule {
        let isNumber = input.kind == .number
        guard isNumber || field.range == nil && !field.allowsInfinities else {
            throw .invalid("\(place).range", "\(field.name): only a number has a range")
        }
        guard field.sentinels.isEmpty || isNumber && field.nullable else {
            throw .invalid(
                "\(place).sentinels",
                "\(field.name): only a number that may be missing has sentinels")
        }
        let range = field.range ?? .init()
        let (lowest, highest) = (range.lowest ?? -.infinity, range.highest ?? .infinity)
        guard lowest <= highest else {
            throw .invalid("\(place).range", "\(field.name): from \(lowest) to \(highest)")
        }
        guard field.range == nil || [.accept, .clamp, .reject].contains(range.policy) else {
            throw .invalid(
                "\(place).range.policy", "\(field.name): expected accept, clamp or reject")
        }
        return InputRule(
            source: source, kind: input.kind, isNullable: field.nullable,
            allowsInfinities: field.allowsInfinities, hasSentinels: !field.sentinels.isEmpty,
            isSingle: isSingle, codeCount: field.vocabulary.count, lowest: lowest,
            highest: highest, rangePolicy: range.policy,
            refusedStatuses: RefusedStatuses(field.refusedStatuses))
    }

    /// The input of this name.
    func position(_ name: String) -> Int? { positions[name] }
}

extension RPCError {
    /// INVALID_ARGUMENT that names one field.
    static func invalid(_ field: String, _ description: String) -> RPCError {
        let separator = field.contains("values[") ? " " : ": "
        return RPCError(
            code: .invalidArgument, message: "\(field)\(separator)\(description)",
            details: [.badRequest([FieldViolation(field: field, description: description)])])
    }
}
