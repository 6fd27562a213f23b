/// Looking at, taking and expecting tokens, and recovering when they are not there.
extension Parser {
    var current: Token { tokens[position] }

    func peek(_ distance: Int) -> Token { tokens[min(position + distance, tokens.count - 1)] }

    func at(_ kind: Token.Kind) -> Bool { current.kind == kind }

    func atWord(_ word: String) -> Bool { at(.identifier) && file.text(current.span) == word }

    mutating func advance() {
        if position < tokens.count - 1 { position += 1 }
    }

    mutating func skipNewlines() {
        while at(.newline) { advance() }
    }

    mutating func expect(_ mark: Token.Punctuation) -> Bool {
        guard at(.punctuation(mark)) else {
            unexpected("'\(mark.rawValue)'")
            return false
        }
        advance()
        return true
    }

    /// A member or declaration ends at a line end, or before `}` and the end of the file.
    mutating func endOfLine() {
        if at(.doc) {
            diagnostics.warning(
                .strayDoc, at: location(current.span), "doc comment attached to nothing",
                hint: "put it above the line, or write '//'")
            advance()
        }
        if at(.newline) { return advance() }
        if at(.punctuation(.rightBrace)) || at(.endOfFile) { return }
        unexpected("the end of the line")
        recover()
    }

    mutating func identifier(_ what: String) -> NameSyntax? {
        guard at(.identifier) else {
            unexpected(what)
            return nil
        }
        let span = current.span
        guard isShort(span) else { return nil }
        advance()
        return NameSyntax(text: file.text(span), span: span)
    }

    private mutating func isShort(_ span: Span) -> Bool {
        if span.end - span.start <= Self.maximumNameBytes { return true }
        diagnostics.error(
            .overLimit, at: location(span), "a name has at most \(Self.maximumNameBytes) bytes")
        return false
    }

    mutating func qualifiedName(_ what: String) -> NameSyntax? {
        guard let first = identifier(what) else { return nil }
        var text = first.text
        var span = first.span
        while at(.punctuation(.dot)) {
            advance()
            guard let next = identifier("a name behind '.'") else { return nil }
            text += "." + next.text
            span = span.joined(next.span)
            guard isShort(span) else { return nil }
        }
        return NameSyntax(text: text, span: span)
    }

    func location(_ span: Span) -> Location { Location(file: fileIndex, span: span) }

    mutating func report(_ code: DiagnosticCode, _ message: String, hint: String? = nil) {
        diagnostics.error(code, at: location(current.span), message, hint: hint)
    }

    /// Reports what stands here instead of what was expected; silent on a line that already has an
    /// error, which is most likely the cause.
    mutating func unexpected(_ expected: String, hint: String? = nil) {
        if diagnostics.isFull(for: fileIndex) { return }
        let line = file.line(of: current.span.start)
        let isKnown = diagnostics.all.contains { known in
            known.severity == .error && known.location.file == fileIndex
                && file.line(of: known.location.span.start) == line
        }
        if isKnown { return }
        report(.unexpected, "expected \(expected), found \(describe(current))", hint: hint)
    }

    func describe(_ token: Token) -> String {
        switch token.kind {
        case .newline: file.text(token.span) == ";" ? "';'" : "the end of the line"
        case .endOfFile: "the end of the file"
        case .doc: "a doc comment"
        case .string: "the string \(file.text(token.span))"
        default: "'\(file.text(token.span))'"
        }
    }

    /// Behind an item of a list in brackets: takes the comma if there is one. A line end is skipped
    /// only if the list goes on or ends behind it.
    mutating func another(before close: Token.Punctuation) -> Bool {
        let start = position
        skipNewlines()
        if at(.punctuation(.comma)) {
            advance()
            skipNewlines()
            return true
        }
        if !at(.punctuation(close)) { position = start }
        return false
    }

    /// Skips what is left of the line, but not its end.
    mutating func skipLine() {
        while !at(.newline) && !at(.endOfFile) && !at(.punctuation(.rightBrace)) { advance() }
    }

    /// Skips to the next line, or to the `}` that ends the block.
    mutating func recover() {
        skipLine()
        skipNewlines()
    }

    /// Skips a broken declaration: to its line end, and over its block if it opened one.
    mutating func recoverDeclaration() {
        var depth = 0
        while !at(.endOfFile) {
            if at(.punctuation(.leftBrace)) { depth += 1 }
            if at(.punctuation(.rightBrace)) { depth -= 1 }
            let isEnd = at(.newline) || at(.punctuation(.rightBrace))
            advance()
            if depth <= 0 && isEnd { return }
        }
    }
}
