/// Compiles expressions, one after the other, into one program.
public struct ProgramBuilder {
    private let environment: RuleEnvironment
    private let limits: ExpressionLimits
    private var emitter: Emitter
    private var expressions: [CompiledExpression] = []
    private var folds: Bool

    /// `folds: false` leaves constant parts to the evaluator; results are the same.
    public init(
        environment: RuleEnvironment, limits: ExpressionLimits = ExpressionLimits(),
        folds: Bool = true
    ) {
        self.environment = environment
        self.limits = limits
        self.folds = folds
        emitter = Emitter(lists: environment.lists)
    }

    /// Adds an expression of any type. Returns its number in the program.
    public mutating func addExpression(_ source: String) throws(CompilationFailure) -> Int {
        let (tree, type, facts) = try check(source)
        return try add(folds ? Folder.fold(tree) : tree, type, facts)
    }

    /// Adds a condition: its type is bool, and facts must be able to change its result.
    public mutating func addCondition(_ source: String) throws(CompilationFailure) -> Int {
        let (tree, type, facts) = try check(source)
        let start = tree[tree.root].span
        guard type == .bool else {
            throw CompilationFailure([
                Diagnostic(span: start, message: "a condition is a bool; this is \(type)")
            ])
        }
        let folded = Folder.fold(tree)
        if case .literal(.bool(let value)) = folded[folded.root].kind {
            throw CompilationFailure([
                Diagnostic(span: start, message: "the condition is always \(value)")
            ])
        }
        return try add(folds ? folded : tree, type, facts)
    }

    public func build() -> Program {
        Program(
            pool: emitter.pool, code: emitter.code, namedLists: emitter.namedLists,
            stackDepth: emitter.maximumDepth, facts: environment.facts, expressions: expressions)
    }

    private func check(
        _ source: String
    ) throws(CompilationFailure) -> (SyntaxTree, ValueType, [Int]) {
        let tree: SyntaxTree
        do {
            tree = try Parser.parse(source, limits: limits)
        } catch {
            throw CompilationFailure([error])
        }
        var checker = Checker(tree, in: environment)
        let type = checker.check(tree.root)
        guard let type, checker.diagnostics.isEmpty else {
            throw CompilationFailure(checker.diagnostics)
        }
        return (checker.tree, type.type, checker.factsRead)
    }

    private mutating func add(
        _ tree: SyntaxTree, _ type: ValueType, _ facts: [Int]
    ) throws(CompilationFailure) -> Int {
        let cost = CostEstimate(of: tree)
        guard cost.total <= limits.maximumCost else {
            let parts = cost.dearest.map { "\($0.span.line):\($0.span.column) costs \($0.cost)" }
            throw CompilationFailure([
                Diagnostic(
                    span: tree[tree.root].span,
                    message: "the expression costs \(cost.total), at most \(limits.maximumCost) is "
                        + "allowed: " + parts.joined(separator: ", "))
            ])
        }
        let start = emitter.code.count
        emitter.emit(tree)
        expressions.append(
            CompiledExpression(
                start: start, end: emitter.code.count, factsRead: facts, cost: cost.total,
                type: type))
        return expressions.count - 1
    }
}
