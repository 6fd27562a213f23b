/// Cuts a source text into tokens. The first thing that is no token ends it with a diagnostic.
struct Lexer {
    private let bytes: [UInt8]
    private var at = 0
    private var line = 1
    private var column = 1

    init(_ source: String) { bytes = Array(source.utf8) }

    static func tokens(of source: String, limits: ExpressionLimits) throws(Diagnostic) -> [Token] {
        guard source.utf8.count <= limits.maximumSourceBytes else {
            throw Diagnostic(
                span: SourceSpan(line: 1, column: 1),
                message: "the expression has \(source.utf8.count) bytes; at most "
                    + "\(limits.maximumSourceBytes) are allowed")
        }
        var lexer = Lexer(source)
        var tokens: [Token] = []
        while true {
            let token = try lexer.next()
            tokens.append(token)
            if token.kind == .end { return tokens }
        }
    }

    // MARK: Characters

    private func peek(_ offset: Int = 0) -> UInt8? {
        at + offset < bytes.count ? bytes[at + offset] : nil
    }

    private mutating func advance(_ count: Int = 1) {
        for _ in 0..<count where at < bytes.count {
            let byte = bytes[at]
            at += 1
            if byte == 0x0A {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
    }

    private func span(from start: SourceSpan) -> SourceSpan {
        var span = start
        span.length = line == start.line ? max(1, column - start.column) : 1
        return span
    }

    private var here: SourceSpan { SourceSpan(line: line, column: column) }

    private mutating func skipSpace() {
        while let byte = peek() {
            if byte == 0x20 || (0x09...0x0D).contains(byte) {
                advance()
            } else if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "/") {
                while let byte = peek(), byte != 0x0A {
                    _ = byte
                    advance()
                }
            } else {
                return
            }
        }
    }

    // MARK: Tokens

    private mutating func next() throws(Diagnostic) -> Token {
        skipSpace()
        let start = here
        guard let byte = peek() else { return Token(kind: .end, span: start) }
        let kind: Token.Kind
        if byte.isDigit || (byte == UInt8(ascii: ".") && peek(1)?.isDigit == true) {
            kind = try number(start)
        } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
            kind = .string(try text(start, raw: false))
        } else if let raw = rawPrefix() {
            advance()
            guard raw else {
                throw Diagnostic(span: start, message: "byte strings are not part of the language")
            }
            kind = .string(try text(start, raw: true))
        } else if byte.isNameStart {
            kind = .name(name())
        } else if byte == UInt8(ascii: "`") {
            kind = .quotedName(try quotedName(start))
        } else {
            kind = .symbol(try symbol(start))
        }
        return Token(kind: kind, span: span(from: start))
    }

    /// Whether a quote follows an `r` (raw text, true) or a `b` (bytes, false).
    private func rawPrefix() -> Bool? {
        guard let byte = peek(), let quote = peek(1),
            quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"")
        else { return nil }
        if byte | 0x20 == UInt8(ascii: "r") { return true }
        return byte | 0x20 == UInt8(ascii: "b") ? false : nil
    }

    private mutating func name() -> String {
        let start = at
        while let byte = peek(), byte.isNameStart || byte.isDigit { advance() }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private mutating func quotedName(_ start: SourceSpan) throws(Diagnostic) -> String {
        advance()
        let first = at
        while let byte = peek(), byte != UInt8(ascii: "`") {
            guard byte.isNameStart || byte.isDigit || "./- ".utf8.contains(byte) else {
                throw Diagnostic(
                    span: here,
                    message: "a name between back quotes has letters, digits, '_', '.', '-', '/' "
                        + "and spaces")
            }
            advance()
        }
        guard peek() != nil, at > first else {
            throw Diagnostic(
                span: start,
                message: at == first ? "the name is empty" : "the name has no closing back quote")
        }
        defer { advance() }
        return String(decoding: bytes[first..<at], as: UTF8.self)
    }

    private mutating func symbol(_ start: SourceSpan) throws(Diagnostic) -> Symbol {
        for symbol in Symbol.allCases where bytes[at...].starts(with: symbol.rawValue.utf8) {
            advance(symbol.rawValue.utf8.count)
            return symbol
        }
        let rest = String(decoding: bytes[at..<min(at + 4, bytes.count)], as: UTF8.self)
        let found = rest.unicodeScalars.first.map { $0.escaped(asASCII: false) } ?? ""
        let hint =
            switch found {
            case "=": "; equality is '=='"
            case "&": "; 'and' is '&&'"
            case "|": "; 'or' is '||'"
            default: ""
            }
        throw Diagnostic(span: start, message: "unexpected character '\(found)'\(hint)")
    }

    // MARK: Numbers

    private mutating func number(_ start: SourceSpan) throws(Diagnostic) -> Token.Kind {
        let kind: Token.Kind
        if peek() == UInt8(ascii: "0"), let x = peek(1), x | 0x20 == UInt8(ascii: "x") {
            kind = try hexadecimal(start)
        } else {
            kind = try decimal(start)
        }
        if let byte = peek(), byte.isNameStart {
            let hint =
                byte | 0x20 == UInt8(ascii: "u")
                ? "; unsigned numbers are not part of the language" : ""
            throw Diagnostic(span: here, message: "a number ends here, found a letter\(hint)")
        }
        return kind
    }

    private mutating func hexadecimal(_ start: SourceSpan) throws(Diagnostic) -> Token.Kind {
        advance(2)
        let first = at
        while let byte = peek(), byte.hexadecimalValue != nil { advance() }
        let digits = String(decoding: bytes[first..<at], as: UTF8.self)
        guard let value = UInt64(digits, radix: 16) else {
            throw Diagnostic(
                span: span(from: start),
                message: digits.isEmpty
                    ? "expected hexadecimal digits after '0x'" : "the number is over 64 bits")
        }
        return .int(value)
    }

    private mutating func decimal(_ start: SourceSpan) throws(Diagnostic) -> Token.Kind {
        let first = at
        var isDouble = false
        while peek()?.isDigit == true { advance() }
        if peek() == UInt8(ascii: "."), peek(1)?.isDigit == true {
            isDouble = true
            advance()
            while peek()?.isDigit == true { advance() }
        }
        if let e = peek(), e | 0x20 == UInt8(ascii: "e") {
            let sign = peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-") ? 2 : 1
            if peek(sign)?.isDigit == true {
                isDouble = true
                advance(sign)
                while peek()?.isDigit == true { advance() }
            }
        }
        let digits = String(decoding: bytes[first..<at], as: UTF8.self)
        if isDouble {
            guard let value = Double(digits), value.isFinite else {
                throw Diagnostic(span: span(from: start), message: "the number is too large")
            }
            return .double(value)
        }
        guard let value = UInt64(digits) else {
            throw Diagnostic(span: span(from: start), message: "the number is over 64 bits")
        }
        return .int(value)
    }

    // MARK: Texts

    private mutating func text(_ start: SourceSpan, raw: Bool) throws(Diagnostic) -> String {
        let quote = bytes[at]
        let isTriple = peek(1) == quote && peek(2) == quote
        advance(isTriple ? 3 : 1)
        var out: [UInt8] = []
        while let byte = peek() {
            if byte == quote, !isTriple || (peek(1) == quote && peek(2) == quote) {
                advance(isTriple ? 3 : 1)
                return String(decoding: out, as: UTF8.self)
            }
            if byte == 0x0A, !isTriple { break }
            if byte == UInt8(ascii: "\\"), !raw {
                out += Array(String(try escape()).utf8)
            } else {
                out.append(byte)
                advance()
            }
        }
        throw Diagnostic(span: start, message: "the text has no closing quote")
    }

    private mutating func escape() throws(Diagnostic) -> Unicode.Scalar {
        let start = here
        advance()
        guard let byte = peek() else {
            throw Diagnostic(span: start, message: "the text ends in '\\'")
        }
        if let plain = Self.escapes[byte] {
            advance()
            return plain
        }
        let (digits, radix): (Int, Int) =
            switch byte {
            case UInt8(ascii: "x"), UInt8(ascii: "X"): (2, 16)
            case UInt8(ascii: "u"): (4, 16)
            case UInt8(ascii: "U"): (8, 16)
            case UInt8(ascii: "0")...UInt8(ascii: "3"): (3, 8)
            default: (0, 0)
            }
        if radix == 16 { advance() }
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let digit = peek()?.hexadecimalValue, digit < radix else {
                throw Diagnostic(span: start, message: "expected \(digits) digits in this escape")
            }
            value = value &* UInt32(radix) &+ UInt32(digit)
            advance()
        }
        guard digits > 0, let scalar = Unicode.Scalar(value) else {
            throw Diagnostic(
                span: start,
                message: digits == 0 ? "unknown escape in a text" : "this escape is no character")
        }
        return scalar
    }

    private static let escapes: [UInt8: Unicode.Scalar] = [
        UInt8(ascii: "n"): "\n", UInt8(ascii: "t"): "\t", UInt8(ascii: "r"): "\r",
        UInt8(ascii: "a"): "\u{7}", UInt8(ascii: "b"): "\u{8}", UInt8(ascii: "f"): "\u{C}",
        UInt8(ascii: "v"): "\u{B}", UInt8(ascii: "\\"): "\\", UInt8(ascii: "'"): "'",
        UInt8(ascii: "\""): "\"", UInt8(ascii: "`"): "`", UInt8(ascii: "?"): "?",
    ]
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    fileprivate var isNameStart: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) || self == UInt8(ascii: "_")
    }

    fileprivate var hexadecimalValue: Int? {
        if isDigit { return Int(self - UInt8(ascii: "0")) }
        let lower = self | 0x20
        guard (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(lower) else { return nil }
        return Int(lower - UInt8(ascii: "a")) + 10
    }
}
