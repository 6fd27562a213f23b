/// What the checker knows of an expression's part.
struct CheckedType: Equatable {
    var type: ValueType
    /// What a number counts; nil fits every unit.
    var unit: Unit?

    static let bool = CheckedType(type: .bool)
    static let any = CheckedType(type: .any)

    /// Minor units of the base currency: a whole number, never to be mixed with doubles.
    var isMoney: Bool { unit == .money && type == .int }

    var description: String {
        guard let unit else { return type.description }
        return type == .int ? unit.rawValue : "\(unit.rawValue) (\(type))"
    }
}

/// Resolves names and types, and collects every problem it finds. A part with a problem has no
/// type, and what stands on it is not blamed a second time.
struct Checker {
    struct Variable {
        var name: String
        var type: CheckedType
        var place: Int
    }

    /// Problems of one expression that are told; what follows them is not looked at.
    static let maximumDiagnostics = 20
    /// Comprehensions within each other.
    static let maximumLoopNesting = 2

    let environment: RuleEnvironment
    let dialect: Dialect
    var tree: SyntaxTree
    var diagnostics: [Diagnostic] = []
    /// The variables of the macros around the part at hand, innermost last.
    var scope: [Variable] = []
    var loopDepth = 0
    /// Slots of the facts that the expression reads, in order of appearance.
    private(set) var factsRead: [Int] = []

    init(_ tree: SyntaxTree, in environment: RuleEnvironment, _ dialect: Dialect) {
        self.tree = tree
        self.environment = environment
        self.dialect = dialect
    }

    mutating func check(_ id: SyntaxTree.NodeID) -> CheckedType? {
        guard diagnostics.count < Self.maximumDiagnostics else { return nil }
        return checkKind(id)
    }

    private mutating func checkKind(_ id: SyntaxTree.NodeID) -> CheckedType? {
        switch tree[id].kind {
        case .literal(let constant): CheckedType(type: constant.type)
        case .name, .select: resolve(id)
        case .has(let operand): checkHas(id, operand)
        case .list(let entries): checkList(id, entries)
        case .map(let entries): checkMap(id, entries)
        case .unary(let operation, let operand): check(id, operation, operand)
        case .binary(let operation, let a, let b): check(id, operation, a, b)
        case .index(let container, let index): checkIndex(id, container, index)
        case .conditional(let condition, let then, let otherwise):
            checkConditional(id, condition, then, otherwise)
        case .call(let name, let target, let arguments): checkCall(id, name, target, arguments)
        case .comprehension(let loop): checkLoop(id, loop)
        case .fact(let slot):
            CheckedType(
                type: environment.facts.facts[slot].type, unit: environment.facts.facts[slot].unit)
        case .namedList: CheckedType(type: .list(.string))
        case .variable, .field, .hasField, .hasKey, .row, .lookup, .function, .matches, .label,
            .failure:
            .any  // Made by the checker itself, and never checked again.
        }
    }

    /// Records a problem; in an unchecked expression the part has any type instead.
    @discardableResult
    mutating func refuse(_ id: SyntaxTree.NodeID, _ message: String) -> CheckedType? {
        if dialect == .unchecked { return .any }
        diagnostics.append(Diagnostic(span: tree[id].span, message: message))
        return nil
    }

    mutating func read(_ slot: Int) {
        if !factsRead.contains(slot) { factsRead.append(slot) }
    }

    // MARK: Composites

    private mutating func checkList(
        _ id: SyntaxTree.NodeID, _ entries: [SyntaxTree.NodeID]
    ) -> CheckedType? {
        guard let element = common(entries, "a list holds values of one type") else { return nil }
        return CheckedType(type: .list(element.type), unit: element.unit)
    }

    private mutating func checkMap(
        _ id: SyntaxTree.NodeID, _ entries: [SyntaxTree.NodeID]
    ) -> CheckedType? {
        let keys = stride(from: 0, to: entries.count, by: 2).map { entries[$0] }
        let values = stride(from: 1, to: entries.count, by: 2).map { entries[$0] }
        let types = (
            common(keys, "the keys of a map have one type"),
            common(values, "a map holds values of one type")
        )
        guard let key = types.0, let value = types.1 else { return nil }
        switch key.type {
        case .bool, .int, .string, .any: break
        default: return refuse(id, "a key is a bool, int or string, found \(key.description)")
        }
        return CheckedType(type: .map(key.type, value.type), unit: value.unit)
    }

    /// The one type of several parts; any, if there are none, or if CEL lets them differ.
    private mutating func common(
        _ parts: [SyntaxTree.NodeID], _ rule: String
    ) -> CheckedType? {
        var common: CheckedType?
        var isKnown = true
        for part in parts {
            guard let type = check(part) else {
                isKnown = false
                continue
            }
            guard let first = common else {
                common = type
                continue
            }
            if dialect != .rules {
                if first.type != type.type { common = .any }
            } else if !first.type.fits(type.type) || !unitsAgree(first, type) {
                refuse(part, "\(rule): found \(type.description) after \(first.description)")
                isKnown = false
            } else if first.type == .list(.any) || first.unit == nil {
                common = CheckedType(
                    type: first.type == .list(.any) ? type.type : first.type,
                    unit: first.unit ?? type.unit)
            }
        }
        return isKnown ? common ?? .any : nil
    }

    func unitsAgree(_ a: CheckedType, _ b: CheckedType) -> Bool {
        a.unit == nil || b.unit == nil || a.unit == b.unit
    }

    private mutating func checkIndex(
        _ id: SyntaxTree.NodeID, _ container: SyntaxTree.NodeID, _ index: SyntaxTree.NodeID
    ) -> CheckedType? {
        let hasFallback = isParameterWithFallback(container)
        let types = (check(container), check(index))
        guard let found = types.0, let indexType = types.1 else { return nil }
        switch found.type {
        case .list(.record(let record)) where indexType.type != .int:
            return checkRow(id, (container, record), (index, indexType))
        case .list(let element):
            guard indexType.type.fits(.int) else {
                return refuse(index, "expected an int as index, found \(indexType.description)")
            }
            return CheckedType(type: element, unit: found.unit)
        case .map(let key, let value):
            guard key.matches(indexType.type) else {
                return refuse(index, "the keys are \(key), found \(indexType.description)")
            }
            if hasFallback { tree[id].kind = .lookup(container, key: index) }
            return CheckedType(type: value, unit: found.unit)
        case .any: return .any
        default:
            return refuse(id, "expected a list or map before '[', found \(found.description)")
        }
    }

    private func isParameterWithFallback(_ id: SyntaxTree.NodeID) -> Bool {
        guard let path = tree.path(of: id), path.hasPrefix("P."),
            case .map(let entries) = environment.parameters[String(path.dropFirst(2))]?.value
        else { return false }
        return entries.contains { $0.key == .string("*") }
    }

    private mutating func checkRow(
        _ id: SyntaxTree.NodeID, _ table: (id: SyntaxTree.NodeID, record: RecordType),
        _ key: (id: SyntaxTree.NodeID, type: CheckedType)
    ) -> CheckedType? {
        guard let name = table.record.key, let position = table.record.position(of: name) else {
            return refuse(
                key.id,
                "expected an int as index, found \(key.type.description): the rows of "
                    + "\(table.record.name) have no key")
        }
        let expected = table.record.fields[position].type
        guard expected.matches(key.type.type) else {
            return refuse(
                key.id,
                "the key '\(name)' of \(table.record.name) is a \(expected), found "
                    + key.type.description)
        }
        tree[id].kind = .row(table.id, key: key.id, field: position)
        return CheckedType(type: .record(table.record))
    }

    private mutating func checkConditional(
        _ id: SyntaxTree.NodeID, _ condition: SyntaxTree.NodeID, _ then: SyntaxTree.NodeID,
        _ otherwise: SyntaxTree.NodeID
    ) -> CheckedType? {
        let types = (check(condition), check(then), check(otherwise))
        if let found = types.0, !found.type.fits(.bool),
            refuse(condition, "expected a bool before '?', found \(found.description)") == nil
        {
            return nil
        }
        guard types.0 != nil, let first = types.1, let second = types.2 else { return nil }
        guard first.type.fits(second.type), unitsAgree(first, second) else {
            return refuse(
                id,
                "both values of '?:' must have one type: found \(first.description) "
                    + "and \(second.description)")
        }
        let type = first.type == .list(.any) || first.type == .any ? second.type : first.type
        return CheckedType(type: type, unit: first.unit ?? second.unit)
    }
}
