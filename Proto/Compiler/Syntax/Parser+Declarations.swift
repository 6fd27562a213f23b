/// Messages, unions, enums, scalars, services and their members.
extension Parser {
    static let keywords = ["message", "enum", "union", "scalar", "service"]

    mutating func declaration(head: HeadSyntax) -> DeclarationSyntax? {
        let word = current
        guard at(.identifier), Self.keywords.contains(file.text(word.span)) else {
            let found = at(.identifier) ? file.text(word.span) : ""
            unexpected(
                "a declaration (message, enum, union, scalar or service)",
                hint: Suggestion.hint(for: found, among: Self.keywords + ["package", "import"]))
            return nil
        }
        advance()
        guard let name = qualifiedName("the name of the declaration") else { return nil }
        var head = head
        let body: DeclarationSyntax.Body
        switch file.text(word.span) {
        case "message":
            guard let members = block({ $0.messageMember() }) else { return nil }
            body = .message(members)
        case "union":
            guard let members = block({ $0.unionMember() }) else { return nil }
            body = .union(members)
        case "enum":
            guard let members = block({ $0.enumMember() }) else { return nil }
            body = .enumeration(members)
        case "service":
            guard let methods = block({ $0.rpc() }) else { return nil }
            body = .service(methods)
        default:
            guard expect(.equals), let type = qualifiedName("a built-in type") else { return nil }
            head.annotations += trailingAnnotations()
            body = .scalar(type)
        }
        endOfLine()
        return DeclarationSyntax(head: head, name: name, body: body)
    }

    /// `{ member… }`; a member that does not parse is skipped to its line end.
    private mutating func block<Member>(
        _ member: (inout Parser) -> Member?
    ) -> [Member]? {
        guard expect(.leftBrace) else { return nil }
        var members: [Member] = []
        skipNewlines()
        while !at(.punctuation(.rightBrace)) {
            if at(.endOfFile) {
                unexpected("'}'")
                return members
            }
            let before = position
            if let parsed = member(&self) { members.append(parsed) } else { recover() }
            skipNewlines()
            if position == before { advance() }
        }
        advance()
        return members
    }

    // MARK: Members

    private mutating func messageMember() -> MemberSyntax? {
        let head = head()
        if endsBlock(after: head) { return nil }
        if atWord("reserved"), !isFieldName {
            strayHead(head)
            return reserved().map(MemberSyntax.reserved)
        }
        if atWord("oneof"), !isFieldName { return oneof(head: head).map(MemberSyntax.oneof) }
        return field(head: head).map(MemberSyntax.field)
    }

    private mutating func unionMember() -> MemberSyntax? {
        let head = head()
        if endsBlock(after: head) { return nil }
        if atWord("reserved"), !isFieldName {
            strayHead(head)
            return reserved().map(MemberSyntax.reserved)
        }
        return field(head: head).map(MemberSyntax.field)
    }

    /// A contextual keyword followed by `:` is the name of a field.
    private var isFieldName: Bool { peek(1).kind == .punctuation(.colon) }

    private mutating func endsBlock(after head: HeadSyntax) -> Bool {
        guard at(.punctuation(.rightBrace)) || at(.endOfFile) else { return false }
        strayHead(head)
        return true
    }

    private mutating func oneof(head: HeadSyntax) -> OneofSyntax? {
        advance()
        guard let name = identifier("the name of the oneof"),
            let fields = block({ parser -> FieldSyntax? in
                let head = parser.head()
                return parser.endsBlock(after: head) ? nil : parser.field(head: head)
            })
        else { return nil }
        endOfLine()
        return OneofSyntax(head: head, name: name, fields: fields)
    }

    private mutating func field(head: HeadSyntax) -> FieldSyntax? {
        guard let name = identifier("a field"), expect(.colon), let type = type(),
            expect(.equals), let number = integer("the number of the field")
        else { return nil }
        var head = head
        head.annotations += trailingAnnotations()
        endOfLine()
        return FieldSyntax(head: head, name: name, type: type, number: number)
    }

    private mutating func enumMember() -> EnumMemberSyntax? {
        var head = head()
        if endsBlock(after: head) { return nil }
        if atWord("reserved"), peek(1).kind != .punctuation(.equals) {
            strayHead(head)
            return reserved().map(EnumMemberSyntax.reserved)
        }
        guard let name = identifier("the name of a value"), expect(.equals),
            let number = integer("the number of the value")
        else { return nil }
        head.annotations += trailingAnnotations()
        endOfLine()
        return .value(EnumValueSyntax(head: head, name: name, number: number))
    }

    private mutating func reserved() -> ReservedSyntax? {
        advance()
        var items: [ReservedSyntax.Item] = []
        while true {
            if at(.string) {
                let span = current.span
                guard let name = stringValue() else { return nil }
                items.append(.name(name, span))
            } else {
                guard let first = integer("a number or a name in quotes") else { return nil }
                var last: IntegerSyntax?
                if at(.punctuation(.ellipsis)) {
                    advance()
                    last = integer("the last number of the range")
                    if last == nil { return nil }
                }
                items.append(.numbers(first, through: last))
            }
            guard at(.punctuation(.comma)) else { break }
            advance()
            skipNewlines()
        }
        endOfLine()
        return ReservedSyntax(items: items)
    }

    private mutating func rpc() -> RPCSyntax? {
        var head = head()
        if endsBlock(after: head) { return nil }
        guard atWord("rpc") else {
            unexpected("'rpc'")
            return nil
        }
        advance()
        guard let name = identifier("the name of the rpc"), expect(.leftParenthesis) else {
            return nil
        }
        skipNewlines()
        guard let request = rpcType() else { return nil }
        skipNewlines()
        guard expect(.rightParenthesis), expect(.arrow), let response = rpcType() else {
            return nil
        }
        head.annotations += trailingAnnotations()
        endOfLine()
        return RPCSyntax(head: head, name: name, request: request, response: response)
    }

    private mutating func rpcType() -> RPCTypeSyntax? {
        let isStream = atWord("stream") && peek(1).kind == .identifier
        if isStream { advance() }
        return qualifiedName("a message").map { RPCTypeSyntax(isStream: isStream, name: $0) }
    }

    // MARK: Types

    private mutating func type() -> TypeSyntax? {
        let start = current.span
        guard at(.punctuation(.leftBracket)) else {
            guard let name = qualifiedName("a type") else { return nil }
            guard at(.punctuation(.question)) else {
                return TypeSyntax(shape: .singular(name), span: name.span)
            }
            let span = name.span.joined(current.span)
            advance()
            return TypeSyntax(shape: .optional(name), span: span)
        }
        advance()
        skipNewlines()
        guard let first = elementName() else { return nil }
        var shape = TypeSyntax.Shape.list(first)
        if at(.punctuation(.colon)) {
            advance()
            skipNewlines()
            guard let value = elementName() else { return nil }
            shape = .map(key: first, value: value)
        }
        skipNewlines()
        let span = start.joined(current.span)
        guard expect(.rightBracket) else { return nil }
        if at(.punctuation(.question)) {
            diagnostics.error(
                .shape, at: location(span.joined(current.span)),
                "a list or a map has no '?': when it is empty, it is not written")
            advance()
        }
        return TypeSyntax(shape: shape, span: span)
    }

    private mutating func elementName() -> NameSyntax? {
        if at(.punctuation(.leftBracket)) {
            report(.shape, "lists and maps do not nest", hint: "put the inner one into a message")
            return nil
        }
        guard let name = qualifiedName("a type") else { return nil }
        if at(.punctuation(.question)) {
            report(.shape, "elements, keys and values have no '?'", hint: "remove it")
            advance()
        }
        return name
    }
}
