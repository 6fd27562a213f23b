/// Recognizes the proto3 grammar, as far as files have to do with messages, enums and services: that an
/// emitted file can be parsed, without `protoc`.
struct ProtoSyntax {
    private let tokens: [String]
    private var position = 0

    init(_ text: String) {
        tokens = Self.tokens(of: text)
    }

    /// Where it got stuck.
    var place: String {
        "token \(position): \(tokens.dropFirst(position).prefix(8).joined(separator: " "))"
    }

    /// True if all of the text is one file.
    mutating func isFile() -> Bool {
        guard statement(["syntax", "=", "\"proto3\""]) else { return false }
        while position < tokens.count {
            guard topLevel() else { return false }
        }
        return true
    }

    private static func tokens(of text: String) -> [String] {
        var tokens: [String] = []
        var rest = Substring(text)
        while let first = rest.first {
            if first == "\"" {
                let end = endOfString(rest)
                tokens.append(String(rest[..<end]))
                rest = rest[end...]
            } else if rest.hasPrefix("//") {
                rest = rest.drop { $0 != "\n" }
            } else if isWord(first) {
                let word = rest.prefix(while: isWord)
                tokens.append(String(word))
                rest = rest.dropFirst(word.count)
            } else {
                if !first.isWhitespace { tokens.append(String(first)) }
                rest = rest.dropFirst()
            }
        }
        return tokens
    }

    private static func isWord(_ character: Character) -> Bool {
        character == "_" || character == "." || character == "-"
            || character.isASCII && (character.isLetter || character.isNumber)
    }

    private static func endOfString(_ text: Substring) -> Substring.Index {
        var index = text.index(after: text.startIndex)
        while index < text.endIndex, text[index] != "\"" {
            if text[index] == "\\" { index = text.index(after: index) }
            if index < text.endIndex { index = text.index(after: index) }
        }
        return index < text.endIndex ? text.index(after: index) : index
    }

    // MARK: Tokens

    private var peek: String { position < tokens.count ? tokens[position] : "" }

    private mutating func skip(_ token: String) -> Bool {
        guard peek == token else { return false }
        position += 1
        return true
    }

    private mutating func statement(_ words: [String]) -> Bool {
        words.allSatisfy { skip($0) } && skip(";")
    }

    private mutating func name() -> Bool {
        let isName = peek.first.map { $0.isLetter || $0 == "_" || $0 == "." } ?? false
        if isName { position += 1 }
        return isName
    }

    private mutating func number() -> Bool {
        let isNumber = Int(peek) != nil || peek == "max"
        if isNumber { position += 1 }
        return isNumber
    }

    private mutating func string() -> Bool {
        let isString = peek.count >= 2 && peek.hasPrefix("\"") && peek.hasSuffix("\"")
        if isString { position += 1 }
        return isString
    }

    // MARK: Grammar

    private mutating func topLevel() -> Bool {
        if skip("package") { return name() && skip(";") }
        if skip("import") { return string() && skip(";") }
        if skip("option") { return option() && skip(";") }
        if skip("message") { return message() }
        if skip("enum") { return enumeration() }
        return skip("service") && service()
    }

    private mutating func block(_ member: (inout ProtoSyntax) -> Bool) -> Bool {
        guard name(), skip("{") else { return false }
        while !skip("}") {
            guard member(&self) else { return false }
        }
        return true
    }

    private mutating func message() -> Bool {
        block { syntax in
            // A field's type may be called like a keyword only if it is qualified, so this is exact.
            if syntax.skip("message") { return syntax.message() }
            if syntax.skip("enum") { return syntax.enumeration() }
            if syntax.skip("oneof") { return syntax.block { $0.field() } }
            if syntax.skip("reserved") { return syntax.reserved() }
            if syntax.skip("option") { return syntax.option() && syntax.skip(";") }
            return syntax.field()
        }
    }

    private mutating func field() -> Bool {
        if skip("map") {
            guard skip("<"), name(), skip(","), name(), skip(">") else { return false }
        } else {
            if !skip("optional") { _ = skip("repeated") }
            guard name() else { return false }
        }
        return name() && skip("=") && number() && options() && skip(";")
    }

    private mutating func enumeration() -> Bool {
        block { syntax in
            if syntax.skip("reserved") { return syntax.reserved() }
            if syntax.skip("option") { return syntax.option() && syntax.skip(";") }
            return syntax.name() && syntax.skip("=") && syntax.number() && syntax.options()
                && syntax.skip(";")
        }
    }

    private mutating func reserved() -> Bool {
        repeat {
            if string() { continue }
            guard number() else { return false }
            if skip("to"), !number() { return false }
        } while skip(",")
        return skip(";")
    }

    private mutating func service() -> Bool {
        block { syntax in
            guard syntax.skip("rpc"), syntax.name(), syntax.rpcType(), syntax.skip("returns"),
                syntax.rpcType()
            else { return false }
            if syntax.skip(";") { return true }
            guard syntax.skip("{") else { return false }
            while !syntax.skip("}") {
                guard syntax.skip("option"), syntax.option(), syntax.skip(";") else { return false }
            }
            return true
        }
    }

    private mutating func rpcType() -> Bool {
        guard skip("(") else { return false }
        _ = skip("stream")
        return name() && skip(")")
    }

    private mutating func options() -> Bool {
        guard skip("[") else { return true }
        repeat {
            guard option() else { return false }
        } while skip(",")
        return skip("]")
    }

    private mutating func option() -> Bool {
        name() && skip("=") && (string() || number() || name())
    }
}
