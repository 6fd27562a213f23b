/// The state of one comprehension while it runs.
struct Loop: Sendable {
    var macro = Macro.all
    /// The list or map whose entries it goes through.
    var range = Value.null
    /// The entry at hand.
    var next = 0
    /// Entry; or index and entry; or key; or key and value.
    var variables: [Value] = [.null, .null]
    var hasTwoVariables = false
    /// What errors came up, merged.
    var error: EvaluationError?
    /// Entries for which `exists_one` held.
    var found = 0
    var verdict: Bool?
    var isFinished = false
    /// The instructions of the body, and what follows the loop.
    var body = 0
    var end = 0
    var collected: [Value] = []
}

extension Evaluator {
    /// Begins a loop over a value. If there is nothing to go through, the result; else any value.
    @inline(never)
    mutating func startLoop(
        _ step: Instruction, _ body: Int, _ range: Value, _ program: Program, _ frame: FactFrame
    ) -> Value {
        let depth = Int(step.a)
        loops[depth].isFinished = true
        if range.isError { return range }
        guard range.tag == .list || range.tag == .map else { return .error(.noOverload) }
        guard range.count <= ExpressionLimits.maximumListEntries else { return .error(.tooLarge) }
        loops[depth].macro = step.macro
        loops[depth].hasTwoVariables = step.hasTwoVariables
        loops[depth].range = range
        loops[depth].next = 0
        loops[depth].error = nil
        loops[depth].found = 0
        loops[depth].verdict = nil
        loops[depth].body = body
        loops[depth].end = Int(step.b)
        loops[depth].collected.removeAll(keepingCapacity: true)
        if range.count == 0 { return finishLoop(depth, program, frame) }
        loops[depth].isFinished = false
        bind(depth, program, frame)
        return .null
    }

    private mutating func bind(_ depth: Int, _ program: Program, _ frame: FactFrame) {
        let (range, next) = (loops[depth].range, loops[depth].next)
        if range.tag == .map {
            loops[depth].variables[0] = cell(next * 2, of: range, program, frame)
            if loops[depth].hasTwoVariables {
                loops[depth].variables[1] = cell(next * 2 + 1, of: range, program, frame)
            }
        } else if loops[depth].hasTwoVariables {
            loops[depth].variables[0] = .int(Int64(next))
            loops[depth].variables[1] = cell(next, of: range, program, frame)
        } else {
            loops[depth].variables[0] = cell(next, of: range, program, frame)
        }
    }

    /// Takes the value of a filter or body. True if the entry's code goes on; false if the next
    /// entry is at hand, or the loop is finished.
    @inline(never)
    mutating func advance(
        _ step: Instruction, _ at: Int, _ value: Value, _ program: Program, _ frame: FactFrame
    ) -> Bool {
        let depth = Int(step.a)
        // An entry that passes its filter is charged when its value is taken.
        if step.operation == .loopFilter, value.isTrue { return true }
        spend(at - loops[depth].body)
        if step.operation == .loopFilter {
            if !value.isFalse { err(depth, value.isError ? value.error : .noOverload) }
        } else {
            take(depth, value)
        }
        loops[depth].next += 1
        if loops[depth].verdict != nil || loops[depth].next == loops[depth].range.count {
            loops[depth].isFinished = true
        } else {
            bind(depth, program, frame)
        }
        return false
    }

    private mutating func err(_ depth: Int, _ error: EvaluationError) {
        loops[depth].error = loops[depth].error?.merged(with: error) ?? error
    }

    private mutating func take(_ depth: Int, _ value: Value) {
        if value.isError { return err(depth, value.error) }
        switch loops[depth].macro {
        case .map, .transformList: loops[depth].collected.append(value)
        case .transformMap:
            loops[depth].collected.append(loops[depth].variables[0])
            loops[depth].collected.append(value)
        case .all, .exists, .existsOne, .filter:
            guard value.tag == .bool else { return err(depth, .noOverload) }
            takeVerdict(depth, value.isTrue)
        }
    }

    private mutating func takeVerdict(_ depth: Int, _ holds: Bool) {
        switch loops[depth].macro {
        case .all: if !holds { loops[depth].verdict = false }
        case .exists: if holds { loops[depth].verdict = true }
        case .existsOne: if holds { loops[depth].found += 1 }
        default: if holds { loops[depth].collected.append(loops[depth].variables[0]) }
        }
    }

    @inline(never)
    mutating func finishLoop(_ depth: Int, _ program: Program, _ frame: FactFrame) -> Value {
        if let verdict = loops[depth].verdict { return .bool(verdict) }
        if let error = loops[depth].error { return .error(error) }
        switch loops[depth].macro {
        case .all: return .bool(true)
        case .exists: return .bool(false)
        case .existsOne: return .bool(loops[depth].found == 1)
        case .map, .filter, .transformList: return makeList(loops[depth].collected)
        case .transformMap: return makeMap(loops[depth].collected, program, frame)
        }
    }
}
