internal import AssayMessages
internal import RPC

extension InputSignature {
    typealias Flags = [AssayModelsV1.InputFlag]
    /// An input, and where its value stands in the request.
    private typealias Place = (index: Int, source: Int)

    /// What the values of a request follow.
    enum ValueOrder { case inputs, vector }

    func valueCount(_ order: ValueOrder) -> Int {
        order == .vector ? vectorCount : inputs.count
    }

    /// Fills `row` with one value per input, NaN where missing.
    ///
    /// - Parameters:
    ///   - order: what the values follow.
    ///   - status: one status byte per value, or none: all present.
    ///   - flags: takes what was noticed or repaired.
    func read(
        values: UnsafeBufferPointer<Double>, status: UnsafeBufferPointer<UInt8>,
        texts: [AssayModelsV1.CategoryText], order: ValueOrder,
        into row: UnsafeMutableBufferPointer<Double>,
        flags: inout Flags
    ) throws(RPCError) {
        let count = valueCount(order)
        guard values.count == count else {
            let each = order == .vector ? "field of the vector" : "input"
            throw .invalid(
                "values", "expected \(count) values, one per \(each), got \(values.count)")
        }
        guard status.isEmpty || status.count == values.count else {
            throw .invalid(
                "status", "expected no status bytes or \(values.count), got \(status.count)")
        }
        for index in rules.indices {
            let source = order == .vector ? rules[index].source : index
            row[index] = values[source]
            if !status.isEmpty, status[source] != 0 {
                row[index] = try known(values[source], status[source], (index, source), &flags)
            }
        }
        for (index, text) in texts.enumerated() { try lay(text, at: index, texts, row, &flags) }
        for index in rules.indices where !rules[index].isPlain(row[index]) {
            let source = order == .vector ? rules[index].source : index
            row[index] = try checked(row[index], (index, source), &flags)
        }
    }

    // MARK: Steps

    /// The value, or NaN where the feature store had none.
    private func known(
        _ value: Double, _ status: UInt8, _ place: Place, _ flags: inout Flags
    ) throws(RPCError) -> Double {
        if rules[place.index].refusedStatuses.contains(status) {
            throw refused(
                place, "the model takes no value whose status is \(ValueStatusByte.name(status))")
        }
        if ValueStatusByte.isUnknown(status) {
            // That an event names no such entity is the truth about it, no fault.
            if status & 7 != ValueStatusByte.absent { flag(place.index, .missing, &flags) }
            return .nan
        }
        if status & ValueStatusByte.stale != 0 { flag(place.index, .stale, &flags) }
        return value
    }

    private func lay(
        _ text: AssayModelsV1.CategoryText, at index: Int, _ all: [AssayModelsV1.CategoryText],
        _ row: UnsafeMutableBufferPointer<Double>, _ flags: inout Flags
    ) throws(RPCError) {
        let place = "texts[\(index)]"
        guard let position = position(text.field) else {
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
        if let code = input.codes[text.text] {
            row[position] = Double(code)
        } else if input.takesUnknownTexts {
            row[position] = .nan
            flag(position, .unknownCategory, &flags)
        } else {
            throw .invalid("\(place).text", Self.unknown(text.text, input))
        }
    }

    private static func unknown(_ text: String, _ input: Input) -> String {
        let near = NearNames.of(text, among: input.vocabulary)
        let known = near.isEmpty ? Array(input.vocabulary.prefix(3)) : near
        return "\(input.name): expected one of its \(input.vocabulary.count) texts, such as "
            + known.map { "\"\($0)\"" }.joined(separator: ", ") + ", got \"\(text)\""
    }

    /// The value as it is scored, for all that is not plainly a number in its range.
    private func checked(
        _ value: Double, _ place: Place, _ flags: inout Flags
    ) throws(RPCError) -> Double {
        let rule = rules[place.index]
        if value.isNaN {
            if rule.isNullable { return value }
            throw refused(place, "expected \(expectation(place.index)), got a missing value")
        }
        if rule.hasSentinels, inputs[place.index].sentinels.contains(value) {
            flag(place.index, .missing, &flags)
            return .nan
        }
        switch rule.kind {
        case .number: return try inRange(value, place, &flags)
        case .flag:
            if value == 0 || value == 1 { return value }
        case .category:
            let isCode = value >= 0 && value < Double(rule.codeCount)
            if isCode, value == value.rounded(.towardZero) { return value }
        }
        throw refused(place, "expected \(expectation(place.index)), got \(value)")
    }

    private func inRange(
        _ value: Double, _ place: Place, _ flags: inout Flags
    ) throws(RPCError) -> Double {
        let rule = rules[place.index]
        if value.isInfinite, !rule.allowsInfinities {
            throw refused(place, "expected a number, got \(value)")
        }
        if value.isFinite, rule.isSingle, value.magnitude > InputRule.largestSingle {
            throw refused(place, "expected a number within float32, got \(value)")
        }
        if value >= rule.lowest && value <= rule.highest { return value }
        switch rule.rangePolicy {
        case .clamp:
            flag(place.index, .clamped, &flags)
            return min(max(value, rule.lowest), rule.highest)
        case .reject:
            throw refused(
                place, "expected \(rule.lowest) to \(rule.highest), got \(value)")
        default:
            flag(place.index, .outOfRange, &flags)
            return value
        }
    }

    private func flag(
        _ index: Int, _ notice: AssayModelsV1.InputNotice, _ flags: inout Flags
    ) {
        flags.append(.init(field: inputs[index].name, notice: notice))
    }

    private func refused(_ place: Place, _ problem: String) -> RPCError {
        .invalid("values[\(place.source)]", "\(inputs[place.index].name): \(problem)")
    }

    private func expectation(_ index: Int) -> String {
        switch rules[index].kind {
        case .number: "a number"
        case .flag: "0 or 1"
        case .category: "a text, or a code below \(rules[index].codeCount)"
        }
    }
}
