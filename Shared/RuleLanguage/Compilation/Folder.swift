/// Computes at compile time what no fact can change. Parts are folded by running them, so a folded
/// expression has the result of an unfolded one; a part that errs stays as it is.
struct Folder {
    private var tree: SyntaxTree
    private let zones: ZoneTable

    static func fold(_ tree: SyntaxTree, zones: ZoneTable) -> SyntaxTree {
        var folder = Folder(tree: tree, zones: zones)
        folder.fold(tree.root)
        return folder.tree
    }

    /// Work that folding one part may do.
    private static let maximumWork = 10_000

    private mutating func fold(_ id: SyntaxTree.NodeID) {
        let children = tree.children(of: id)
        for child in children { fold(child) }
        switch tree[id].kind {
        case .literal, .fact, .has, .name, .namedList, .variable, .failure, .comprehension: return
        case .binary(.and, let a, let b) where isLiteral(a, false) || isLiteral(b, false):
            tree[id].kind = .literal(.bool(false))
        case .binary(.or, let a, let b) where isLiteral(a, true) || isLiteral(b, true):
            tree[id].kind = .literal(.bool(true))
        case .conditional(let condition, let then, _) where isLiteral(condition, true):
            tree[id].kind = tree[then].kind
        case .conditional(let condition, _, let otherwise) where isLiteral(condition, false):
            tree[id].kind = tree[otherwise].kind
        default: run(id, children)
        }
    }

    private func isLiteral(_ id: SyntaxTree.NodeID, _ value: Bool) -> Bool {
        if case .literal(.bool(value)) = tree[id].kind { true } else { false }
    }

    private mutating func run(_ id: SyntaxTree.NodeID, _ children: [SyntaxTree.NodeID]) {
        let isConstant = children.allSatisfy {
            if case .literal = tree[$0].kind { true } else { false }
        }
        guard isConstant else { return }
        var emitter = Emitter(lists: [:])
        emitter.emit(id, of: tree)
        let expression = CompiledExpression(
            code: 0..<emitter.code.count, factsRead: [], cost: 0, type: .any, unit: nil,
            rowsRead: [])
        let program = Program(
            emitter, facts: FactSchema([]), zones: zones, expressions: [expression])
        var evaluator = Evaluator(workLimit: Self.maximumWork)
        let frame = FactFrame(schema: program.facts)
        if case .success(let constant) = evaluator.value(0, of: program, over: frame) {
            tree[id].kind = .literal(constant)
        }
    }
}
