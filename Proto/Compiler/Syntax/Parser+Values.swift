/// Numbers, strings and the arguments of annotations.
extension Parser {
    mutating func integer(_ what: String) -> IntegerSyntax? {
        guard at(.number), case .integer(let value)? = literal(current.span) else {
            unexpected(what)
            return nil
        }
        let span = current.span
        advance()
        return IntegerSyntax(value: value, span: span)
    }

    mutating func value() -> ValueSyntax? {
        let span = current.span
        switch current.kind {
        case .number, .punctuation(.ellipsis):
            return numberOrRange()
        case .quantity:
            guard let kind = quantity(span) else { return nil }
            advance()
            return ValueSyntax(kind: kind, span: span)
        case .string:
            return stringValue().map { ValueSyntax(kind: .string($0), span: span) }
        case .identifier:
            guard let name = qualifiedName("a value") else { return nil }
            let kind: ValueSyntax.Kind =
                switch name.text {
                case "true": .boolean(true)
                case "false": .boolean(false)
                default: .name(name.text)
                }
            return ValueSyntax(kind: kind, span: name.span)
        case .punctuation(.leftBracket):
            return list()
        default:
            unexpected("a value")
            return nil
        }
    }

    private mutating func list() -> ValueSyntax? {
        let start = current.span
        guard valueNesting < Self.maximumValueNesting else {
            report(.overLimit, "values nest deeper than \(Self.maximumValueNesting)")
            return nil
        }
        valueNesting += 1
        defer { valueNesting -= 1 }
        advance()
        skipNewlines()
        var values: [ValueSyntax] = []
        while !at(.punctuation(.rightBracket)) {
            guard let value = value() else { return nil }
            values.append(value)
            guard another(before: .rightBracket) else { break }
        }
        let span = start.joined(current.span)
        return expect(.rightBracket) ? ValueSyntax(kind: .list(values), span: span) : nil
    }

    private mutating func numberOrRange() -> ValueSyntax? {
        var span = current.span
        var lower: Literal?
        if at(.number) {
            guard let number = number() else { return nil }
            lower = number
            guard at(.punctuation(.ellipsis)) else {
                return ValueSyntax(kind: .number(number), span: span)
            }
        }
        span = span.joined(current.span)
        advance()
        var upper: Literal?
        if at(.number) {
            span = span.joined(current.span)
            guard let number = number() else { return nil }
            upper = number
        } else if lower == nil {
            unexpected("a number")
            return nil
        }
        return ValueSyntax(kind: .range(lower, upper), span: span)
    }

    private mutating func number() -> Literal? {
        guard let literal = literal(current.span) else {
            report(.unexpected, "'\(file.text(current.span))' is not a number of at most 38 digits")
            return nil
        }
        advance()
        return literal
    }

    private func literal(_ span: Span) -> Literal? {
        let text = file.text(span).replacing("_", with: "")
        if text.contains(".") {
            return Double(text).map { Literal.fraction(text, $0) }
        }
        let value = text.hasPrefix("0x") ? Int128(text.dropFirst(2), radix: 16) : Int128(text)
        return value.map(Literal.integer)
    }

    private mutating func quantity(_ span: Span) -> ValueSyntax.Kind? {
        let text = file.text(span)
        let digits = text.prefix { $0.isNumber || $0 == "_" }
        let unit = String(text.dropFirst(digits.count))
        let count = UInt64(digits.replacing("_", with: ""))
        if let factor = Units.sizes[unit] {
            let (bytes, overflow) = (count ?? .max).multipliedReportingOverflow(by: factor)
            if count != nil && !overflow { return .size(bytes: bytes) }
        } else if let factor = Units.durations[unit] {
            let (total, overflow) = (count ?? .max).multipliedReportingOverflow(by: factor)
            if count != nil && !overflow && total <= UInt64(Int64.max) {
                return .duration(nanoseconds: total)
            }
        } else {
            report(
                .unexpected, "'\(unit)' is not a unit",
                hint: "units are B, KiB, MiB and ns, us, ms, s, m, h")
            return nil
        }
        report(.unexpected, "'\(text)' is too large")
        return nil
    }

    /// The text of a string token, as in JSON.
    mutating func stringValue() -> String? {
        let span = current.span
        var bytes = file.bytes[span.start..<span.end].dropFirst()
        if bytes.last == UInt8(ascii: "\"") { bytes.removeLast() }
        var result: [UInt8] = []
        while let byte = bytes.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            guard let unescaped = Self.unescape(&bytes) else {
                report(.unexpected, "the string has an escape that JSON does not know")
                return nil
            }
            result.append(contentsOf: unescaped)
        }
        advance()
        return String(decoding: result, as: UTF8.self)
    }

    private static func unescape(_ bytes: inout ArraySlice<UInt8>) -> [UInt8]? {
        switch bytes.popFirst() {
        case UInt8(ascii: "\""): return [UInt8(ascii: "\"")]
        case UInt8(ascii: "\\"): return [UInt8(ascii: "\\")]
        case UInt8(ascii: "/"): return [UInt8(ascii: "/")]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return unicodeEscape(&bytes)
        default: return nil
        }
    }

    private static func unicodeEscape(_ bytes: inout ArraySlice<UInt8>) -> [UInt8]? {
        guard var code = fourHexDigits(&bytes) else { return nil }
        if (0xD800...0xDBFF).contains(code) {
            guard bytes.starts(with: "\\u".utf8) else { return nil }
            bytes = bytes.dropFirst(2)
            guard let low = fourHexDigits(&bytes), (0xDC00...0xDFFF).contains(low) else {
                return nil
            }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        return Unicode.Scalar(code).map { Array(String(Character($0)).utf8) }
    }

    private static func fourHexDigits(_ bytes: inout ArraySlice<UInt8>) -> UInt32? {
        guard bytes.count >= 4 else { return nil }
        let digits = String(decoding: bytes.prefix(4), as: UTF8.self)
        bytes = bytes.dropFirst(4)
        guard digits.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else {
            return nil
        }
        return UInt32(digits, radix: 16)
    }
}

/// The units of durations and sizes.
enum Units {
    static let sizes: [String: UInt64] = ["B": 1, "KiB": 1 << 10, "MiB": 1 << 20]
    static let durations: [String: UInt64] = [
        "ns": 1, "us": 1000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000,
        "h": 3_600_000_000_000,
    ]

    /// A quantity in the largest unit that divides it exactly, as in canonical text.
    static func text(_ amount: UInt64, _ units: [String: UInt64]) -> String {
        let fitting = units.filter { amount % $0.value == 0 && amount > 0 }
        let unit = fitting.max { $0.value < $1.value } ?? units.min { $0.value < $1.value }
        guard let unit else { return String(amount) }
        return "\(amount / unit.value)\(unit.key)"
    }
}
