/// Builds the tree of an expression by precedence climbing. Stops at the first token that does not
/// fit.
struct Parser {
    private let tokens: [Token]
    private let limits: ExpressionLimits
    private var at = 0
    private var depth = 0
    private var tree = SyntaxTree()

    static func parse(
        _ source: String, limits: ExpressionLimits = ExpressionLimits()
    ) throws(Diagnostic) -> SyntaxTree {
        var parser = Parser(tokens: try Lexer.tokens(of: source, limits: limits), limits: limits)
        let root = try parser.expression()
        guard parser.token.kind == .end else {
            throw parser.unexpected("an operator or the end")
        }
        parser.tree.root = root
        return parser.tree
    }

    private init(tokens: [Token], limits: ExpressionLimits) {
        self.tokens = tokens
        self.limits = limits
    }

    // MARK: Tokens

    /// The last token is always `.end` and never passed over.
    private var token: Token { tokens[at] }

    private mutating func advance() { at = min(at + 1, tokens.count - 1) }

    private mutating func accept(_ symbol: Symbol) -> Bool {
        guard token.kind == .symbol(symbol) else { return false }
        advance()
        return true
    }

    private mutating func expect(_ symbol: Symbol, _ why: String) throws(Diagnostic) {
        if !accept(symbol) { throw unexpected("'\(symbol.rawValue)' \(why)") }
    }

    private func unexpected(_ expected: String) -> Diagnostic {
        Diagnostic(span: token.span, message: "expected \(expected), found \(token.description)")
    }

    private mutating func node(
        _ kind: SyntaxTree.Kind, _ span: SourceSpan
    ) throws(Diagnostic) -> SyntaxTree.NodeID {
        guard tree.nodes.count < limits.maximumNodes else {
            throw Diagnostic(
                span: span, message: "the expression has more than \(limits.maximumNodes) parts")
        }
        tree.nodes.append(SyntaxTree.Node(kind: kind, span: span))
        return tree.nodes.count - 1
    }

    // MARK: Grammar

    private mutating func expression() throws(Diagnostic) -> SyntaxTree.NodeID {
        depth += 1
        defer { depth -= 1 }
        guard depth <= limits.maximumNesting else {
            throw Diagnostic(
                span: token.span,
                message: "the expression is nested more than \(limits.maximumNesting) levels deep")
        }
        let condition = try binary(atLeast: 1)
        let span = token.span
        guard accept(.question) else { return condition }
        let then = try binary(atLeast: 1)
        try expect(.colon, "and the other value of '?'")
        let otherwise = try expression()
        return try node(.conditional(condition, then: then, otherwise: otherwise), span)
    }

    private var binaryOperator: BinaryOperator? {
        switch token.kind {
        case .symbol(let symbol): BinaryOperator(rawValue: symbol.rawValue)
        case .name("in"): .in
        default: nil
        }
    }

    private mutating func binary(atLeast minimum: Int) throws(Diagnostic) -> SyntaxTree.NodeID {
        var left = try unary()
        while let operation = binaryOperator, operation.precedence >= minimum {
            let span = token.span
            advance()
            let right = try binary(atLeast: operation.precedence + 1)
            left = try node(.binary(operation, left, right), span)
        }
        return left
    }

    private mutating func unary() throws(Diagnostic) -> SyntaxTree.NodeID {
        var operators: [(UnaryOperator, SourceSpan)] = []
        while true {
            let span = token.span
            if accept(.not) {
                operators.append((.not, span))
            } else if accept(.minus) {
                operators.append((.negate, span))
            } else {
                break
            }
        }
        var operand: SyntaxTree.NodeID
        if case .int(let magnitude) = token.kind, operators.last?.0 == .negate {
            let span = operators.removeLast().1
            guard magnitude <= UInt64(Int64.max) + 1 else { throw tooLarge() }
            advance()
            operand = try node(.literal(.int(Int64(truncatingIfNeeded: 0 &- magnitude))), span)
            operand = try suffixes(of: operand)
        } else {
            operand = try suffixes(of: try primary())
        }
        for (operation, span) in operators.reversed() {
            operand = try node(.unary(operation, operand), span)
        }
        return operand
    }

    private func tooLarge() -> Diagnostic {
        Diagnostic(span: token.span, message: "the number does not fit an int (64 bits)")
    }

    private mutating func suffixes(
        of primary: SyntaxTree.NodeID
    ) throws(Diagnostic) -> SyntaxTree.NodeID {
        var operand = primary
        while true {
            let span = token.span
            if accept(.dot) {
                let field: String
                switch token.kind {
                case .name(let name), .quotedName(let name): field = name
                default: throw unexpected("a name after '.'")
                }
                let isQuoted = if case .quotedName = token.kind { true } else { false }
                var whole = tree[operand].span
                if whole.line == token.span.line {
                    whole.length = token.span.column + token.span.length - whole.column
                }
                advance()
                if !isQuoted, accept(.leftParenthesis) {
                    let arguments = try self.arguments(until: .rightParenthesis)
                    operand = try call(field, on: operand, arguments, span)
                } else {
                    operand = try node(.select(operand, field: field), whole)
                }
            } else if accept(.leftBracket) {
                let index = try expression()
                try expect(.rightBracket, "after the index")
                operand = try node(.index(operand, index), span)
            } else {
                return operand
            }
        }
    }

    private mutating func arguments(
        until close: Symbol
    ) throws(Diagnostic) -> [SyntaxTree.NodeID] {
        var arguments: [SyntaxTree.NodeID] = []
        while !accept(close) {
            arguments.append(try expression())
            if accept(.comma) { continue }
            try expect(close, "or ','")
            break
        }
        return arguments
    }

    /// A call behind a dot: of a function, or a macro with its variables.
    private mutating func call(
        _ name: String, on target: SyntaxTree.NodeID, _ arguments: [SyntaxTree.NodeID],
        _ span: SourceSpan
    ) throws(Diagnostic) -> SyntaxTree.NodeID {
        guard let usage = Macro.usage[name] else {
            return try node(.call(name, target: target, arguments: arguments), span)
        }
        guard let (macro, count) = Macro.of(name, argumentCount: arguments.count) else {
            throw Diagnostic(
                span: span,
                message: "\(name)() does not take \(arguments.count) arguments; write \(usage)")
        }
        var variables: [String] = []
        for argument in arguments.prefix(count) {
            guard case .name(let variable) = tree[argument].kind, !variables.contains(variable)
            else {
                throw Diagnostic(
                    span: tree[argument].span,
                    message: "expected the name of a variable of its own; write \(usage)")
            }
            variables.append(variable)
        }
        let rest = arguments.dropFirst(count)
        let loop = SyntaxTree.Comprehension(
            macro: macro, range: target, variables: variables,
            filter: rest.count == 2 ? rest.first : nil, body: arguments[arguments.count - 1])
        return try node(.comprehension(loop), span)
    }

    private mutating func mapEntries() throws(Diagnostic) -> [SyntaxTree.NodeID] {
        var entries: [SyntaxTree.NodeID] = []
        while !accept(.rightBrace) {
            entries.append(try expression())
            try expect(.colon, "and the value of this key")
            entries.append(try expression())
            if accept(.comma) { continue }
            try expect(.rightBrace, "or ','")
            break
        }
        return entries
    }

    private mutating func primary() throws(Diagnostic) -> SyntaxTree.NodeID {
        let token = token
        switch token.kind {
        case .int(let magnitude):
            guard let value = Int64(exactly: magnitude) else { throw tooLarge() }
            advance()
            return try node(.literal(.int(value)), token.span)
        case .double(let value):
            advance()
            return try node(.literal(.double(value)), token.span)
        case .string(let value):
            advance()
            return try node(.literal(.string(value)), token.span)
        case .symbol(.leftParenthesis):
            advance()
            let inner = try expression()
            try expect(.rightParenthesis, "to close '('")
            return inner
        case .symbol(.leftBracket):
            advance()
            return try node(.list(try arguments(until: .rightBracket)), token.span)
        case .symbol(.leftBrace):
            advance()
            return try node(.map(try mapEntries()), token.span)
        case .name(let name):
            return try named(name, token.span)
        case .symbol, .quotedName, .end:
            throw unexpected("a value")
        }
    }

    private mutating func named(
        _ name: String, _ span: SourceSpan
    ) throws(Diagnostic) -> SyntaxTree.NodeID {
        if let constant = Self.constants[name] {
            advance()
            return try node(.literal(constant), span)
        }
        guard name != "in" else { throw unexpected("a value") }
        guard !Self.reserved.contains(name) else {
            throw Diagnostic(span: span, message: "'\(name)' is a reserved word")
        }
        advance()
        guard accept(.leftParenthesis) else { return try node(.name(name), span) }
        let arguments = try self.arguments(until: .rightParenthesis)
        guard name == "has" else {
            return try node(.call(name, target: nil, arguments: arguments), span)
        }
        guard arguments.count == 1, isSelection(arguments[0]) else {
            throw Diagnostic(span: span, message: "expected the name of one fact in has()")
        }
        return try node(.has(arguments[0]), span)
    }

    private func isSelection(_ id: SyntaxTree.NodeID) -> Bool {
        switch tree[id].kind {
        case .name, .select: true
        default: false
        }
    }

    private static let constants: [String: Constant] = [
        "true": .bool(true), "false": .bool(false), "null": .null,
    ]

    private static let reserved: Set<String> = [
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let",
        "loop", "package", "namespace", "return", "var", "void", "while",
    ]
}
