/// The functions of the language. Each is pure; `double` and `int` convert, the others ask.
enum Function: String, CaseIterable {
    case size
    case contains
    case startsWith
    case endsWith
    case double
    case int

    /// Whether the function stands behind a dot, as in `name.contains('x')`.
    var isMethod: Bool { self == .contains || self == .startsWith || self == .endsWith }

    /// Share of an expression's static cost: texts are searched, so they cost more than a compare.
    var cost: Int { isMethod ? 8 : self == .size ? 4 : 2 }
}

extension Checker {
    mutating func checkCall(
        _ id: SyntaxTree.NodeID, _ name: String, _ target: SyntaxTree.NodeID?,
        _ arguments: [SyntaxTree.NodeID]
    ) -> CheckedType? {
        guard let function = Function(rawValue: name) else {
            let near = Suggestions.nearest(to: name, among: Function.allCases.map(\.rawValue))
            let hint = near.isEmpty ? "" : "; nearest are " + near.joined(separator: ", ")
            return refuse(id, "unknown function '\(name.shortened)'\(hint)")
        }
        let operands = (target.map { [$0] } ?? []) + arguments
        if function == .size, operands.count == 1, takeNamedList(operands[0]),
            case .namedList(let list) = tree[operands[0]].kind
        {
            tree[id].kind = .literal(.int(Int64(environment.lists[list]?.count ?? 0)))
            return CheckedType(type: .int)
        }
        let types = operands.map { check($0) }
        guard !types.contains(nil) else { return nil }
        guard let result = result(of: function, onTarget: target != nil, types.compactMap { $0 })
        else {
            let found = types.compactMap { $0?.description }.joined(separator: ", ")
            return refuse(id, "\(function.rawValue)() does not take (\(found))")
        }
        return result
    }

    private func result(
        of function: Function, onTarget: Bool, _ types: [CheckedType]
    ) -> CheckedType? {
        if function.isMethod {
            let texts = CheckedType(type: .string)
            return onTarget && types == [texts, texts] ? .bool : nil
        }
        guard types.count == 1, !onTarget || function == .size else { return nil }
        switch (function, types[0].type) {
        case (.size, .string), (.size, .list): return CheckedType(type: .int)
        case (.double, .int), (.double, .double), (.double, .string):
            return CheckedType(type: .double)
        case (.int, .int), (.int, .double), (.int, .string): return CheckedType(type: .int)
        default: return nil
        }
    }
}
