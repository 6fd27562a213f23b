/// What the checker knows of an expression's part.
struct CheckedType: Equatable {
    var type: ValueType
    /// Minor units of the base currency: never to be mixed with doubles.
    var isMoney = false

    static let bool = CheckedType(type: .bool)

    var description: String { isMoney ? "money" : type.description }
}

/// Resolves names and types, and collects every problem it finds. A part with a problem has no
/// type, and what stands on it is not blamed a second time.
struct Checker {
    let environment: RuleEnvironment
    var tree: SyntaxTree
    var diagnostics: [Diagnostic] = []
    /// Slots of the facts that the expression reads, in order of appearance.
    private(set) var factsRead: [Int] = []

    init(_ tree: SyntaxTree, in environment: RuleEnvironment) {
        self.tree = tree
        self.environment = environment
    }

    mutating func check(_ id: SyntaxTree.NodeID) -> CheckedType? {
        switch tree[id].kind {
        case .literal(let constant): return CheckedType(type: constant.type)
        case .name, .select: return resolve(id)
        case .has(let operand): return checkHas(id, operand)
        case .list(let entries): return checkList(id, entries)
        case .unary(let operation, let operand): return check(id, operation, operand)
        case .binary(let operation, let a, let b): return check(id, operation, a, b)
        case .index(let list, let index): return checkIndex(id, list, index)
        case .conditional(let condition, let then, let otherwise):
            return checkConditional(id, condition, then, otherwise)
        case .call(let name, let target, let arguments):
            return checkCall(id, name, target, arguments)
        case .fact(let slot):
            return CheckedType(
                type: environment.facts.facts[slot].type,
                isMoney: environment.facts.facts[slot].isMoney)
        case .namedList: return CheckedType(type: .list(.string))
        }
    }

    @discardableResult
    mutating func refuse(_ id: SyntaxTree.NodeID, _ message: String) -> CheckedType? {
        diagnostics.append(Diagnostic(span: tree[id].span, message: message))
        return nil
    }

    // MARK: Names

    private mutating func resolve(_ id: SyntaxTree.NodeID) -> CheckedType? {
        guard let path = tree.path(of: id) else {
            if case .select(let operand, let field) = tree[id].kind, let type = check(operand) {
                return refuse(id, "\(type.description) has no field '\(field.shortened)'")
            }
            return nil
        }
        if let slot = environment.facts.slot(of: path) {
            read(slot)
            tree[id].kind = .fact(slot: slot)
            return check(id)
        }
        if path.hasPrefix("P."), let parameter = environment.parameters[String(path.dropFirst(2))] {
            tree[id].kind = .literal(parameter.value)
            return CheckedType(type: parameter.value.type, isMoney: parameter.isMoney)
        }
        if path.hasPrefix("L."), environment.lists[String(path.dropFirst(2))] != nil {
            return refuse(id, "the list \(path.shortened) can only be asked with 'in' or size()")
        }
        return refuse(id, unknown(path))
    }

    private mutating func read(_ slot: Int) {
        if !factsRead.contains(slot) { factsRead.append(slot) }
    }

    private func unknown(_ path: String) -> String {
        let kind =
            path.hasPrefix("P.") ? "parameter" : path.hasPrefix("L.") ? "list" : "fact"
        let near = Suggestions.nearest(to: path, among: environment.names)
        let hint = near.isEmpty ? "" : "; nearest are " + near.joined(separator: ", ")
        return "unknown \(kind) '\(path.shortened)'\(hint)"
    }

    /// Turns a name into a named list, where one may stand; false if it names none.
    mutating func takeNamedList(_ id: SyntaxTree.NodeID) -> Bool {
        guard let path = tree.path(of: id), path.hasPrefix("L.") else { return false }
        let name = String(path.dropFirst(2))
        guard environment.lists[name] != nil else { return false }
        tree[id].kind = .namedList(name)
        return true
    }

    private mutating func checkHas(
        _ id: SyntaxTree.NodeID, _ operand: SyntaxTree.NodeID
    ) -> CheckedType? {
        guard check(operand) != nil else { return nil }
        guard case .fact = tree[operand].kind else {
            return refuse(operand, "has() asks for a fact, which this is not")
        }
        return .bool
    }

    // MARK: Composites

    private mutating func checkList(
        _ id: SyntaxTree.NodeID, _ entries: [SyntaxTree.NodeID]
    ) -> CheckedType? {
        var element: CheckedType?
        var isKnown = true
        for entry in entries {
            guard let type = check(entry) else {
                isKnown = false
                continue
            }
            if let first = element, first.type != type.type {
                refuse(
                    entry,
                    "a list holds values of one type: found \(type.description) "
                        + "after \(first.description)")
                isKnown = false
            } else {
                element = element ?? type
            }
        }
        return isKnown ? CheckedType(type: .list(element?.type ?? .any)) : nil
    }

    private mutating func checkIndex(
        _ id: SyntaxTree.NodeID, _ list: SyntaxTree.NodeID, _ index: SyntaxTree.NodeID
    ) -> CheckedType? {
        let types = (check(list), check(index))
        guard let listType = types.0, let indexType = types.1 else { return nil }
        guard case .list(let element) = listType.type else {
            return refuse(id, "expected a list before '[', found \(listType.description)")
        }
        guard indexType.type == .int else {
            return refuse(index, "expected an int as index, found \(indexType.description)")
        }
        return CheckedType(type: element)
    }

    private mutating func checkConditional(
        _ id: SyntaxTree.NodeID, _ condition: SyntaxTree.NodeID, _ then: SyntaxTree.NodeID,
        _ otherwise: SyntaxTree.NodeID
    ) -> CheckedType? {
        let types = (check(condition), check(then), check(otherwise))
        if let found = types.0, found.type != .bool {
            refuse(condition, "expected a bool before '?', found \(found.description)")
            return nil
        }
        guard types.0 != nil, let first = types.1, let second = types.2 else { return nil }
        guard first.type == second.type else {
            return refuse(
                id,
                "both values of '?:' must have one type: found \(first.description) "
                    + "and \(second.description)")
        }
        return CheckedType(type: first.type, isMoney: first.isMoney || second.isMoney)
    }
}
