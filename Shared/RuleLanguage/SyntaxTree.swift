/// The nodes of one expression, children before parents; the last one is the root. An arena, so
/// that a hostile text can build no chain of references that overruns the stack.
struct SyntaxTree {
    typealias NodeID = Int

    struct Node {
        var kind: Kind
        var span: SourceSpan
    }

    enum Kind {
        case literal(Constant)
        case name(String)
        case select(NodeID, field: String)
        case call(String, target: NodeID?, arguments: [NodeID])
        case has(NodeID)
        case list([NodeID])
        case unary(UnaryOperator, NodeID)
        case binary(BinaryOperator, NodeID, NodeID)
        case index(NodeID, NodeID)
        case conditional(NodeID, then: NodeID, otherwise: NodeID)
        /// A name that the checker found to be a fact.
        case fact(slot: Int)
        /// A name that the checker found to be a named list.
        case namedList(String)
    }

    var nodes: [Node] = []
    var root: NodeID = 0

    subscript(id: NodeID) -> Node {
        get { nodes[id] }
        set { nodes[id] = newValue }
    }

    /// The dotted name that a chain of selections spells, such as `tx.amount`.
    func path(of id: NodeID) -> String? {
        switch nodes[id].kind {
        case .name(let name): name
        case .select(let operand, let field): path(of: operand).map { $0 + "." + field }
        default: nil
        }
    }

    func children(of id: NodeID) -> [NodeID] {
        switch nodes[id].kind {
        case .literal, .name, .fact, .namedList: []
        case .select(let operand, _), .has(let operand), .unary(_, let operand): [operand]
        case .call(_, let target, let arguments): (target.map { [$0] } ?? []) + arguments
        case .list(let entries): entries
        case .binary(_, let a, let b), .index(let a, let b): [a, b]
        case .conditional(let condition, let then, let otherwise): [condition, then, otherwise]
        }
    }
}

enum UnaryOperator: String {
    case not = "!"
    case negate = "-"
}

enum BinaryOperator: String {
    case or = "||"
    case and = "&&"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case equal = "=="
    case notEqual = "!="
    case `in` = "in"
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"

    var precedence: Int {
        switch self {
        case .or: 1
        case .and: 2
        case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual, .in: 3
        case .add, .subtract: 4
        case .multiply, .divide, .remainder: 5
        }
    }
}
