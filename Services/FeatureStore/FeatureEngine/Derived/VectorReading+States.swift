internal import RuleLanguage

extension VectorReading {
    /// Makes facts of what a state holds beside features.
    mutating func fill(
        _ part: VectorPlan.Part, from state: borrowing FeatureState, _ flags: Status.Flags
    ) {
        for register in part.registers { fill(register, part.scope, from: state, flags) }
        for list in part.lists { fill(list, part.scope, from: state, flags) }
        for counts in part.counts { fill(counts, part.scope, from: state, flags) }
    }

    private mutating func fill(
        _ facts: VectorPlan.RegisterFacts, _ scope: Int, from state: borrowing FeatureState,
        _ flags: Status.Flags
    ) {
        let declared = state.group.registers[facts.register]
        guard let row = state.register(facts.register, at: time) else {
            let status = Status(declared.isSnapshot ? .absent : .empty, flags)
            for (slot, _) in facts.columns { scopes[scope].clear(slot, status) }
            return
        }
        let own = flags.union(declared.flags(of: row, at: state.readTime(time)))
        for (slot, column) in facts.columns {
            let type = scopes[scope].type(of: slot)
            let scalar = Self.scalar(column, of: row, key: 0, as: type, tokens, event)
            scopes[scope].set(slot, scalar, own)
        }
    }

    private mutating func fill(
        _ fact: VectorPlan.ListFact, _ scope: Int, from state: borrowing FeatureState,
        _ flags: Status.Flags
    ) {
        let rows =
            fact.isTable
            ? state.table(fact.position, at: time) : state.recent(fact.position, at: time)
        select(fact, rows)
        let first = max(0, order.count - fact.newest)
        guard case .list(.record(let record)) = scopes[scope].type(of: fact.slot) else { return }
        let (tokens, event, order) = (tokens, event, order)
        var isIncomplete = false
        scopes[scope].setRows(
            fact.slot, count: order.count - first, isBounded: rows.isFull, flags
        ) { row, field in
            let position = order[first + row]
            guard let stored = rows.row(position) else { return nil }
            let column = fact.columns[field]
            if case .sum(let index) = column, stored.isPartial || stored.sum(index).isLimit {
                isIncomplete = true
            }
            return Self.scalar(
                column, of: stored, key: column == .key ? rows.key(position) : 0,
                as: record.fields[field].type, tokens, event)
        }
        if isIncomplete { scopes[scope].add(.incomplete, to: fact.slot) }
    }

    /// Sets `order` to the rows that are asked for, oldest first.
    private mutating func select(_ fact: VectorPlan.ListFact, _ rows: StoredRows) {
        order.removeAll(keepingCapacity: true)
        if let key = fact.key {
            guard let event, let field = key[event.event.type],
                let word = event.event.values[field],
                let position = rows.position(key: UInt64(bitPattern: word))
            else { return }
            order.append(position)
            return
        }
        for position in rows.positions where rows.isRemembered(position) { order.append(position) }
        // A recent list is in this order already.
        if fact.isTable { order.sort { rows.isOlder($0, than: $1) } }
    }

    private mutating func fill(
        _ fact: VectorPlan.CountsFact, _ scope: Int, from state: borrowing FeatureState,
        _ flags: Status.Flags
    ) {
        guard
            case .counts(_, let measure, let tier, let window, let lag, let classes) = fact.source
        else { return }
        let own = state.counts(
            of: measure, tier: tier, window: window, lag: lag, at: time, into: &counts)
        scopes[scope].setCounts(
            fact.slot, counts, classes: classes, Status(own.kind, own.flags.union(flags)))
    }

    private static func scalar(
        _ column: RowColumn, of row: StoredRow, key: UInt64, as type: ValueType,
        _ tokens: TokenTexts, _ event: EventInput?
    ) -> Scalar? {
        let word: Int64?
        switch column {
        case .value(let index): word = row.value(index)
        case .sum(let index): word = row.sum(index)
        case .time: word = row.time
        case .key: word = Int64(bitPattern: key)
        }
        guard let word else { return nil }
        guard type == .token else { return type.scalar(ofWord: word) }
        return .text(event?.text(ofHash: word) ?? tokens.text(of: UInt64(bitPattern: word)))
    }
}

extension EventInput {
    /// The text of the event at hand that has this hash.
    fileprivate func text(ofHash word: Int64) -> String? {
        for (field, text) in texts.enumerated() where event.values[field] == word {
            if let text { return text }
        }
        return nil
    }
}
