internal import Wire

/// One value in words, for people.
enum ValueText {
    static func text<T: WireValue>(_ value: T) -> String {
        switch value {
        case let text as String: return quoted(text)
        case let bytes as [UInt8]: return hex(bytes)
        case let named as NamedNumber:
            return named.names.name(of: named.number) ?? "\(named.number) (unknown value)"
        case let money as Money: return "\(money.currency) \(money.amount)"
        case let number as Double: return Self.number(number)
        case let number as Float: return Self.number(number)
        default: return "\(value)"
        }
    }

    private static func number<T: BinaryFloatingPoint & CustomStringConvertible>(_ value: T)
        -> String
    {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        let text = value.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// At most 32 bytes.
    static func hex(_ bytes: [UInt8]) -> String {
        if bytes.isEmpty { return "no bytes" }
        let shown = bytes.prefix(32).map(hex).joined()
        return bytes.count > 32 ? "\(shown)… (\(bytes.count) bytes)" : shown
    }

    static func hex(_ byte: UInt8) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: [digits[Int(byte >> 4)], digits[Int(byte & 15)]], as: UTF8.self)
    }

    /// In quotes, with everything escaped that would act on a terminal instead of showing on it.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default:
                if isPrintable(scalar) {
                    result.unicodeScalars.append(scalar)
                } else {
                    result += "\\u{" + String(scalar.value, radix: 16) + "}"
                }
            }
        }
        return result + "\""
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: false
        default: true
        }
    }
}
