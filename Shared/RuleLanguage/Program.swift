/// One step of the stack machine.
struct Instruction: Sendable {
    enum Operation: UInt8, Sendable {
        /// Pushes constant `a`.
        case constant
        /// Pushes the fact in slot `a`.
        case fact
        /// Pushes whether the fact in slot `a` is known.
        case has
        /// Goes to `a` if the top is false (true), which stays; what follows leaves it to `and` (`or`).
        case skipIfFalse, skipIfTrue
        case and, or
        /// Takes the condition; goes to `a` if it is false, and to `b` with the error if it errs.
        case branch
        case jump
        case not, negate
        case less, lessOrEqual, greater, greaterOrEqual, equal, notEqual
        case add, subtract, multiply, divide, remainder
        /// Whether the text on top is in the named list `a`.
        case inNamedList
        case inList
        case index
        /// Takes `a` values and pushes a list of them.
        case list
        case size, contains, startsWith, endsWith, toDouble, toInt
    }

    var operation: Operation
    var a: Int32 = 0
    var b: Int32 = 0
}

/// One compiled expression of a program.
public struct CompiledExpression: Sendable {
    let start: Int
    let end: Int
    /// Slots of the facts it reads.
    public let factsRead: [Int]
    /// Upper bound of its work, in nodes times static sizes.
    public let cost: Int
    public let type: ValueType
}

/// Expressions compiled against the same facts, ready to run; immutable.
public final class Program: Sendable {
    let code: [Instruction]
    let constants: [Value]
    let texts: [String]
    let lists: [[Value]]
    let namedLists: [TextSet]
    let stackDepth: Int
    public let facts: FactSchema
    public let expressions: [CompiledExpression]

    init(
        pool: ConstantPool, code: [Instruction], namedLists: [TextSet], stackDepth: Int,
        facts: FactSchema, expressions: [CompiledExpression]
    ) {
        self.code = code
        self.constants = pool.values
        self.texts = pool.texts
        self.lists = pool.lists
        self.namedLists = namedLists
        self.stackDepth = stackDepth
        self.facts = facts
        self.expressions = expressions
    }

    /// Sum of the expressions' bounds.
    public var cost: Int { expressions.reduce(0) { $0 + $1.cost } }
}

/// Constants of a program; equal texts are kept once.
struct ConstantPool {
    private(set) var values: [Value] = []
    private(set) var texts: [String] = []
    private(set) var lists: [[Value]] = []
    private var textIndexes: [ExactText: Int] = [:]

    mutating func index(of constant: Constant) -> Int {
        values.append(value(of: constant))
        return values.count - 1
    }

    private mutating func value(of constant: Constant) -> Value {
        switch constant {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .int(let value): return .int(value)
        case .double(let value): return .double(value)
        case .string(let text):
            if let index = textIndexes[ExactText(text)] { return .text(.program, index) }
            texts.append(text)
            textIndexes[ExactText(text)] = texts.count - 1
            return .text(.program, texts.count - 1)
        case .list(let entries):
            let values = entries.map { value(of: $0) }
            lists.append(values)
            return .list(.program, lists.count - 1)
        }
    }
}
