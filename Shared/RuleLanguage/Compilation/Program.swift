/// One step of the stack machine.
struct Instruction: Sendable {
    enum Operation: UInt8, Sendable {
        /// Pushes constant `a`.
        case constant
        /// Pushes the fact in slot `a`.
        case fact
        /// Pushes whether the fact in slot `a` is known.
        case has
        /// Pushes variable `a & 1` of the loop at depth `a >> 1`.
        case variable
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
        /// The entry of a map, or of its key `*`.
        case lookup
        /// Whether a map has the key on top.
        case hasKey
        /// Field `a` of the record on top; whether it is known.
        case field, hasField
        /// The row of a table whose field `a` is what is on top.
        case row
        /// Takes `b` values and pushes a list of them; a map of them, keys and values in turn.
        case list, map
        /// Takes `b` values and pushes what the function makes of them.
        case call
        /// Whether the text on top matches pattern `a`.
        case matches
        /// The label of the category on top; `a` names the category.
        case label
        /// Takes the range of loop `a`; goes to `b` with the result if there is nothing to do.
        case loopStart
        /// Takes the verdict of loop `a`'s filter, or the value of its body, and goes on with the
        /// next entry, or behind the loop with its result.
        case loopFilter, loopTake
    }

    var operation: Operation
    var function = Function.size
    var macro = Macro.all
    var hasTwoVariables = false
    var a: Int32 = 0
    var b: Int32 = 0
}

/// One compiled expression of a program.
public struct CompiledExpression: Sendable {
    let code: Range<Int>
    /// Slots of the facts it reads.
    public let factsRead: [Int]
    /// Upper bound of its work, in nodes times static sizes.
    public let cost: Int
    public let type: ValueType
    /// What its number counts, if that is known.
    public let unit: Unit?
    /// How it reads the facts that are lists of rows; once for each place.
    public let rowsRead: [RowsRead]
}

/// How a part of an expression reads a fact that is a list of rows.
public struct RowsRead: Sendable, Hashable {
    public enum Use: Sendable, Hashable {
        case all
        /// `newest(rows, n)`: no more than the last n.
        case newest(Int)
        /// `rows[key]`, where the key is the fact in this slot.
        case row(key: Int)
    }

    public let slot: Int
    public let use: Use
}

/// Expressions compiled against the same facts, ready to run; immutable.
public final class Program: Sendable {
    let code: [Instruction]
    let constants: [Value]
    let store: ValueStore
    let namedLists: [TextSet]
    let patterns: [RegularExpression]
    /// The labels of categories, as texts.
    let categories: [[Value]]
    let zones: ZoneTable
    let stackDepth: Int
    let loopDepth: Int
    public let facts: FactSchema
    public let expressions: [CompiledExpression]
    /// The code of each expression.
    let stretches: [Range<Int>]

    init(
        _ emitter: Emitter, facts: FactSchema, zones: ZoneTable, expressions: [CompiledExpression]
    ) {
        code = emitter.code
        constants = emitter.pool.values
        store = emitter.pool.store
        namedLists = emitter.namedLists
        patterns = emitter.patterns
        categories = emitter.categories
        stackDepth = emitter.maximumDepth
        loopDepth = emitter.loopDepth
        self.zones = zones
        self.facts = facts
        self.expressions = expressions
        stretches = expressions.map(\.code)
    }

    /// Every text that expressions may compare a fact with: those in quotes, of parameters and of
    /// named lists. In no order, some of them twice.
    public var texts: [String] { store.texts + namedLists.flatMap { Array($0.texts) } }

    /// Steps of all expressions together.
    package var stepCount: Int { code.count }

    /// Sum of the expressions' bounds.
    public var cost: Int { expressions.reduce(0) { $0 + $1.cost } }
}

/// Constants of a program; equal texts that stand alone are kept once.
struct ConstantPool {
    private(set) var values: [Value] = []
    private(set) var store = ValueStore()
    private var textIndexes: [ExactText: Value] = [:]

    mutating func index(of constant: Constant) -> Int {
        values.append(value(of: constant))
        return values.count - 1
    }

    mutating func index(of error: EvaluationError) -> Int {
        values.append(.error(error))
        return values.count - 1
    }

    mutating func value(of constant: Constant) -> Value {
        guard case .string(let text) = constant else { return store.add(constant, .program) }
        if let known = textIndexes[ExactText(text)] { return known }
        let value = store.add(constant, .program)
        textIndexes[ExactText(text)] = value
        return value
    }
}
