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
        default: return search(operation, a, b, program, frame)
        }
    }

    private func equal(_ a: Value, _ b: Value, _ program: Program, _ frame: FactFrame) -> Bool {
        switch (a.tag, b.tag) {
        case (.int, .int), (.bool, .bool): return a.bits == b.bits
        case (.int, .double), (.double, .int), (.double, .double):
            return Operators.order(numbers: a, b) == .same
        case (.text, .text):
            if a.bits == b.bits { return true }
            return text(a, program, frame).isExactly(text(b, program, frame))
        case (.list, .list):
            let (x, y) = (list(a, program, frame), list(b, program, frame))
            return x.count == y.count
                && zip(x, y).allSatisfy { equal($0, $1, program, frame) }
        case (.null, .null): return true
        default: return false
        }
    }

    private func ordered(
        _ operation: Instruction.Operation, _ a: Value, _ b: Value, _ program: Program,
        _ frame: FactFrame
    ) -> Value {
        let order: Operators.Order?
        switch (a.tag, b.tag) {
        case (.int, .int), (.int, .double), (.double, .int), (.double, .double):
            order = Operators.order(numbers: a, b)
        case (.text, .text):
            let (x, y) = (text(a, program, frame), text(b, program, frame))
            order = x.precedes(y) ? .before : y.precedes(x) ? .after : .same
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
            texts.append(x + y)
            return .text(.scratch, texts.count - 1)
        case (.list, .list):
            let (x, y) = (list(a, program, frame), list(b, program, frame))
            guard x.count + y.count <= ExpressionLimits.maximumListEntries else {
                return .error(.tooLarge)
            }
            lists.append(x + y)
            return .list(.scratch, lists.count - 1)
        default: return .error(.noOverload)
        }
    }

    private func isMember(
        _ element: Value, of container: Value, _ program: Program, _ frame: FactFrame
    ) -> Value {
        guard container.tag == .list else { return .error(.noOverload) }
        for entry in list(container, program, frame) where equal(element, entry, program, frame) {
            return .bool(true)
        }
        return .bool(false)
    }

    private func entry(
        _ index: Value, of container: Value, _ program: Program, _ frame: FactFrame
    ) -> Value {
        guard container.tag == .list, index.tag == .int else { return .error(.noOverload) }
        let entries = list(container, program, frame)
        guard let position = Int(exactly: index.int), entries.indices.contains(position) else {
            return .error(.outOfRange)
        }
        return entries[position]
    }

    private func search(
        _ operation: Instruction.Operation, _ a: Value, _ b: Value, _ program: Program,
        _ frame: FactFrame
    ) -> Value {
        guard a.tag == .text, b.tag == .text else { return .error(.noOverload) }
        let (whole, part) = (text(a, program, frame), text(b, program, frame))
        switch operation {
        case .contains: return .bool(whole.hasExactly(part))
        case .startsWith: return .bool(whole.utf8.starts(with: part.utf8))
        case .endsWith:
            return .bool(whole.utf8.reversed().starts(with: part.utf8.reversed()))
        default: return .error(.noOverload)
        }
    }
}
