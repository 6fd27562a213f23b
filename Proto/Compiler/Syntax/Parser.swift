/// Recursive descent over wire.md §3. Never fails: it reports, skips to the next line or `}`, and
/// goes on, so that one file's mistakes are all shown at once.
struct Parser {
    static let maximumValueNesting = 8
    /// Of a name with all its dots.
    static let maximumNameBytes = 1024

    let file: SourceFile
    let fileIndex: Int
    var tokens: [Token]
    var position = 0
    var diagnostics: Diagnostics
    var valueNesting = 0

    /// Parses a file; an `archive` (canonical text) may hold several `package` sections.
    static func parse(
        _ file: SourceFile, index: Int, archive: Bool = false, diagnostics: inout Diagnostics
    ) -> [FileSyntax] {
        let tokens = Lexer.tokens(of: file, index: index, diagnostics: &diagnostics)
        var parser = Parser(
            file: file, fileIndex: index, tokens: tokens.filter { $0.kind != .comment },
            diagnostics: diagnostics)
        let sections = parser.sections(archive: archive)
        diagnostics = parser.diagnostics
        return sections
    }

    // MARK: File

    private mutating func sections(archive: Bool) -> [FileSyntax] {
        var sections = [FileSyntax(file: fileIndex)]
        skipNewlines()
        while !at(.endOfFile) {
            let head = head()
            if atWord("package") && sections[0].package == nil {
                sections[0].package = package(head: head)
            } else if atWord("package") && archive {
                sections.append(FileSyntax(file: fileIndex))
                sections[sections.count - 1].package = package(head: head)
            } else if atWord("package") {
                report(.packageClause, "a file has one 'package'", hint: "remove this line")
                recover()
            } else if atWord("import") {
                strayHead(head)
                parseImport(into: &sections[sections.count - 1])
            } else {
                parseDeclaration(head: head, into: &sections[sections.count - 1])
            }
            skipNewlines()
        }
        if sections[0].package == nil && !diagnostics.hasErrors(in: fileIndex) {
            let span = Span(start: 0, end: 0)
            diagnostics.error(
                .packageClause, at: location(span), "the file does not say its package",
                hint: "begin with 'package \(expectedPackage)'")
        }
        return sections
    }

    /// The package that the file's directory stands for.
    private var expectedPackage: String {
        let parts = file.path.split(separator: "/").dropLast()
        return parts.isEmpty ? "name.v1" : parts.joined(separator: ".")
    }

    private mutating func package(head: HeadSyntax) -> PackageSyntax? {
        advance()
        guard let name = qualifiedName("a package name") else {
            recover()
            return nil
        }
        endOfLine()
        return PackageSyntax(head: head, name: name)
    }

    private mutating func parseImport(into section: inout FileSyntax) {
        advance()
        guard let name = qualifiedName("a package name") else { return recover() }
        var alias: NameSyntax?
        if atWord("as") {
            advance()
            alias = identifier("a name for the package")
            if alias == nil { return recover() }
        }
        if section.package == nil || !section.declarations.isEmpty {
            let rule = section.package == nil ? "after 'package'" : "before the declarations"
            diagnostics.error(.unexpected, at: location(name.span), "imports stand \(rule)")
        }
        section.imports.append(ImportSyntax(name: name, alias: alias))
        endOfLine()
    }

    private mutating func parseDeclaration(head: HeadSyntax, into section: inout FileSyntax) {
        if at(.endOfFile) {
            strayHead(head)
        } else if let declaration = declaration(head: head) {
            section.declarations.append(declaration)
        } else {
            recoverDeclaration()
        }
    }

    // MARK: Heads and annotations

    /// Doc comments and annotations in front of something; each may stand on its own line.
    mutating func head() -> HeadSyntax {
        var head = HeadSyntax()
        while true {
            if at(.doc) {
                let span = current.span
                if head.annotations.isEmpty {
                    head.doc.append(docText(span))
                    head.docSpan = head.docSpan?.joined(span) ?? span
                } else {
                    strayDoc(span, hint: "put it above the annotations")
                }
                advance()
                if at(.newline) { advance() }
            } else if at(.punctuation(.at)) {
                if let annotation = annotation() { head.annotations.append(annotation) }
                skipNewlines()
            } else if at(.newline) && !head.doc.isEmpty && head.annotations.isEmpty {
                strayDoc(head.docSpan ?? current.span, hint: "remove the empty line below it")
                head.doc = []
                head.docSpan = nil
                skipNewlines()
            } else {
                return head
            }
        }
    }

    /// Annotations behind a member, on its line.
    mutating func trailingAnnotations() -> [AnnotationSyntax] {
        var annotations: [AnnotationSyntax] = []
        while at(.punctuation(.at)) {
            guard let annotation = annotation() else {
                skipLine()
                break
            }
            annotations.append(annotation)
        }
        return annotations
    }

    mutating func strayHead(_ head: HeadSyntax) {
        if let span = head.docSpan { strayDoc(span, hint: nil) }
        if let first = head.annotations.first {
            diagnostics.error(
                .annotationPlace, at: location(first.span), "this annotation belongs to nothing")
        }
    }

    private mutating func strayDoc(_ span: Span, hint: String?) {
        diagnostics.warning(
            .strayDoc, at: location(span), "doc comment attached to nothing", hint: hint)
    }

    private func docText(_ span: Span) -> String {
        var text = file.text(span).dropFirst(3)
        if text.first == " " { text = text.dropFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    private mutating func annotation() -> AnnotationSyntax? {
        let start = current.span
        advance()
        guard let name = identifier("the name of an annotation") else { return nil }
        var arguments: [ArgumentSyntax] = []
        var span = start.joined(name.span)
        if at(.punctuation(.leftParenthesis)) {
            advance()
            skipNewlines()
            while !at(.punctuation(.rightParenthesis)) {
                guard let argument = argument() else { return nil }
                arguments.append(argument)
                guard another(before: .rightParenthesis) else { break }
            }
            span = span.joined(current.span)
            guard expect(.rightParenthesis) else { return nil }
        }
        return AnnotationSyntax(name: name, arguments: arguments, file: fileIndex, span: span)
    }

    private mutating func argument() -> ArgumentSyntax? {
        if at(.identifier), peek(1).kind == .punctuation(.colon) {
            let label = identifier("a label")
            advance()
            skipNewlines()
            return value().map { ArgumentSyntax(label: label, value: $0) }
        }
        return value().map { ArgumentSyntax(label: nil, value: $0) }
    }
}
