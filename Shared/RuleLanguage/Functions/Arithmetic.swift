/// Functions of one or two numbers. Only + − × ÷ √ of IEEE 754 are used, one rounding each, so
/// that every machine gives the same bits.
enum Arithmetic {
    static func apply(_ function: Function, _ a: Value, _ b: Value) -> Value {
        guard a.isNumber else { return .error(.noOverload) }
        switch function {
        case .magnitude:
            return a.tag == .int ? .int(Logarithm.magnitude(a.int)) : .error(.noOverload)
        case .abs:
            guard a.tag == .int else { return .double(a.double.magnitude) }
            return a.int == .min ? .error(.overflow) : .int(Swift.abs(a.int))
        case .ln:
            return a.asDouble > 0
                ? .double(ElementaryFunctions.logarithm(a.asDouble)) : .error(.outOfRange)
        case .sqrt:
            return a.asDouble >= 0 ? .double(a.asDouble.squareRoot()) : .error(.outOfRange)
        default:
            guard b.isNumber else { return .error(.noOverload) }
            return pair(function, a.asDouble, b.asDouble)
        }
    }

    private static func pair(_ function: Function, _ a: Double, _ b: Double) -> Value {
        if function == .ratio { return b == 0 ? .error(.divisionByZero) : .double(a / b) }
        guard b > 0, b.isFinite, a.isFinite else { return .error(.outOfRange) }
        return .double(
            function == .cycleSin
                ? ElementaryFunctions.sine(a, of: b) : ElementaryFunctions.cosine(a, of: b))
    }

    /// The shortest text that reads back as the number, without the zero of a whole one.
    static func text(of number: Double) -> String {
        let text = "\(number)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
