internal import AssayMessages

extension AssayRiskV1.FactColumns {
    /// Adds a fact; keys come in rising order.
    mutating func append(_ key: UInt32, _ value: AssayRiskV1.FactValue) {
        switch value {
        case .flag(true): trueKeys.append(key)
        case .flag(false): falseKeys.append(key)
        case .integer(let value):
            integerKeys.append(key)
            integers.append(value)
        case .number(let value):
            numberKeys.append(key)
            numbers.append(value)
        case .text(let value):
            textKeys.append(key)
            texts.append(value)
        case .unrecognized: break
        }
    }

    var isEmpty: Bool { columns.allSatisfy(\.isEmpty) }

    /// The keys of each column, in the order of the columns.
    var columns: [[UInt32]] { [trueKeys, falseKeys, integerKeys, numberKeys, textKeys] }

    /// Hands out every fact, column by column.
    func visit(_ body: (UInt32, AssayRiskV1.FactValue) -> Void) {
        for key in trueKeys { body(key, .flag(true)) }
        for key in falseKeys { body(key, .flag(false)) }
        for (key, value) in zip(integerKeys, integers) { body(key, .integer(value)) }
        for (key, value) in zip(numberKeys, numbers) { body(key, .number(value)) }
        for (key, value) in zip(textKeys, texts) { body(key, .text(value)) }
    }
}
