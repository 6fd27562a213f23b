/// Runs the expressions of a program over fact frames. Keeps its memory between runs, so that an
/// expression over scalars allocates nothing.
public struct Evaluator: Sendable {
    /// Steps of loops, entries and pieces of texts that one run may touch. A bound that is counted,
    /// not timed: two machines stop at the same place.
    package static let maximumWork = 200_000

    var stack: [Value] = []
    var scratch = ValueStore()
    var loops: [Loop] = []
    var matcher = RegularExpression.Matcher()
    /// What the last run touched.
    package private(set) var work = 0
    private var workLimit = Evaluator.maximumWork
    /// Second since 1970 as of which lists with dated entries are asked.
    public var eventSecond: Int64 = 0
    #if DEBUG
        /// Instructions that the last run took: what the cost of an expression must bound.
        private(set) var steps = 0
    #endif

    public init() {}

    init(workLimit: Int) { self.workLimit = workLimit }

    /// The verdict of a condition over a frame of the program's schema.
    public mutating func condition(
        _ expression: Int, of program: Program, over frame: FactFrame
    ) -> ConditionResult {
        let value = run(program.stretches[expression], program, frame)
        switch value.tag {
        case .bool: return value.isTrue ? .holds : .fails
        case .error where value.error == .missingFact: return .missing
        case .error: return .failed(value.error)
        default: return .failed(.noOverload)
        }
    }

    /// The value of an expression over a frame of the program's schema.
    public mutating func value(
        _ expression: Int, of program: Program, over frame: FactFrame
    ) -> Result<Constant, EvaluationError> {
        let value = run(program.stretches[expression], program, frame)
        if value.isError { return .failure(value.error) }
        let constant = constant(value, program, frame)
        return isOverworked ? .failure(.tooLarge) : .success(constant)
    }

    /// The number that an expression gives, without making a constant of it: an int or bool as a
    /// double, a category as its code; nil if it gives none.
    public mutating func number(
        _ expression: Int, of program: Program, over frame: FactFrame
    ) -> Result<Double, EvaluationError> {
        let value = run(program.stretches[expression], program, frame)
        switch value.tag {
        case .double: return .success(value.double)
        case .int, .category: return .success(Double(value.int))
        case .bool: return .success(value.isTrue ? 1 : 0)
        case .error: return .failure(value.error)
        default: return .failure(.noOverload)
        }
    }

    // MARK: Work

    var isOverworked: Bool { work > workLimit }

    mutating func spend(_ amount: Int) { work += amount }

    // MARK: Stores

    func text(_ value: Value, _ program: Program, _ frame: FactFrame) -> String {
        switch value.table {
        case .program: program.store.texts[value.index]
        case .frame: frame.store.texts[value.index]
        case .scratch: scratch.texts[value.index]
        }
    }

    /// One cell of a composite.
    func cell(_ index: Int, of value: Value, _ program: Program, _ frame: FactFrame) -> Value {
        switch value.table {
        case .program: program.store.cells[value.index + index]
        case .frame: frame.store.cells[value.index + index]
        case .scratch: scratch.cells[value.index + index]
        }
    }

    mutating func makeText(_ text: String) -> Value {
        let size = text.utf8.count
        spend(1 + size / 16)
        guard size <= ExpressionLimits.maximumTextBytes else { return .error(.tooLarge) }
        scratch.texts.append(text)
        return .text(.scratch, scratch.texts.count - 1)
    }

    mutating func makeList(_ entries: some Collection<Value>) -> Value {
        spend(entries.count)
        guard entries.count <= ExpressionLimits.maximumListEntries else { return .error(.tooLarge) }
        scratch.cells += entries
        return .composite(
            .list, .scratch, at: scratch.cells.count - entries.count, count: entries.count)
    }

    mutating func constant(_ value: Value, _ program: Program, _ frame: FactFrame) -> Constant {
        spend(1)
        if isOverworked { return .null }
        func cells(_ count: Int) -> [Value] {
            (0..<count).map { cell($0, of: value, program, frame) }
        }
        switch value.tag {
        case .error, .null: return .null
        case .bool: return .bool(value.isTrue)
        case .int: return .int(value.int)
        case .double: return .double(value.double)
        case .text: return .string(text(value, program, frame))
        case .timestamp: return .timestamp(value.instant)
        case .duration: return .duration(value.int)
        case .category: return .category(Int(value.int))
        case .place: return .place(value.coordinates)
        case .list: return .list(cells(value.count).map { constant($0, program, frame) })
        case .record:
            return .record(
                cells(value.count).map { $0.isError ? nil : constant($0, program, frame) })
        case .map:
            let pairs = cells(value.count * 2)
            return .map(
                (0..<value.count).map {
                    Constant.MapEntry(
                        key: constant(pairs[$0 * 2], program, frame),
                        value: constant(pairs[$0 * 2 + 1], program, frame))
                })
        }
    }

    // MARK: The machine

    private mutating func prepare(_ program: Program) {
        scratch.removeAll()
        work = 0
        #if DEBUG
            steps = 0
        #endif
        if stack.count < program.stackDepth {
            stack = Array(repeating: .null, count: program.stackDepth)
        }
        while loops.count < program.loopDepth { loops.append(Loop()) }
    }

    /// The compiler proved the depth of the stack and the targets of the jumps.
    private mutating func run(
        _ stretch: Range<Int>, _ program: Program, _ frame: FactFrame
    ) -> Value {
        prepare(program)
        var top = -1
        var at = stretch.lowerBound
        while at < stretch.upperBound {
            let step = program.code[at]
            at += 1
            #if DEBUG
                steps += 1
            #endif
            switch step.operation {
            case .constant:
                top += 1
                stack[top] = program.constants[Int(step.a)]
            case .fact:
                top += 1
                stack[top] = frame.slots[Int(step.a)]
            case .has:
                top += 1
                stack[top] = .bool(frame.isPresent(Int(step.a)))
            case .variable:
                top += 1
                stack[top] = loops[Int(step.a) >> 1].variables[Int(step.a) & 1]
            case .skipIfFalse:
                if stack[top].isFalse { at = Int(step.a) }
            case .skipIfTrue:
                if stack[top].isTrue { at = Int(step.a) }
            case .branch:
                let condition = stack[top]
                if condition.isTrue {
                    top -= 1
                } else if condition.isFalse {
                    top -= 1
                    at = Int(step.a)
                } else {
                    stack[top] = condition.isError ? condition : .error(.noOverload)
                    at = Int(step.b)
                }
            case .jump:
                at = Int(step.a)
            case .not: stack[top] = Operators.not(stack[top])
            case .negate: stack[top] = Operators.negate(stack[top])
            case .loopStart:
                stack[top] = startLoop(step, at, stack[top], program, frame)
                if loops[Int(step.a)].isFinished { at = Int(step.b) } else { top -= 1 }
            case .loopFilter, .loopTake:
                if isOverworked { return .error(.tooLarge) }
                let goesOn = advance(step, at, stack[top], program, frame)
                if loops[Int(step.a)].isFinished {
                    stack[top] = finishLoop(Int(step.a), program, frame)
                    at = loops[Int(step.a)].end
                } else {
                    top -= 1
                    if !goesOn { at = loops[Int(step.a)].body }
                }
            case .call, .list, .map:
                top -= Int(step.b) - 1
                stack[top] = composite(step, first: top, program, frame)
            case .inNamedList, .matches, .label, .field, .hasField:
                stack[top] = unary(step, stack[top], program, frame)
            case .row:
                top -= 1
                stack[top] = row(
                    stack[top + 1], of: stack[top], field: Int(step.a), program, frame)
            case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual:
                top -= 1
                let (a, b) = (stack[top], stack[top + 1])
                // Most conditions of most rules compare two ints.
                if a.tag == .int, b.tag == .int {
                    stack[top] = .bool(Operators.compare(step.operation, a.int, b.int))
                } else {
                    stack[top] = binary(step.operation, a, b, program, frame)
                }
            default:
                top -= 1
                stack[top] = binary(step.operation, stack[top], stack[top + 1], program, frame)
            }
        }
        return isOverworked ? .error(.tooLarge) : stack[top]
    }

    @inline(never)
    private mutating func unary(
        _ step: Instruction, _ value: Value, _ program: Program, _ frame: FactFrame
    ) -> Value {
        if value.isError { return value }
        switch (step.operation, value.tag) {
        case (.inNamedList, .text):
            let text = text(value, program, frame)
            spend(text.utf8.count / 16)
            return .bool(program.namedLists[Int(step.a)].contains(text, at: eventSecond))
        case (.matches, .text):
            let text = text(value, program, frame)
            let pattern = program.patterns[Int(step.a)]
            // Before it is run: the work of one match alone can be too much.
            let amount = (1 + text.utf8.count / 16) * (8 + pattern.steps.count)
            guard amount <= workLimit - work else {
                work = max(work, workLimit + 1)
                return .error(.tooLarge)
            }
            spend(amount)
            return .bool(matcher.matches(pattern, text))
        case (.label, .category):
            let labels = program.categories[Int(step.a)]
            return labels.indices.contains(value.index) ? labels[value.index] : .error(.outOfRange)
        case (.field, .record): return cell(Int(step.a), of: value, program, frame)
        case (.hasField, .record):
            return .bool(!cell(Int(step.a), of: value, program, frame).isError)
        default: return .error(.noOverload)
        }
    }

    @inline(never)
    private mutating func composite(
        _ step: Instruction, first: Int, _ program: Program, _ frame: FactFrame
    ) -> Value {
        let count = Int(step.b)
        var error: Value?
        for index in first..<(first + count) where stack[index].isError {
            error = error.flatMap { Operators.error($0, stack[index]) } ?? stack[index]
        }
        if let error { return error }
        switch step.operation {
        case .list: return makeList(stack[first..<(first + count)])
        case .map: return makeMap(Array(stack[first..<(first + count)]), program, frame)
        default: return call(step.function, first: first, count: count, program, frame)
        }
    }
}
