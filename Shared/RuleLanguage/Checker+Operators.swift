extension Checker {
    mutating func check(
        _ id: SyntaxTree.NodeID, _ operation: UnaryOperator, _ operand: SyntaxTree.NodeID
    ) -> CheckedType? {
        guard let type = check(operand) else { return nil }
        switch operation {
        case .not where type.type == .bool: return type
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
        case .in: return checkMembership(id, left, right)
        case .equal, .notEqual: return checkEquality(id, operation, left, right)
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            return checkOrder(id, operation, left, right)
        case .add, .subtract, .multiply, .divide, .remainder:
            return checkArithmetic(id, operation, left, right)
        }
    }

    private mutating func checkLogic(
        _ operation: BinaryOperator, _ operands: (SyntaxTree.NodeID, CheckedType)...
    ) -> CheckedType? {
        let wrong = operands.filter { $0.1.type != .bool }
        for (id, type) in wrong {
            refuse(id, "'\(operation.rawValue)' needs bools, found \(type.description)")
        }
        return wrong.isEmpty ? .bool : nil
    }

    private mutating func checkMembership(
        _ id: SyntaxTree.NodeID, _ element: CheckedType, _ list: CheckedType
    ) -> CheckedType? {
        guard case .list(let expected) = list.type else {
            return refuse(id, "expected a list after 'in', found \(list.description)")
        }
        guard expected.matches(element.type) else {
            return refuse(id, "\(element.description) is never in \(list.description)")
        }
        return .bool
    }

    private mutating func checkEquality(
        _ id: SyntaxTree.NodeID, _ operation: BinaryOperator, _ left: CheckedType,
        _ right: CheckedType
    ) -> CheckedType? {
        if mixesMoney(left, right) { return refuse(id, moneyAdvice(operation)) }
        guard left.type.matches(right.type) else { return refuse(id, operation, left, right) }
        return .bool
    }

    private mutating func checkOrder(
        _ id: SyntaxTree.NodeID, _ operation: BinaryOperator, _ left: CheckedType,
        _ right: CheckedType
    ) -> CheckedType? {
        if mixesMoney(left, right) { return refuse(id, moneyAdvice(operation)) }
        let numbers = left.type.isNumber && right.type.isNumber
        guard numbers || (left.type == .string && right.type == .string) else {
            return refuse(id, operation, left, right)
        }
        return .bool
    }

    private mutating func checkArithmetic(
        _ id: SyntaxTree.NodeID, _ operation: BinaryOperator, _ left: CheckedType,
        _ right: CheckedType
    ) -> CheckedType? {
        if mixesMoney(left, right) { return refuse(id, moneyAdvice(operation)) }
        if operation == .add, left.type == right.type, left.type == .string { return left }
        if operation == .add, case .list = left.type, case .list = right.type,
            left.type.matches(right.type)
        {
            return left.type == .list(.any) ? right : left
        }
        guard left.type == right.type, left.type.isNumber,
            operation != .remainder || left.type == .int
        else {
            let advice =
                left.type.isNumber && right.type.isNumber && operation != .remainder
                ? "; write double(…) around the int" : ""
            return refuse(id, operation, left, right, advice: advice)
        }
        let isMoney =
            switch operation {
            case .multiply: left.isMoney != right.isMoney
            case .divide: left.isMoney && !right.isMoney
            default: left.isMoney || right.isMoney
            }
        return CheckedType(type: left.type, isMoney: isMoney)
    }

    private func mixesMoney(_ left: CheckedType, _ right: CheckedType) -> Bool {
        (left.isMoney && right.type == .double) || (right.isMoney && left.type == .double)
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
        refuse(
            id,
            "'\(operation.rawValue)' does not take \(left.description) and "
                + "\(right.description)\(advice)")
    }
}
