extension Checker {
    mutating func resolve(_ id: SyntaxTree.NodeID) -> CheckedType? {
        if case .name(let name) = tree[id].kind, let variable = variable(name) {
            tree[id].kind = .variable(variable.place)
            return variable.type
        }
        guard let path = tree.path(of: id), !isVariable(tree.firstName(of: id)) else {
            return checkSelection(id)
        }
        if let slot = environment.facts.slot(of: path) {
            read(slot)
            tree[id].kind = .fact(slot: slot)
            return check(id)
        }
        if path.hasPrefix("P."), let parameter = environment.parameters[String(path.dropFirst(2))] {
            tree[id].kind = .literal(parameter.value)
            return CheckedType(type: parameter.value.type, unit: parameter.unit)
        }
        if path.hasPrefix("L."), environment.lists[String(path.dropFirst(2))] != nil {
            return refuse(id, "the list \(path.shortened) can only be asked with 'in' or size()")
        }
        if case .select(let operand, _) = tree[id].kind, isDeclared(operand) {
            return checkSelection(id)
        }
        if dialect == .unchecked { tree[id].kind = .failure(.unknownName) }
        return refuse(id, unknown(path))
    }

    private func variable(_ name: String) -> Variable? { scope.last { $0.name == name } }

    private func isVariable(_ name: String?) -> Bool { name.flatMap(variable) != nil }

    /// Whether a chain of selections starts with the name of a fact or parameter: the longest one
    /// counts.
    private func isDeclared(_ id: SyntaxTree.NodeID) -> Bool {
        guard let path = tree.path(of: id) else { return false }
        if environment.facts.slot(of: path) != nil { return true }
        if path.hasPrefix("P."), environment.parameters[String(path.dropFirst(2))] != nil {
            return true
        }
        if case .select(let operand, _) = tree[id].kind { return isDeclared(operand) }
        return false
    }

    /// `operand.field` of a map, a record or whatever an unchecked expression has there.
    private mutating func checkSelection(_ id: SyntaxTree.NodeID) -> CheckedType? {
        guard case .select(let operand, let field) = tree[id].kind, let type = check(operand) else {
            return nil
        }
        switch type.type {
        case .any: return .any
        case .map(let key, let value) where key.fits(.string):
            return CheckedType(type: value, unit: type.unit)
        case .record(let record):
            guard let position = record.position(of: field) else {
                return refuse(id, Self.unknownField(field, of: record))
            }
            tree[id].kind = .field(operand, position)
            return CheckedType(
                type: record.fields[position].type, unit: record.fields[position].unit)
        default: return refuse(id, "\(type.description) has no field '\(field.shortened)'")
        }
    }

    private static func unknownField(_ field: String, of record: RecordType) -> String {
        "\(record.name) has no field '\(field.shortened)'"
            + hint(Suggestions.nearest(to: field, among: record.fields.map(\.name)))
    }

    static func hint(_ near: [String]) -> String {
        near.isEmpty ? "" : "; nearest are " + near.joined(separator: ", ")
    }

    private func unknown(_ path: String) -> String {
        let kind =
            path.hasPrefix("P.") ? "parameter" : path.hasPrefix("L.") ? "list" : "fact"
        let names = environment.names + scope.map(\.name)
        return "unknown \(kind) '\(path.shortened)'"
            + Self.hint(Suggestions.nearest(to: path, among: names))
    }

    /// Turns a name into a named list, where one may stand; false if it names none.
    mutating func takeNamedList(_ id: SyntaxTree.NodeID) -> Bool {
        guard let path = tree.path(of: id), path.hasPrefix("L.") else { return false }
        let name = String(path.dropFirst(2))
        guard environment.lists[name] != nil else { return false }
        tree[id].kind = .namedList(name)
        return true
    }

    mutating func checkHas(
        _ id: SyntaxTree.NodeID, _ operand: SyntaxTree.NodeID
    ) -> CheckedType? {
        guard let type = check(operand) else { return nil }
        switch tree[operand].kind {
        case .fact: break
        case .field(let record, let position): tree[id].kind = .hasField(record, position)
        case .select(let map, let field): tree[id].kind = .hasKey(map, key: field)
        case .failure(let error): tree[id].kind = .failure(error)
        default:
            _ = type
            return refuse(operand, "has() asks for a fact, which this is not")
        }
        return .bool
    }

    // MARK: Comprehensions

    mutating func checkLoop(
        _ id: SyntaxTree.NodeID, _ loop: SyntaxTree.Comprehension
    ) -> CheckedType? {
        var loop = loop
        loop.depth = loopDepth
        tree[id].kind = .comprehension(loop)
        // The range is evaluated before the loop begins, but inside those around it.
        let range = check(loop.range)
        if dialect == .rules, loopDepth >= Self.maximumLoopNesting {
            return refuse(
                id, "macros may stand at most \(Self.maximumLoopNesting) deep within each other")
        }
        guard let range, let types = variableTypes(range, loop) else {
            if let range {
                return refuse(
                    loop.range,
                    "expected a list or map before '.\(loop.macro.rawValue)', found "
                        + range.description)
            }
            return nil
        }
        let outer = scope.count
        for (index, name) in loop.variables.enumerated() {
            scope.append(Variable(name: name, type: types[index], place: loopDepth << 1 | index))
        }
        loopDepth += 1
        let filter = loop.filter.map { check($0) }
        let body = check(loop.body)
        loopDepth -= 1
        scope.removeSubrange(outer...)
        guard isCondition(loop.filter, filter), let body else { return nil }
        return result(of: loop, range, types, body)
    }

    private func variableTypes(
        _ range: CheckedType, _ loop: SyntaxTree.Comprehension
    ) -> [CheckedType]? {
        let hasTwo = loop.variables.count == 2
        switch range.type {
        case .any: return [.any, .any]
        case .list(let element):
            let entry = CheckedType(type: element, unit: range.unit)
            return hasTwo ? [CheckedType(type: .int), entry] : [entry]
        case .map(let key, let value):
            let entry = CheckedType(type: value, unit: range.unit)
            return hasTwo ? [CheckedType(type: key), entry] : [CheckedType(type: key)]
        default: return nil
        }
    }

    private mutating func isCondition(_ id: SyntaxTree.NodeID?, _ type: CheckedType??) -> Bool {
        guard let id, let type else { return true }
        guard let type else { return false }
        if type.type.fits(.bool) { return true }
        return refuse(id, "expected a bool, found \(type.description)") != nil
    }

    private mutating func result(
        of loop: SyntaxTree.Comprehension, _ range: CheckedType, _ types: [CheckedType],
        _ body: CheckedType
    ) -> CheckedType? {
        switch loop.macro {
        case .all, .exists, .existsOne, .filter:
            guard isCondition(loop.body, body) else { return nil }
            if loop.macro != .filter { return .bool }
            return CheckedType(type: .list(types[0].type), unit: types[0].unit)
        case .map, .transformList: return CheckedType(type: .list(body.type), unit: body.unit)
        case .transformMap:
            return CheckedType(type: .map(types[0].type, body.type), unit: body.unit)
        }
    }
}
