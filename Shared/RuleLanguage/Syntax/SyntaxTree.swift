/// The nodes of one expression: an arena, so that a hostile text can build no chain of references
/// that overruns the stack.
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
        /// Keys and values in turn.
        case map([NodeID])
        case unary(UnaryOperator, NodeID)
        case binary(BinaryOperator, NodeID, NodeID)
        case index(NodeID, NodeID)
        case conditional(NodeID, then: NodeID, otherwise: NodeID)
        case comprehension(Comprehension)

        // What the checker makes of names and calls.

        case fact(slot: Int)
        case namedList(String)
        /// A variable of a macro: its place among the variables of the evaluator.
        case variable(Int)
        /// A field of a record, by its position.
        case field(NodeID, Int)
        /// Whether a field of a record is known.
        case hasField(NodeID, Int)
        /// Whether a map has a key.
        case hasKey(NodeID, key: String)
        /// The row of a table whose key field has this value.
        case row(NodeID, key: NodeID, field: Int)
        /// The entry of a map parameter, or that of its key `*`.
        case lookup(NodeID, key: NodeID)
        case function(Function, [NodeID])
        case matches(NodeID, pattern: RegularExpression)
        /// The label of a category.
        case label(NodeID, Category)
        /// What an unchecked expression evaluates to where a checked one is refused.
        case failure(EvaluationError)
    }

    /// A macro over the entries of a list or map.
    struct Comprehension {
        var macro: Macro
        var range: NodeID
        /// One or two names.
        var variables: [String]
        var filter: NodeID?
        var body: NodeID
        /// How many comprehensions stand around this one; set by the checker.
        var depth = 0
    }

    var nodes: [Node] = []
    var root: NodeID = 0

    subscript(id: NodeID) -> Node {
        get { nodes[id] }
        set { nodes[id] = newValue }
    }

    /// Adds a node that the source does not have, in the place of another.
    mutating func add(_ kind: Kind, like id: NodeID) -> NodeID {
        nodes.append(Node(kind: kind, span: nodes[id].span))
        return nodes.count - 1
    }

    /// The dotted name that a chain of selections spells, such as `tx.amount`.
    func path(of id: NodeID) -> String? {
        switch nodes[id].kind {
        case .name(let name): name
        case .select(let operand, let field): path(of: operand).map { $0 + "." + field }
        default: nil
        }
    }

    /// The first name of a chain of selections.
    func firstName(of id: NodeID) -> String? {
        switch nodes[id].kind {
        case .name(let name): name
        case .select(let operand, _): firstName(of: operand)
        default: nil
        }
    }

    func children(of id: NodeID) -> [NodeID] {
        switch nodes[id].kind {
        case .literal, .name, .fact, .namedList, .variable, .failure: []
        case .select(let operand, _), .has(let operand), .unary(_, let operand),
            .field(let operand, _), .hasField(let operand, _), .hasKey(let operand, _),
            .matches(let operand, _), .label(let operand, _):
            [operand]
        case .call(_, let target, let arguments): (target.map { [$0] } ?? []) + arguments
        case .list(let entries), .map(let entries), .function(_, let entries): entries
        case .binary(_, let a, let b), .index(let a, let b), .row(let a, let b, _),
            .lookup(let a, let b):
            [a, b]
        case .conditional(let condition, let then, let otherwise): [condition, then, otherwise]
        case .comprehension(let loop):
            [loop.range] + (loop.filter.map { [$0] } ?? []) + [loop.body]
        }
    }
}

/// What a macro does with the entries of a list or map.
enum Macro: String {
    case all, exists, filter, map
    case existsOne = "exists_one"
    case transformList, transformMap

    /// The macro that a call is: by name, number of variables, and whether it has a filter.
    static func of(_ name: String, argumentCount: Int) -> (macro: Macro, variables: Int)? {
        switch (name, argumentCount) {
        case ("all", 2): (.all, 1)
        case ("all", 3): (.all, 2)
        case ("exists", 2): (.exists, 1)
        case ("exists", 3): (.exists, 2)
        case ("exists_one", 2), ("existsOne", 2): (.existsOne, 1)
        case ("exists_one", 3), ("existsOne", 3): (.existsOne, 2)
        case ("filter", 2): (.filter, 1)
        case ("map", 2), ("map", 3): (.map, 1)
        case ("transformList", 3), ("transformList", 4): (.transformList, 2)
        case ("transformMap", 3), ("transformMap", 4): (.transformMap, 2)
        default: nil
        }
    }

    /// How calls of the macros look, for diagnostics.
    static let usage: [String: String] = [
        "all": "list.all(x, condition)", "exists": "list.exists(x, condition)",
        "exists_one": "list.exists_one(x, condition)",
        "existsOne": "list.existsOne(i, x, condition)",
        "filter": "list.filter(x, condition)", "map": "list.map(x, value)",
        "transformList": "list.transformList(i, x, value)",
        "transformMap": "map.transformMap(k, v, value)",
    ]
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
