/// Writes the flat program of checked trees. Knows the depth of the stack at each step.
struct Emitter {
    var pool = ConstantPool()
    var code: [Instruction] = []
    var namedLists: [TextSet] = []
    var patterns: [RegularExpression] = []
    var categories: [[Value]] = []
    private(set) var maximumDepth = 0
    private(set) var loopDepth = 0
    private let lists: [String: TextSet]
    private var namedListIndexes: [String: Int] = [:]
    private var depth = 0

    init(lists: [String: TextSet]) { self.lists = lists }

    /// Appends the code of the whole tree; it leaves one value.
    mutating func emit(_ tree: SyntaxTree) {
        depth = 0
        emit(tree.root, of: tree)
    }

    mutating func emit(_ id: SyntaxTree.NodeID, of tree: SyntaxTree) {
        switch tree[id].kind {
        case .literal(let constant): push(.constant, pool.index(of: constant))
        case .fact(let slot): push(.fact, slot)
        case .has(let operand):
            if case .fact(let slot) = tree[operand].kind {
                push(.has, slot)
            } else {
                push(.constant, pool.index(of: EvaluationError.noOverload))
            }
        case .unary(let operation, let operand):
            emit(operand, of: tree)
            add(operation == .not ? .not : .negate)
        case .binary(.and, let a, let b): emitLogic(.skipIfFalse, .and, a, b, tree)
        case .binary(.or, let a, let b): emitLogic(.skipIfTrue, .or, a, b, tree)
        case .binary(let operation, let a, let b): emitBinary(operation, a, b, tree)
        case .conditional(let condition, let then, let otherwise):
            emitConditional(condition, then, otherwise, tree)
        case .list(let entries): emitAll(.list, entries, tree)
        case .map(let entries): emitAll(.map, entries, tree)
        case .function(let function, let operands):
            emitAll(.call, operands, tree)
            code[code.count - 1].function = function
        case .index(let container, let key): emitPair(.index, container, key, tree)
        case .lookup(let map, let key): emitPair(.lookup, map, key, tree)
        case .row(let table, let key, let field):
            emitPair(.row, table, key, tree)
            code[code.count - 1].a = Int32(field)
        case .select(let operand, let field):
            emit(operand, of: tree)
            push(.constant, pool.index(of: .string(field)))
            add(.index)
            pop(1)
        case .hasKey(let operand, let key):
            emit(operand, of: tree)
            push(.constant, pool.index(of: .string(key)))
            add(.hasKey)
            pop(1)
        case .field(let operand, let position):
            emit(operand, of: tree)
            add(.field, position)
        case .hasField(let operand, let position):
            emit(operand, of: tree)
            add(.hasField, position)
        case .matches(let operand, let pattern):
            emit(operand, of: tree)
            patterns.append(pattern)
            add(.matches, patterns.count - 1)
        case .label(let operand, let category):
            emit(operand, of: tree)
            categories.append(category.labels.map { pool.value(of: .string($0)) })
            add(.label, categories.count - 1)
        case .comprehension(let loop): emitLoop(loop, tree)
        case .variable(let place): push(.variable, place)
        case .failure(let error): push(.constant, pool.index(of: error))
        case .namedList, .name, .call:
            // The checker leaves named lists only below `in` and size(), which do not come here,
            // and no name or call unresolved.
            push(.constant, pool.index(of: EvaluationError.noOverload))
        }
    }

    private mutating func emitAll(
        _ operation: Instruction.Operation, _ operands: [SyntaxTree.NodeID], _ tree: SyntaxTree
    ) {
        for operand in operands { emit(operand, of: tree) }
        let step = add(operation)
        code[step].b = Int32(operands.count)
        pop(operands.count)
        grow()
    }

    private mutating func emitPair(
        _ operation: Instruction.Operation, _ a: SyntaxTree.NodeID, _ b: SyntaxTree.NodeID,
        _ tree: SyntaxTree
    ) {
        emit(a, of: tree)
        emit(b, of: tree)
        add(operation)
        pop(1)
    }

    private mutating func emitLoop(_ loop: SyntaxTree.Comprehension, _ tree: SyntaxTree) {
        loopDepth = max(loopDepth, loop.depth + 1)
        emit(loop.range, of: tree)
        let start = add(.loopStart, loop.depth)
        code[start].macro = loop.macro
        code[start].hasTwoVariables = loop.variables.count == 2
        pop(1)
        if let filter = loop.filter {
            emit(filter, of: tree)
            add(.loopFilter, loop.depth)
            pop(1)
        }
        emit(loop.body, of: tree)
        add(.loopTake, loop.depth)
        code[start].b = Int32(code.count)
    }

    private mutating func emitLogic(
        _ skip: Instruction.Operation, _ operation: Instruction.Operation, _ a: SyntaxTree.NodeID,
        _ b: SyntaxTree.NodeID, _ tree: SyntaxTree
    ) {
        emit(a, of: tree)
        let jump = add(skip)
        emit(b, of: tree)
        add(operation)
        pop(1)
        code[jump].a = Int32(code.count)
    }

    private mutating func emitBinary(
        _ operation: BinaryOperator, _ a: SyntaxTree.NodeID, _ b: SyntaxTree.NodeID,
        _ tree: SyntaxTree
    ) {
        emit(a, of: tree)
        if operation == .in, case .namedList(let name) = tree[b].kind {
            add(.inNamedList, namedList(name))
            return
        }
        emit(b, of: tree)
        add(Self.operation(of: operation))
        pop(1)
    }

    private mutating func emitConditional(
        _ condition: SyntaxTree.NodeID, _ then: SyntaxTree.NodeID, _ otherwise: SyntaxTree.NodeID,
        _ tree: SyntaxTree
    ) {
        emit(condition, of: tree)
        let branch = add(.branch)
        pop(1)
        emit(then, of: tree)
        let jump = add(.jump)
        pop(1)
        code[branch].a = Int32(code.count)
        emit(otherwise, of: tree)
        code[branch].b = Int32(code.count)
        code[jump].a = Int32(code.count)
    }

    // MARK: Steps

    @discardableResult
    private mutating func add(_ operation: Instruction.Operation, _ a: Int = 0) -> Int {
        code.append(Instruction(operation: operation, a: Int32(a)))
        return code.count - 1
    }

    private mutating func push(_ operation: Instruction.Operation, _ a: Int) {
        add(operation, a)
        grow()
    }

    private mutating func grow() {
        depth += 1
        maximumDepth = max(maximumDepth, depth)
    }

    private mutating func pop(_ count: Int) { depth -= count }

    private mutating func namedList(_ name: String) -> Int {
        if let index = namedListIndexes[name] { return index }
        namedLists.append(lists[name] ?? TextSet([]))
        namedListIndexes[name] = namedLists.count - 1
        return namedLists.count - 1
    }

    private static func operation(of operation: BinaryOperator) -> Instruction.Operation {
        switch operation {
        case .or: .or
        case .and: .and
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        case .equal: .equal
        case .notEqual: .notEqual
        case .in: .inList
        case .add: .add
        case .subtract: .subtract
        case .multiply: .multiply
        case .divide: .divide
        case .remainder: .remainder
        }
    }
}
