extension Evaluator {
    /// A strict operator of two values: an error of either side is the result.
    mutating func binary(
        _ operation: Instruction.Operation, _ a: Value, _ b: Value, _ program: Program,
        _ frame: FactFrame
    ) -> Value {
        switch operation {
        case .and: return Operators.and(a, b)
        case .or: return Operators.or(a, b)
        default: break
        }
        if let error = Operators.error(a, b) { return error }
        switch operation {
        case .equal: return .bool(equal(a, b, program, frame))
        case .notEqual: return .bool(!equal(a, b, program, frame))
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            return ordered(operation, a, b, program, frame)
        case .add where a.tag == .text || a.tag == .list: return joined(a, b, program, frame)
        case .add, .subtract, .multiply, .divide, .remainder:
            return Operators.arithmetic(operation, a, b)
        case .inList: return isMember(a, of: b, program, frame)
        case .index: return entry(b, of: a, program, frame)
        case .lookup: return lookUp(b, in: a, program, frame)
        case .hasKey:
            guard a.tag == .map else { return .error(.noOverload) }
            return .bool(find(b, in: a, program, frame) != nil)
        default: return .error(.noOverload)
        }
    }

    /// Stops comparing, with any result, once the run has done too much work.
    mutating func equal(
        _ a: Value, _ b: Value, _ program: Program, _ frame: FactFrame
    ) -> Bool {
        switch (a.tag, b.tag) {
        case (.int, .int), (.bool, .bool), (.duration, .duration), (.category, .category),
            (.place, .place):
            return a.bits == b.bits
        case (.timestamp, .timestamp): return a.bits == b.bits && a.low == b.low
        case (.int, .double), (.double, .int), (.double, .double):
            return Operators.order(numbers: a, b) == .same
        case (.text, .text):
            if a.bits == b.bits, a.table == b.table { return true }
            let (x, y) = (text(a, program, frame), text(b, program, frame))
            guard x.utf8.count == y.utf8.count else { return false }
            spend(x.utf8.count / 16)
            return x.isExactly(y)
        case (.list, .list): return equalCells(a, b, a.count, program, frame)
        case (.map, .map): return equalCells(a, b, 2 * a.count, program, frame)
        case (.null, .null): return true
        default: return false
        }
    }

    /// Maps are sorted by key, so equal ones have equal cells.
    private mutating func equalCells(
        _ a: Value, _ b: Value, _ count: Int, _ program: Program, _ frame: FactFrame
    ) -> Bool {
        guard a.count == b.count else { return false }
        for index in 0..<count {
            spend(1)
            if isOverworked { return false }
            let (x, y) = (cell(index, of: a, program, frame), cell(index, of: b, program, frame))
            if !equal(x, y, program, frame) { return false }
        }
        return true
    }

    private mutating func ordered(
        _ operation: Instruction.Operation, _ a: Value, _ b: Value, _ program: Program,
        _ frame: FactFrame
    ) -> Value {
        let order: Operators.Order?
        switch (a.tag, b.tag) {
        case (.int, .int), (.int, .double), (.double, .int), (.double, .double):
            order = Operators.order(numbers: a, b)
        case (.text, .text):
            let (x, y) = (text(a, program, frame), text(b, program, frame))
            spend(min(x.utf8.count, y.utf8.count) / 16)
            order = x.precedes(y) ? .before : y.precedes(x) ? .after : .same
        case (.bool, .bool): order = Operators.order(a.bits, b.bits)
        case (.duration, .duration): order = Operators.order(a.int, b.int)
        case (.timestamp, .timestamp):
            order = a.instant < b.instant ? .before : a.instant == b.instant ? .same : .after
        default: return .error(.noOverload)
        }
        guard let order else { return .bool(false) }
        switch operation {
        case .less: return .bool(order == .before)
        case .lessOrEqual: return .bool(order != .after)
        case .greater: return .bool(order == .after)
        default: return .bool(order != .before)
        }
    }

    private mutating func joined(
        _ a: Value, _ b: Value, _ program: Program, _ frame: FactFrame
    ) -> Value {
        switch (a.tag, b.tag) {
        case (.text, .text):
            let (x, y) = (text(a, program, frame), text(b, program, frame))
            guard x.utf8.count + y.utf8.count <= ExpressionLimits.maximumTextBytes else {
                return .error(.tooLarge)
            }
            return makeText(x + y)
        case (.list, .list):
            guard a.count + b.count <= ExpressionLimits.maximumListEntries else {
                return .error(.tooLarge)
            }
            spend(a.count + b.count)
            let start = scratch.cells.count
            for index in 0..<a.count { scratch.cells.append(cell(index, of: a, program, frame)) }
            for index in 0..<b.count { scratch.cells.append(cell(index, of: b, program, frame)) }
            return .composite(.list, .scratch, at: start, count: a.count + b.count)
        default: return .error(.noOverload)
        }
    }

    private mutating func isMember(
        _ element: Value, of container: Value, _ program: Program, _ frame: FactFrame
    ) -> Value {
        switch container.tag {
        case .map:
            return .bool(isKey(element) && find(element, in: container, program, frame) != nil)
        case .list:
            guard container.count <= ExpressionLimits.maximumListEntries else {
                return .error(.tooLarge)
            }
            spend(container.count)
            for index in 0..<container.count
            where equal(cell(index, of: container, program, frame), element, program, frame) {
                return .bool(true)
            }
            return .bool(false)
        default: return .error(.noOverload)
        }
    }
}
