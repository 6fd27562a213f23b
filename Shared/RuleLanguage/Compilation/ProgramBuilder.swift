/// Compiles expressions, one after the other, into one program.
public struct ProgramBuilder {
    private let environment: RuleEnvironment
    private let limits: ExpressionLimits
    private var emitter: Emitter
    private var expressions: [CompiledExpression] = []
    private let folds: Bool
    private let dialect: Dialect

    /// `folds: false` leaves constant parts to the evaluator; results are the same.
    public init(
        environment: RuleEnvironment, limits: ExpressionLimits = ExpressionLimits(),
        folds: Bool = true, dialect: Dialect = .rules
    ) {
        self.dialect = dialect
        self.environment = environment
        self.limits = limits
        self.folds = folds
        emitter = Emitter(lists: environment.lists)
    }

    /// Adds an expression of any type. Returns its number in the program.
    public mutating func addExpression(_ source: String) throws(CompilationFailure) -> Int {
        let (tree, type, facts) = try check(source)
        return try add(folds ? Folder.fold(tree, zones: environment.zones) : tree, type, facts)
    }

    /// Adds a condition: its type is bool, and facts must be able to change its result.
    public mutating func addCondition(_ source: String) throws(CompilationFailure) -> Int {
        let (tree, type, facts) = try check(source)
        let start = tree[tree.root].span
        guard type.type == .bool else {
            throw CompilationFailure([
                Diagnostic(span: start, message: "a condition is a bool; this is \(type.type)")
            ])
        }
        let folded = Folder.fold(tree, zones: environment.zones)
        if case .literal(.bool(let value)) = folded[folded.root].kind {
            throw CompilationFailure([
                Diagnostic(span: start, message: "the condition is always \(value)")
            ])
        }
        return try add(folds ? folded : tree, type, facts)
    }

    public func build() -> Program {
        Program(
            emitter, facts: environment.facts, zones: environment.zones, expressions: expressions)
    }

    /// As it was parsed, and the same nodes as the checker leaves them.
    func trees(
        of source: String
    ) throws(CompilationFailure) -> (parsed: SyntaxTree, checked: SyntaxTree) {
        (try parse(source), try check(source).0)
    }

    private func parse(_ source: String) throws(CompilationFailure) -> SyntaxTree {
        do {
            return try Parser.parse(source, limits: limits)
        } catch {
            throw CompilationFailure([error])
        }
    }

    private func check(
        _ source: String
    ) throws(CompilationFailure) -> (SyntaxTree, CheckedType, [Int]) {
        let tree = try parse(source)
        var checker = Checker(tree, in: environment, dialect)
        let type = checker.check(tree.root)
        guard let type, checker.diagnostics.isEmpty else {
            throw CompilationFailure(checker.diagnostics)
        }
        return (checker.tree, type, checker.factsRead)
    }

    private mutating func add(
        _ tree: SyntaxTree, _ type: CheckedType, _ facts: [Int]
    ) throws(CompilationFailure) -> Int {
        let cost = CostEstimate(of: tree, in: environment)
        guard cost.total <= limits.maximumCost else {
            throw CompilationFailure([
                Diagnostic(
                    span: tree[tree.root].span,
                    message: "the expression costs \(cost.total), at most \(limits.maximumCost) is "
                        + "allowed; the dearest parts are "
                        + cost.dearest.map(\.description).joined(separator: "; "))
            ])
        }
        let start = emitter.code.count
        emitter.emit(tree)
        expressions.append(
            CompiledExpression(
                code: start..<emitter.code.count, factsRead: facts, cost: cost.total,
                type: type.type, unit: type.unit, rowsRead: rowsRead(tree.root, of: tree)))
        return expressions.count - 1
    }

    private func rowsRead(_ id: SyntaxTree.NodeID, of tree: SyntaxTree) -> [RowsRead] {
        switch tree[id].kind {
        case .fact(let slot):
            guard case .list(.record) = environment.facts.facts[slot].type else { return [] }
            return [RowsRead(slot: slot, use: .all)]
        case .function(.newest, let operands):
            guard case .fact(let slot) = tree[operands[0]].kind,
                case .literal(.int(let count)) = tree[operands[1]].kind
            else { break }
            return [RowsRead(slot: slot, use: .newest(Int(clamping: count)))]
        case .row(let table, let key, _):
            guard case .fact(let slot) = tree[table].kind, case .fact(let key) = tree[key].kind
            else { break }
            return [RowsRead(slot: slot, use: .row(key: key))]
        default: break
        }
        return tree.children(of: id).flatMap { rowsRead($0, of: tree) }
    }
}
