/// The static bound of an expression's work: nodes times static sizes, never time, so that two
/// machines agree.
struct CostEstimate {
    /// Entries assumed of a list whose size is not known before the event.
    static let assumedListEntries = 64

    let total: Int
    /// The dearest parts, at most three, for a diagnostic.
    let dearest: [(span: SourceSpan, cost: Int)]

    init(of tree: SyntaxTree) {
        var parts: [(span: SourceSpan, cost: Int)] = []
        Self.collect(tree.root, of: tree, into: &parts)
        total = parts.reduce(0) { $0 + $1.cost }
        dearest = Array(parts.sorted { $0.cost > $1.cost }.prefix(3))
    }

    private static func collect(
        _ id: SyntaxTree.NodeID, of tree: SyntaxTree,
        into parts: inout [(span: SourceSpan, cost: Int)]
    ) {
        parts.append((tree[id].span, cost(of: id, tree)))
        for child in tree.children(of: id) { collect(child, of: tree, into: &parts) }
    }

    private static func cost(of id: SyntaxTree.NodeID, _ tree: SyntaxTree) -> Int {
        switch tree[id].kind {
        case .binary(.in, _, let container): 1 + entries(of: container, tree)
        case .list(let entries): 1 + entries.count
        case .call(let name, _, _): Function(rawValue: name)?.cost ?? 1
        default: 1
        }
    }

    private static func entries(of id: SyntaxTree.NodeID, _ tree: SyntaxTree) -> Int {
        switch tree[id].kind {
        case .namedList: 3  // one look-up in a hash set
        case .literal(.list(let entries)): entries.count
        case .list(let entries): entries.count
        default: assumedListEntries
        }
    }
}
