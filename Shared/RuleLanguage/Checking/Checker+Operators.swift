extension Checker {
    mutating func check(
        _ id: SyntaxTree.NodeID, _ operation: UnaryOperator, _ operand: SyntaxTree.NodeID
    ) -> CheckedType? {
        guard let type = check(operand) else { return nil }
        switch operation {
        case .not where type.type.fits(.bool): return .bool
        case .negate where type.type.isNumber: return type
        case .not: return refuse(id, "'!' needs a bool, found \(type.description)")
        case .negate: return refuse(id, "'-' needs a number, found \(type.description)")
        }
    }

    mutating func check(
        _ id: SyntaxTree.NodeID, _ operation: BinaryOperator, _ a: SyntaxTree.NodeID,
        _ b: SyntaxTree.NodeID
    ) -> CheckedType? {
        let leftType = check(a)
        let isNamedList = operation == .in && takeNamedList(b)
        let rightType = isNamedList ? CheckedType(type: .list(.string)) : check(b)
        guard let left = leftType, let right = rightType else { return nil }
        switch operation {
        case .or, .and: return checkLogic(operation, (a, left), (b, right))
        case .in: return checkMembership(id, (a, left), (b, right))
        case .equal, .notEqual: return checkEquality(id, operation, (a, left), (b, right))
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            return checkOrder(id, operation, left, right)
        case .add, .subtract, .multiply, .divide, .remainder:
            return checkArithmetic(id, operation, left, right)
        }
    }

    private typealias Operand = (id: SyntaxTree.NodeID, type: CheckedType)

    private mutating func checkLogic(
        _ operation: BinaryOperator, _ operands: Operand...
    ) -> CheckedType? {
        var isRefused = false
        for (id, type) in operands where !type.type.fits(.bool) {
            let message = "'\(operation.rawValue)' needs bools, found \(type.description)"
            if refuse(id, message) == nil { isRefused = true }
        }
        return isRefused ? nil : .bool
    }

    private mutating func checkMembership(
        _ id: SyntaxTree.NodeID, _ element: Operand, _ container: Operand
    ) -> CheckedType? {
        let expected: ValueType
        switch container.type.type {
        case .list(let type): expected = type
        case .map(let key, _): expected = key
        case .any: return .bool
        default:
            return refuse(
                id, "expected a list or map after 'in', found \(container.type.description)")
        }
        if case .category(let category) = element.type.type {
            return takeLabels(category, container.id) ? .bool : nil
        }
        guard expected.matches(element.type.type) else {
            return refuse(
                id, "\(element.type.description) is never in \(container.type.type)")
        }
        guard unitsAgree(element.type, container.type) else {
            return refuse(id, .in, element.type, container.type)
        }
        return .bool
    }

    // MARK: Categories

    /// Replaces the texts of a literal by the positions of these labels; false if that fails.
    private mutating func takeLabels(_ category: Category, _ id: SyntaxTree.NodeID) -> Bool {
        switch tree[id].kind {
        case .literal(.string(let label)):
            guard let code = category.labels.firstIndex(where: { $0.isExactly(label) }) else {
                let near = Self.hint(Suggestions.nearest(to: label, among: category.labels))
                return refuse(id, "\(category.name) has no label '\(label.shortened)'\(near)")
                    != nil
            }
            tree[id].kind = .literal(.category(code))
            return true
        case .list(let entries):
            return entries.map { takeLabels(category, $0) }.allSatisfy { $0 }
        default:
            return refuse(
                id,
                "a category is compared with labels in quotes; write string(…) around it "
                    + "to compare it with a text") != nil
        }
    }

    private mutating func checkEquality(
        _ id: SyntaxTree.NodeID, _ operation: BinaryOperator, _ left: Operand, _ right: Operand
    ) -> CheckedType? {
        switch (left.type.type, right.type.type) {
        case (.category(let a), .category(let b)) where a == b: return .bool
        case (.category(let category), .string):
            return takeLabels(category, right.id) ? .bool : nil
        case (.string, .category(let category)):
            return takeLabels(category, left.id) ? .bool : nil
        default: break
        }
        if mixesMoney(left.type, right.type) { return refuse(id, moneyAdvice(operation)) }
        guard left.type.type.matches(right.type.type), unitsAgree(left.type, right.type) else {
            return refuse(id, operation, left.type, right.type)
        }
        return .bool
    }

    // MARK: Order and arithmetic

    private mutating func checkOrder(
        _ id: SyntaxTree.NodeID, _ operation: BinaryOperator, _ left: CheckedType,
        _ right: CheckedType
    ) -> CheckedType? {
        if mixesMoney(left, right) { return refuse(id, moneyAdvice(operation)) }
        let isOrdered: Bool =
            switch (left.type, right.type) {
            case (.string, .string), (.timestamp, .timestamp), (.duration, .duration): true
            case (.bool, .bool): dialect != .rules
            case (.any, _), (_, .any): true
            default: left.type.isNumber && right.type.isNumber
            }
        guard isOrdered, unitsAgree(left, right) else {
            return refuse(id, operation, left, right)
        }
        return .bool
    }

    private mutating func checkArithmetic(
        _ id: SyntaxTree.NodeID, _ operation: BinaryOperator, _ left: CheckedType,
        _ right: CheckedType
    ) -> CheckedType? {
        if mixesMoney(left, right) { return refuse(id, moneyAdvice(operation)) }
        if let type = checkJoin(operation, left, right) { return type }
        if left.type == .any || right.type == .any { return .any }
        guard left.type == right.type, left.type.isNumber,
            operation != .remainder || left.type == .int
        else {
            let advice =
                left.type.isNumber && right.type.isNumber && operation != .remainder
                ? "; write double(…) around the int" : ""
            return refuse(id, operation, left, right, advice: advice)
        }
        guard let unit = unit(of: operation, left.unit, right.unit) else {
            return refuse(id, operation, left, right, advice: unitAdvice(operation))
        }
        return CheckedType(type: left.type, unit: unit)
    }

    /// Texts, lists, timestamps and durations.
    private func checkJoin(
        _ operation: BinaryOperator, _ left: CheckedType, _ right: CheckedType
    ) -> CheckedType? {
        switch (operation, left.type, right.type) {
        case (.add, .string, .string): return left
        case (.add, .list(let a), .list(let b)) where unitsAgree(left, right):
            guard a.matches(b) else { return dialect == .rules ? nil : .init(type: .list(.any)) }
            let type = left.type == .list(.any) ? right.type : left.type
            return CheckedType(type: type, unit: left.unit ?? right.unit)
        case (.add, .timestamp, .duration), (.add, .duration, .timestamp),
            (.subtract, .timestamp, .duration):
            return CheckedType(type: .timestamp)
        case (.add, .duration, .duration), (.subtract, .duration, .duration),
            (.subtract, .timestamp, .timestamp):
            return CheckedType(type: .duration)
        default: return nil
        }
    }

    /// The unit of a result; nil inside if it has none, nil outside if the units do not go together.
    private func unit(of operation: BinaryOperator, _ left: Unit?, _ right: Unit?) -> Unit?? {
        switch operation {
        case .multiply:
            switch (left, right) {
            case (let unit, nil), (nil, let unit): return .some(unit)
            case (.money, .money), (.money, .seconds), (.seconds, .money), (.seconds, .seconds):
                return nil
            case (.count, let unit), (.share, let unit), (let unit, .count), (let unit, .share):
                return .some(unit)
            }
        case .divide:
            if right == nil || right == .count || right == .share { return .some(left) }
            return left == nil || left == right ? .some(nil) : nil
        default:
            if let left, let right, left != right { return nil }
            return .some(left ?? right)
        }
    }

    private func unitAdvice(_ operation: BinaryOperator) -> String {
        switch operation {
        case .multiply, .divide: "; write double(…) around them if you mean the plain numbers"
        default: ": they count different things"
        }
    }

    private func mixesMoney(_ left: CheckedType, _ right: CheckedType) -> Bool {
        (left.isMoney && right.type == .double) || (right.isMoney && left.type == .double)
    }

    private static func both(
        _ operation: BinaryOperator, _ left: CheckedType, _ right: CheckedType
    ) -> String {
        "'\(operation.rawValue)' does not take \(left.description) and \(right.description)"
    }

    private func isTextAgainstNumber(_ a: ValueType, _ b: ValueType) -> Bool {
        (a == .string && (b == .int || b == .double))
            || (b == .string && (a == .int || a == .double))
    }

    private func moneyAdvice(_ operation: BinaryOperator) -> String {
        "money '\(operation.rawValue)' a double: money is a whole number of minor units; "
            + "write double(…) around it"
    }

    @discardableResult
    private mutating func refuse(
        _ id: SyntaxTree.NodeID, _ operation: BinaryOperator, _ left: CheckedType,
        _ right: CheckedType, advice: String = ""
    ) -> CheckedType? {
        if isTextAgainstNumber(left.type, right.type), operation != .remainder {
            let advice = "; write quotes around the number, or double(…) around the text"
            return refuse(id, "\(Self.both(operation, left, right))\(advice)")
        }
        let advice =
            advice.isEmpty && left.type.isNumber && right.type.isNumber
                && !unitsAgree(left, right) ? unitAdvice(operation) : advice
        return refuse(id, "\(Self.both(operation, left, right))\(advice)")
    }
}
