@testable import FeatureEngine

/// Registers, lists, tables and attributes straight from R14, R15 and section 2.
extension BruteForce {
    struct Event {
        let values: [Int64?]
        let row: Row
        /// Which of the sources it came from.
        let source: Int

        var time: Int64 { row.logged.event.time }
        var order: (Int64, UInt64) { (time, row.logged.sequence) }
    }

    func taken(_ sources: [Source]) -> [Event] {
        rows.flatMap { row in
            sources.enumerated().compactMap { index, source in
                Self.values(source, row.logged).map {
                    Event(values: $0, row: row, source: index)
                }
            }
        }
    }

    /// The earliest time that is remembered at `clock`.
    static func oldest(_ remember: Int64?, at clock: Int64) -> Int64 {
        guard let remember else { return 0 }
        let hops: [(Int64, Int64)] = Tier.standard.map { ($0.span, $0.hop) }
        let hop = hops.first { $0.0 >= remember }?.1 ?? 432_000_000
        return floor(clock - remember, hop) * hop
    }

    func register(_ index: Int, at now: Int64) -> Event? {
        let register = group.registers[index]
        let events = taken(register.sources)
        let best =
            register.keeps == .newest
            ? events.max { $0.order < $1.order } : events.min { $0.order < $1.order }
        return best.flatMap { $0.time >= Self.oldest(register.remember, at: now) ? $0 : nil }
    }

    /// Newest first.
    func recent(_ index: Int, at now: Int64) -> [Event] {
        let list = group.recents[index]
        return taken(list.sources).filter { $0.time >= Self.oldest(list.remember, at: now) }
            .sorted { $0.order > $1.order }.prefix(list.rows).map { $0 }
    }

    struct TableRow {
        var event: Event
        var sums: [Int64]
        /// Whether the table was full when it came, and whether events of the key were given up that
        /// would still be remembered.
        var cameWhenFull = false
        var lacksEvents = false
    }

    /// By key, event by event: a full table forgets its oldest row.
    func table(_ index: Int, at now: Int64) -> [UInt64: TableRow] {
        let table = group.tables[index]
        var found: [UInt64: TableRow] = [:]
        var givenUp: [UInt64: Int64] = [:]
        for event in taken(table.sources) {
            let oldest = Self.oldest(table.remember, at: event.row.clock)
            found = found.filter { $0.value.event.time >= oldest }
            givenUp = givenUp.filter { $0.value >= oldest }
            guard event.time >= oldest, let word = event.values[0] else { continue }
            let key = UInt64(bitPattern: word)
            var entry =
                found[key]
                ?? TableRow(
                    event: event, sums: [Int64](repeating: 0, count: table.terms[0].count),
                    cameWhenFull: found.count == table.rows, lacksEvents: givenUp[key] != nil)
            if event.order >= entry.event.order { entry.event = event }
            for (sum, term) in table.terms[event.source].enumerated() {
                guard let term else { continue }
                let raw = event.row.logged.event
                if let filter = term.filter, !raw.filters.contains(filter) { continue }
                entry.sums[sum] += term.field == nil ? 1 : raw.values[term.field!] ?? 0
            }
            found[key] = entry
            if found.count > table.rows {
                let oldest = found.min { $0.value.event.order < $1.value.event.order }!
                givenUp[oldest.key] = oldest.value.event.time
                found[oldest.key] = nil
            }
        }
        return found.filter { $0.value.event.time >= Self.oldest(table.remember, at: now) }
    }

    // MARK: Attributes

    /// Every value of an attribute that is remembered, whether there are too many, and whether there
    /// ever were.
    func values(
        _ index: Int, at now: Int64
    ) -> (
        seen: [UInt64: (last: Int64, first: Int64, times: Int64)], overflowed: Bool,
        everOverflowed: Bool
    ) {
        let attribute = group.attributes[index]
        var seen: [UInt64: (last: Int64, first: Int64, times: Int64)] = [:]
        var (overflowed, everOverflowed) = (false, false)
        func forget(_ clock: Int64) {
            let oldest = Self.oldest(attribute.remember, at: clock)
            seen = seen.filter { $0.value.last * 1_000 >= oldest }
            if seen.count < attribute.exact { overflowed = false }
        }
        for row in rows {
            forget(row.clock)
            for source in attribute.sources {
                guard let taken = Self.values(source, row.logged), let word = taken[0],
                    row.logged.event.time >= Self.oldest(attribute.remember, at: row.clock)
                else { continue }
                let time = row.logged.event.time / 1_000
                let known = seen[UInt64(bitPattern: word)] ?? (time, time, 0)
                seen[UInt64(bitPattern: word)] = (
                    max(known.last, time), min(known.first, time), known.times + 1
                )
                if seen.count > attribute.exact { (overflowed, everOverflowed) = (true, true) }
            }
        }
        let oldest = Self.oldest(attribute.remember, at: now)
        return (seen.filter { $0.value.last * 1_000 >= oldest }, overflowed, everOverflowed)
    }

    /// Whether a value that says it is approximate may be: a table that once gave values up cannot
    /// know since when it knows one.
    private func isDoubtful(_ value: FeatureValue, _ read: FeatureRead, at time: Int64) -> Bool {
        guard case .attribute(let read) = read, value.status.flags == .approximate else {
            return false
        }
        switch read.aspect {
        case .distinct, .isNew, .secondsSinceLastSeen: return false
        case .firstSeen, .secondsSinceFirstSeen, .daysSinceFirstSeen, .timesSeen:
            return values(read.attribute, at: max(time, clock)).everOverflowed
        }
    }

    /// Nil where nothing exact can be said: of single values once the table has given some up.
    func value(_ read: AttributeRead, _ event: EngineEvent, at time: Int64) -> FeatureValue? {
        let now = max(time, clock)
        let attribute = group.attributes[read.attribute]
        let (seen, overflowed, _) = values(read.attribute, at: now)
        if case .distinct(let window, let hop) = read.aspect {
            let start = Self.floor(now - window, hop) * hop
            let inside = seen.filter { $0.value.last * 1_000 >= start }
            guard overflowed, inside.count >= attribute.exact else {
                return FeatureValue(
                    Double(inside.count), Status(inside.isEmpty ? .empty : .present))
            }
            let estimate = Self.estimate(inside.keys.map { $0 }, bits: attribute.sketchBits)
            return FeatureValue(Double(estimate), Status(.present, .approximate))
        }
        if case .firstSeen(let window, let hop) = read.aspect {
            guard !overflowed else { return nil }
            let start = Self.floor(now - window, hop) * hop
            let count = seen.count { $0.value.first * 1_000 >= start }
            return FeatureValue(Double(count), Status(count == 0 ? .empty : .present))
        }
        guard let field = read.argument[event.type], let word = event.values[field] else {
            return FeatureValue(read.defaultValue, Status(.absent))
        }
        guard !overflowed else { return nil }
        guard let known = seen[UInt64(bitPattern: word)] else {
            guard read.aspect == .isNew else {
                return FeatureValue(read.defaultValue, Status(.empty))
            }
            let all = values(read.attribute, at: clock).seen
            return FeatureValue(1, Status(all.isEmpty ? .empty : .present))
        }
        let number: Int64 =
            switch read.aspect {
            case .secondsSinceFirstSeen: now / 1_000 - known.first
            case .daysSinceFirstSeen: (now / 1_000 - known.first) / 86_400
            case .secondsSinceLastSeen: now / 1_000 - known.last
            case .timesSeen: known.times
            default: 0
            }
        return FeatureValue(Double(number), Status(.present))
    }

    /// From a fresh HyperLogLog of the values.
    static func estimate(_ hashes: [UInt64], bits: Int) -> Int64 {
        var registers = [Int](repeating: 0, count: 1 << bits)
        for hash in hashes {
            let digits = (0..<64).map { hash >> UInt64(63 - $0) & 1 }
            let register = digits.prefix(bits).reduce(0) { $0 << 1 | Int($1) }
            let zeros = digits.dropFirst(bits).prefix { $0 == 0 }.count
            registers[register] = max(registers[register], min(24, zeros + 1))
        }
        let ranks = (0...24).map { rank in Int32(registers.filter { $0 == rank }.count) }
        return CardinalityEstimate.count(ranks: ranks[...])
    }

    // MARK: Comparing

    func value(_ read: RegisterRead, at time: Int64) -> FeatureValue {
        let now = max(time, clock)
        let declared = group.registers[read.register]
        guard let event = register(read.register, at: now) else {
            return FeatureValue(
                read.defaultValue, Status(declared.isSnapshot ? .absent : .empty))
        }
        let age = now - event.time
        let flags: Status.Flags = declared.maximumAge.map { age > $0 } ?? false ? .stale : []
        switch read.aspect {
        case .secondsSince: return FeatureValue(Double(age / 1_000), Status(.present, flags))
        case .daysSince: return FeatureValue(Double(age / 86_400_000), Status(.present, flags))
        case .value(let index):
            guard let word = event.values[index] else {
                return FeatureValue(read.defaultValue, Status(.absent, flags))
            }
            let number = declared.values[index] == .code ? max(0, word) : word
            return FeatureValue(Double(number), Status(.present, flags))
        }
    }

    /// R1, `exact: true`: what is younger than the window, if the newest rows reach back so far.
    func exactValue(_ read: AggregateRead, _ exact: ExactRead, at time: Int64) -> FeatureValue {
        let now = max(time, clock)
        let list = recent(exact.list, at: clock)
        if list.count == group.recents[exact.list].rows, now - list.last!.time < read.window {
            let tiles = value(read, at: time)
            return FeatureValue(
                tiles.number, Status(tiles.status.kind, tiles.status.flags.union(.approximate)))
        }
        let inside = list.filter { now - $0.time < read.window }
        let values = exact.value.map { index in inside.compactMap { $0.values[index] } }
        let few = read.aggregate == .deviation ? 1 : 0
        guard values?.count ?? inside.count > few else {
            return FeatureValue(read.defaultValue, Status(.empty))
        }
        return FeatureValue(
            Self.number(read.aggregate, of: values ?? [], inside.count), Status(.present))
    }

    /// What differs between a state and the events; nil if nothing does.
    func difference(
        _ state: FeatureState, _ plan: ReadPlan, _ aggregates: [AggregateRead],
        _ event: EngineEvent, _ time: Int64
    ) -> String? {
        let values = state.read(plan, at: time, event: event)
        for (value, read) in zip(values, aggregates) where value != self.value(read, at: time) {
            return "\(read): \(value), not \(self.value(read, at: time))"
        }
        for (value, read) in zip(values.dropFirst(aggregates.count), TestGroup.others)
        where !isDoubtful(value, read, at: time) {
            let expected: FeatureValue? =
                switch read {
                case .attribute(let read): self.value(read, event, at: time)
                case .register(let read): self.value(read, at: time)
                case .aggregate(let read): read.exact.map { exactValue(read, $0, at: time) }
                }
            if let expected, expected != value { return "\(read): \(value), not \(expected)" }
        }
        let now = max(time, clock)
        for index in group.recents.indices {
            let found = state.recent(index, at: time).newestFirst()
            let expected = recent(index, at: now)
            let isEqual =
                found.count == expected.count
                && zip(found, expected).allSatisfy {
                    row, event in
                    (row.time, row.sequence) == event.order
                        && event.values.indices.allSatisfy { row.value($0) == event.values[$0] }
                }
            guard isEqual else { return "recent list \(index)" }
        }
        for index in group.tables.indices {
            let expected = table(index, at: now)
            let found = state.table(index, at: time)
            let rows = found.positions.compactMap { found.row($0) }
            guard rows.count == expected.count else { return "table \(index): \(rows.count) rows" }
            for (key, entry) in expected {
                guard let row = found.row(key: key), (row.time, row.sequence) == entry.event.order,
                    entry.sums.indices.allSatisfy({ row.sum($0) == entry.sums[$0] }),
                    row.isPartial == entry.cameWhenFull, row.isPartial || !entry.lacksEvents
                else { return "table \(index), key \(key)" }
            }
        }
        return classDifference(state, at: now)
    }

    private func classDifference(_ state: FeatureState, at now: Int64) -> String? {
        for (index, measure) in group.measures.enumerated() {
            guard let classes = measure.classes else { continue }
            for (position, tier) in group.tiers.enumerated()
            where measure.tiers >> UInt64(position) & 1 == 1 {
                let start = Self.floor(now - tier.span / 2, tier.hop)
                var expected: [Int64: Int64] = [:]
                for counted in counted(measure)
                where Self.floor(counted.time, tier.hop) >= start {
                    expected[classes(counted.value!), default: 0] += 1
                }
                let found = state.classes(
                    of: index, tier: position, window: tier.span / 2, at: now)
                guard Dictionary(uniqueKeysWithValues: found.counts.map { ($0, $1) }) == expected
                else { return "classes of measure \(index) in tier \(position)" }
            }
        }
        return nil
    }
}
