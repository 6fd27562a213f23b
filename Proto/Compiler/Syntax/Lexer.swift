/// Splits a schema file into tokens. Never fails: what it cannot read becomes a diagnostic and is
/// skipped.
struct Lexer {
    static let maximumFileBytes = 1 << 20

    private let file: SourceFile
    private let fileIndex: Int
    private let end: Int
    private var offset = 0
    private var tokens: [Token] = []
    private var diagnostics: Diagnostics

    static func tokens(
        of file: SourceFile, index: Int, diagnostics: inout Diagnostics
    ) -> [Token] {
        var lexer = Lexer(file: file, fileIndex: index, diagnostics: diagnostics)
        lexer.run()
        diagnostics = lexer.diagnostics
        return lexer.tokens
    }

    private init(file: SourceFile, fileIndex: Int, diagnostics: Diagnostics) {
        self.file = file
        self.fileIndex = fileIndex
        self.diagnostics = diagnostics
        end = file.bytes.count
    }

    private mutating func run() {
        if end > Self.maximumFileBytes {
            report(.overLimit, 0, 0, "the file has \(end) bytes, more than 1 MiB")
        } else if let bad = firstInvalidUTF8() {
            report(.badCharacter, bad, bad + 1, "the file is not UTF-8")
        } else {
            if file.bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
                report(.badCharacter, 0, 3, "byte order mark", hint: "save the file without it")
                offset = 3
            }
            while offset < end { next() }
        }
        tokens.append(Token(kind: .endOfFile, span: Span(start: end, end: end)))
    }

    private mutating func next() {
        let start = offset
        let byte = file.bytes[offset]
        switch byte {
        case UInt8(ascii: " "):
            offset += 1
        case UInt8(ascii: "\n"), UInt8(ascii: ";"):
            offset += 1
            emit(.newline, from: start)
        case UInt8(ascii: "/"):
            comment()
        case UInt8(ascii: "\""):
            string()
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
            skipWord()
            emit(.identifier, from: start)
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            number()
        case UInt8(ascii: "-") where isDigit(at: offset + 1):
            number()
        default:
            mark()
        }
    }

    // MARK: Tokens

    private mutating func comment() {
        let start = offset
        if peek(1) == UInt8(ascii: "*") {
            offset += 2
            while offset < end {
                if file.bytes[offset] == UInt8(ascii: "*"), peek(1) == UInt8(ascii: "/") {
                    offset += 2
                    emit(.comment, from: start)
                    return
                }
                offset += 1
            }
            report(.badCharacter, start, start + 2, "this comment has no end", hint: "add '*/'")
        } else if peek(1) == UInt8(ascii: "/") {
            let isDoc = peek(2) == UInt8(ascii: "/") && peek(3) != UInt8(ascii: "/")
            while offset < end, file.bytes[offset] != UInt8(ascii: "\n") {
                let byte = file.bytes[offset]
                if byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r") { badCharacter() }
                offset += 1
            }
            emit(isDoc ? .doc : .comment, from: start)
        } else {
            badCharacter()
            offset += 1
        }
    }

    private mutating func string() {
        let start = offset
        offset += 1
        while offset < end {
            switch file.bytes[offset] {
            case UInt8(ascii: "\""):
                offset += 1
                emit(.string, from: start)
                return
            case UInt8(ascii: "\n"):
                report(.badCharacter, start, offset, "this string has no end", hint: "add '\"'")
                emit(.string, from: start)
                return
            case UInt8(ascii: "\\") where offset + 1 < end && peek(1) != UInt8(ascii: "\n"):
                offset += 2
            case 0..<0x20:
                badCharacter()
                offset += 1
            default:
                offset += 1
            }
        }
        report(.badCharacter, start, offset, "this string has no end", hint: "add '\"'")
    }

    private mutating func number() {
        let start = offset
        if file.bytes[offset] == UInt8(ascii: "-") { offset += 1 }
        if file.bytes[offset] == UInt8(ascii: "0"), peek(1) == UInt8(ascii: "x") {
            offset += 2
            skipWord()
            emit(.number, from: start)
            return
        }
        skipDigits()
        if peek(0) == UInt8(ascii: "."), isDigit(at: offset + 1) {
            offset += 1
            skipDigits()
        }
        let unit = offset
        skipWord()
        emit(unit == offset ? .number : .quantity, from: start)
    }

    private mutating func mark() {
        let start = offset
        for text in ["...", "->"] where file.bytes[offset...].starts(with: text.utf8) {
            offset += text.utf8.count
            if let mark = Token.Punctuation(rawValue: text) {
                emit(.punctuation(mark), from: start)
            }
            return
        }
        let character = String(decoding: [file.bytes[offset]], as: UTF8.self)
        if let mark = Token.Punctuation(rawValue: character) {
            offset += 1
            emit(.punctuation(mark), from: start)
        } else {
            badCharacter()
            offset += 1
            while offset < end, file.bytes[offset] & 0xC0 == 0x80 { offset += 1 }
        }
    }

    // MARK: Bytes

    private func peek(_ distance: Int) -> UInt8? {
        offset + distance < end ? file.bytes[offset + distance] : nil
    }

    private func isDigit(at index: Int) -> Bool {
        index < end && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(file.bytes[index])
    }

    private mutating func skipDigits() {
        while isDigit(at: offset) || peek(0) == UInt8(ascii: "_") { offset += 1 }
    }

    private mutating func skipWord() {
        while let byte = peek(0), Spelling.isWordByte(byte) { offset += 1 }
    }

    private func firstInvalidUTF8() -> Int? {
        var decoder = Unicode.UTF8.ForwardParser()
        var bytes = file.bytes.makeIterator()
        var valid = 0
        while true {
            switch decoder.parseScalar(from: &bytes) {
            case .valid(let scalar): valid += scalar.count
            case .emptyInput: return nil
            case .error: return valid
            }
        }
    }

    private mutating func emit(_ kind: Token.Kind, from start: Int) {
        tokens.append(Token(kind: kind, span: Span(start: start, end: offset)))
    }

    private mutating func badCharacter() {
        let byte = file.bytes[offset]
        let (name, hint): (String, String?) =
            switch byte {
            case UInt8(ascii: "\t"): ("tab", "indent with spaces")
            case UInt8(ascii: "\r"): ("carriage return", "end lines with a line feed alone")
            case 0x21..<0x7F: ("'\(String(decoding: [byte], as: UTF8.self))'", nil)
            case 0x80...: ("character outside ASCII", "allowed in comments and strings only")
            default: ("control character", nil)
            }
        report(.badCharacter, offset, offset + 1, "\(name) is not allowed here", hint: hint)
    }

    private mutating func report(
        _ code: DiagnosticCode, _ start: Int, _ stop: Int, _ message: String, hint: String? = nil
    ) {
        let location = Location(file: fileIndex, span: Span(start: start, end: stop))
        diagnostics.error(code, at: location, message, hint: hint)
    }
}
