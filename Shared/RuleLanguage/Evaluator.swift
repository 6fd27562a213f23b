/// Runs the expressions of a program over fact frames. Keeps its stack between runs, so that an
/// expression of facts and constants allocates nothing.
public struct Evaluator: Sendable {
    private var stack: [Value] = []
    var texts: [String] = []
    var lists: [[Value]] = []

    public init() {}

    /// The verdict of a condition over a frame of the program's schema.
    public mutating func condition(
        _ expression: Int, of program: Program, over frame: FactFrame
    ) -> ConditionResult {
        let value = run(program.expressions[expression], program, frame)
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
        let value = run(program.expressions[expression], program, frame)
        return value.isError ? .failure(value.error) : .success(constant(value, program, frame))
    }

    func constant(_ value: Value, _ program: Program, _ frame: FactFrame) -> Constant {
        switch value.tag {
        case .error, .null: .null
        case .bool: .bool(value.isTrue)
        case .int: .int(value.int)
        case .double: .double(value.double)
        case .text: .string(text(value, program, frame))
        case .list: .list(list(value, program, frame).map { constant($0, program, frame) })
        }
    }

    // MARK: Tables

    func text(_ value: Value, _ program: Program, _ frame: FactFrame) -> String {
        switch value.table {
        case .program: program.texts[value.index]
        case .frame: frame.texts[value.index]
        case .scratch: texts[value.index]
        }
    }

    func list(_ value: Value, _ program: Program, _ frame: FactFrame) -> [Value] {
        switch value.table {
        case .program: program.lists[value.index]
        case .frame: frame.lists[value.index]
        case .scratch: lists[value.index]
        }
    }

    // MARK: The machine

    /// The compiler proved the depth of the stack and the targets of the jumps.
    private mutating func run(
        _ expression: CompiledExpression, _ program: Program, _ frame: FactFrame
    ) -> Value {
        if !texts.isEmpty { texts.removeAll(keepingCapacity: true) }
        if !lists.isEmpty { lists.removeAll(keepingCapacity: true) }
        if stack.count < program.stackDepth {
            stack = Array(repeating: .null, count: program.stackDepth)
        }
        var top = -1
        var at = expression.start
        while at < expression.end {
            let step = program.code[at]
            at += 1
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
            case .inNamedList, .size, .toDouble, .toInt:
                stack[top] = unary(step, stack[top], program, frame)
            case .list:
                top -= Int(step.a) - 1
                stack[top] = makeList(from: top, count: Int(step.a))
            default:
                top -= 1
                stack[top] = binary(step.operation, stack[top], stack[top + 1], program, frame)
            }
        }
        return stack[top]
    }

    private func unary(
        _ step: Instruction, _ value: Value, _ program: Program, _ frame: FactFrame
    ) -> Value {
        if value.isError { return value }
        switch (step.operation, value.tag) {
        case (.inNamedList, .text):
            let text = text(value, program, frame)
            return .bool(program.namedLists[Int(step.a)].contains(text))
        case (.size, .text):
            return .int(Int64(text(value, program, frame).unicodeScalars.count))
        case (.size, .list): return .int(Int64(list(value, program, frame).count))
        case (.toInt, .text):
            return Operators.parseInt(text(value, program, frame)).map { .int($0) }
                ?? .error(.badConversion)
        case (.toDouble, .text):
            return Operators.parseDouble(text(value, program, frame)).map { .double($0) }
                ?? .error(.badConversion)
        case (.toInt, _): return Operators.toInt(value)
        case (.toDouble, _): return Operators.toDouble(value)
        default: return .error(.noOverload)
        }
    }

    private mutating func makeList(from first: Int, count: Int) -> Value {
        var error: Value?
        for value in stack[first..<(first + count)] where value.isError {
            error = error.flatMap { Operators.error($0, value) } ?? value
        }
        if let error { return error }
        lists.append(Array(stack[first..<(first + count)]))
        return .list(.scratch, lists.count - 1)
    }
}
