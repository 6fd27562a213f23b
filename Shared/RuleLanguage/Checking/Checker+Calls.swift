extension Checker {
    mutating func checkCall(
        _ id: SyntaxTree.NodeID, _ name: String, _ target: SyntaxTree.NodeID?,
        _ arguments: [SyntaxTree.NodeID]
    ) -> CheckedType? {
        guard let function = Function(rawValue: name), isKnown(function) else {
            if dialect == .unchecked { tree[id].kind = .failure(.unknownFunction) }
            let names = Function.allCases.filter(isKnown).map(\.rawValue) + Macro.usage.keys
            return refuse(
                id,
                "unknown function '\(name.shortened)'"
                    + Self.hint(Suggestions.nearest(to: name, among: names)))
        }
        let operands = (target.map { [$0] } ?? []) + arguments
        if function == .size, operands.count == 1, takeNamedList(operands[0]),
            case .namedList(let list) = tree[operands[0]].kind
        {
            tree[id].kind = .literal(.int(Int64(environment.lists[list]?.count ?? 0)))
            return CheckedType(type: .int, unit: .count)
        }
        let found = operands.map { check($0) }
        guard !found.contains(nil) else { return nil }
        let types = found.compactMap { $0 }
        tree[id].kind = .function(function, operands)
        if function == .matches { return checkPattern(id, operands, types) }
        let isPlaced =
            function.isMethod ? target != nil : target == nil || function == .size
        guard isPlaced, let result = Signature.result(of: function, types) else {
            if dialect == .unchecked { tree[id].kind = .failure(.noOverload) }
            let list = types.map(\.description).joined(separator: ", ")
            return refuse(
                id, "\(function.rawValue)() does not take (\(list)); write \(function.usage)")
        }
        guard unitsAgreeAll(function, types) else {
            let list = types.map(\.description).joined(separator: ", ")
            return refuse(
                id, "\(function.rawValue)() does not take (\(list)): they count different things")
        }
        return complete(id, function, operands, types) ? result : nil
    }

    private func isKnown(_ function: Function) -> Bool { dialect != .rules || function != .dyn }

    private func unitsAgreeAll(_ function: Function, _ types: [CheckedType]) -> Bool {
        guard function == .min || function == .max || function == .rank else { return true }
        return Set(types.compactMap(\.unit)).count <= 1
    }

    /// Adds what a function reads besides its arguments: the time of reading, the local offset.
    private mutating func complete(
        _ id: SyntaxTree.NodeID, _ function: Function, _ operands: [SyntaxTree.NodeID],
        _ types: [CheckedType]
    ) -> Bool {
        switch function {
        case .daysSince, .secondsSince, .hoursSince, .monthsSince:
            guard let slot = environment.facts.slot(of: environment.readTime),
                environment.facts.facts[slot].type == .timestamp
            else {
                return refuse(
                    id,
                    "\(function.rawValue)() counts to '\(environment.readTime)', the time of "
                        + "reading, which is not known here") != nil
            }
            read(slot)
            let now = tree.add(.fact(slot: slot), like: id)
            tree[id].kind = .function(function, operands + [now])
        case .localHour, .localWeekday, .localDay, .isLastDayOfMonth:
            tree[id].kind = .function(function, operands + [offset(like: id)])
        case .rank where types[1].type == .histogram:
            let magnitude = tree.add(.function(.magnitude, [operands[0]]), like: id)
            tree[id].kind = .function(.rank, [magnitude, operands[1]])
        case .string:
            if case .category(let category) = types[0].type {
                tree[id].kind = .label(operands[0], category)
            }
        default: break
        }
        return true
    }

    /// The event's minutes ahead of UTC, or 0.
    private mutating func offset(like id: SyntaxTree.NodeID) -> SyntaxTree.NodeID {
        let zero = tree.add(.literal(.int(0)), like: id)
        guard let slot = environment.facts.slot(of: environment.utcOffset),
            environment.facts.facts[slot].type == .int
        else { return zero }
        read(slot)
        let fact = tree.add(.fact(slot: slot), like: id)
        let isKnown = tree.add(.has(fact), like: id)
        return tree.add(.conditional(isKnown, then: fact, otherwise: zero), like: id)
    }

    /// `text.matches(pattern)`: the pattern is compiled with the expression.
    private mutating func checkPattern(
        _ id: SyntaxTree.NodeID, _ operands: [SyntaxTree.NodeID], _ types: [CheckedType]
    ) -> CheckedType? {
        guard operands.count == 2, types[0].type.fits(.string) else {
            let list = types.map(\.description).joined(separator: ", ")
            return refuse(id, "matches() does not take (\(list)); write text.matches('pattern')")
        }
        guard case .literal(.string(let source)) = tree[operands[1]].kind else {
            tree[id].kind = .failure(.noOverload)
            return refuse(operands[1], "expected a pattern in quotes")
        }
        do {
            tree[id].kind = .matches(operands[0], pattern: try RegularExpression(source))
            return .bool
        } catch {
            tree[id].kind = .failure(.badConversion)
            return refuse(operands[1], "the pattern is wrong at its character \(error.description)")
        }
    }
}

/// What functions take and give.
enum Signature {
    /// Nil if the function does not take these.
    static func result(of function: Function, _ types: [CheckedType]) -> CheckedType? {
        guard let first = types.first else { return nil }
        switch function {
        case .size, .contains, .startsWith, .endsWith, .matches, .similarity:
            return texts(function, types)
        case .int, .double, .bool, .string, .timestamp, .duration, .dyn, .code:
            return types.count == 1 ? conversion(function, first) : nil
        case .ratio, .ln, .sqrt, .abs, .cycleSin, .cycleCos, .magnitude:
            return numbers(function, types)
        case .km, .latitudeE7, .longitudeE7, .placeE7: return places(function, types)
        case .min, .max, .sum, .avg, .stddev, .slope, .share, .smoothedShare, .rank, .newest:
            return lists(function, types)
        default: return times(function, types)
        }
    }

    private static func texts(_ function: Function, _ types: [CheckedType]) -> CheckedType? {
        if function == .size {
            guard types.count == 1 else { return nil }
            switch types[0].type {
            case .string, .list, .map, .any: return CheckedType(type: .int, unit: .count)
            default: return nil
            }
        }
        guard types.count == 2, types.allSatisfy({ $0.type.fits(.string) }) else { return nil }
        return function == .similarity ? CheckedType(type: .double, unit: .share) : .bool
    }

    /// A conversion of a number drops its unit: that is how units are left on purpose.
    private static func conversion(_ function: Function, _ type: CheckedType) -> CheckedType? {
        switch (function, type.type) {
        case (.dyn, _): return .any
        case (.code, .category): return CheckedType(type: .int)
        case (.code, _): return nil
        case (.int, .int), (.int, .double), (.int, .string), (.int, .timestamp), (.int, .any):
            return CheckedType(type: .int)
        case (.double, .int), (.double, .double), (.double, .string), (.double, .any):
            return CheckedType(type: .double)
        case (.bool, .bool), (.bool, .string), (.bool, .any): return .bool
        case (.string, .bool), (.string, .int), (.string, .double), (.string, .string),
            (.string, .timestamp), (.string, .duration), (.string, .category), (.string, .any):
            return CheckedType(type: .string)
        case (.timestamp, .string), (.timestamp, .int), (.timestamp, .timestamp),
            (.timestamp, .any):
            return CheckedType(type: .timestamp)
        case (.duration, .string), (.duration, .duration), (.duration, .any):
            return CheckedType(type: .duration)
        default: return nil
        }
    }

    private static func places(_ function: Function, _ types: [CheckedType]) -> CheckedType? {
        if function == .placeE7 {
            return types.count == 2 && types.allSatisfy { $0.type.isNumber }
                ? CheckedType(type: .place) : nil
        }
        guard types.allSatisfy({ $0.type.fits(.place) }) else { return nil }
        if function == .km { return types.count == 2 ? CheckedType(type: .double) : nil }
        return types.count == 1 ? CheckedType(type: .int) : nil
    }

    private static func numbers(_ function: Function, _ types: [CheckedType]) -> CheckedType? {
        guard types.allSatisfy({ $0.type.isNumber }) else { return nil }
        switch function {
        case .magnitude:
            return types.count == 1 && types[0].type.fits(.int) ? CheckedType(type: .int) : nil
        case .abs: return types.count == 1 ? types[0] : nil
        case .ln, .sqrt: return types.count == 1 ? CheckedType(type: .double) : nil
        default: return types.count == 2 ? CheckedType(type: .double) : nil
        }
    }

    private static func lists(_ function: Function, _ types: [CheckedType]) -> CheckedType? {
        switch function {
        case .min where types.count > 1, .max where types.count > 1:
            return types.allSatisfy { $0.type.isNumber && $0.type.fits(types[0].type) }
                ? CheckedType(type: types[0].type, unit: types.compactMap(\.unit).first) : nil
        case .share, .smoothedShare:
            return types.count == 2 && counts(types[0].type, key: types[1].type)
                ? CheckedType(type: .double, unit: .share) : nil
        case .rank:
            guard types.count == 2, types[0].type.isNumber else { return nil }
            if types[1].type == .histogram {
                return types[0].type == .int ? CheckedType(type: .double, unit: .share) : nil
            }
            let isNumbers =
                if case .list(let element) = types[1].type { element.isNumber } else {
                    counts(types[1].type, key: .int)
                }
            return isNumbers ? CheckedType(type: .double, unit: .share) : nil
        case .newest:
            guard types.count == 2, types[1].type == .int, case .list = types[0].type else {
                return nil
            }
            return types[0]
        default:
            guard types.count == 1, case .list(let element) = types[0].type, element.isNumber else {
                return nil
            }
            let isKept = function == .min || function == .max || function == .sum
            let hasUnit = function != .slope || types[0].unit == .money
            return CheckedType(
                type: isKept ? element : .double, unit: hasUnit ? types[0].unit : nil)
        }
    }

    /// Counts by key are a map to ints, or a list of ints by position.
    private static func counts(_ type: ValueType, key: ValueType) -> Bool {
        switch type {
        case .map(let keys, let value): value.fits(.int) && keys.matches(key)
        case .list(let element): element.fits(.int) && key.fits(.int)
        default: false
        }
    }

    private static func times(_ function: Function, _ types: [CheckedType]) -> CheckedType? {
        switch function {
        case .daysBetween:
            return types.count == 2 && types.allSatisfy { $0.type.fits(.timestamp) }
                ? CheckedType(type: .int) : nil
        case .daysSince, .monthsSince, .localHour, .localWeekday, .localDay:
            return isTimestamp(types) ? CheckedType(type: .int) : nil
        case .secondsSince:
            return isTimestamp(types) ? CheckedType(type: .int, unit: .seconds) : nil
        case .hoursSince: return isTimestamp(types) ? CheckedType(type: .double) : nil
        case .isLastDayOfMonth: return isTimestamp(types) ? .bool : nil
        case .getHours, .getMinutes, .getSeconds, .getMilliseconds:
            if types.count == 1, types[0].type == .duration { return CheckedType(type: .int) }
            fallthrough
        default:
            guard (1...2).contains(types.count), types[0].type.fits(.timestamp),
                types.count == 1 || types[1].type.fits(.string)
            else { return nil }
            return CheckedType(type: .int)
        }
    }

    private static func isTimestamp(_ types: [CheckedType]) -> Bool {
        types.count == 1 && types[0].type.fits(.timestamp)
    }
}
