/// An event of one state, as it was applied to it.
public struct AppliedEvent: Sendable {
    public let event: EngineEvent
    public let touches: UInt64
    public let sequence: UInt64
    /// The state's clock once the event was applied.
    public let clock: Int64

    public init(event: EngineEvent, touches: UInt64, sequence: UInt64, clock: Int64) {
        self.event = event
        self.touches = touches
        self.sequence = sequence
        self.clock = clock
    }
}

/// The events of one tile that a value counts.
public struct ContributingTile: Hashable, Sendable {
    /// Milliseconds since 1970.
    public let start: Int64
    /// Milliseconds.
    public let length: Int64
    /// Ascending.
    public let sequences: [UInt64]
}

extension Group {
    /// The events that a feature's value counts, tile by tile; one tile of length 0 for what is not
    /// kept in tiles.
    ///
    /// - Parameters:
    ///   - events: all events of the state, in the order in which they were applied.
    ///   - time: that of the read, not before the state's clock.
    ///   - event: the event at hand, whose value features of an attribute ask for.
    public func contributions(
        _ events: [AppliedEvent], to read: FeatureRead, at time: Int64, event: EngineEvent? = nil
    ) -> [ContributingTile] {
        switch read {
        case .aggregate(let read): contributions(events, to: read, at: time)
        case .attribute(let read): untiled(contributions(events, to: read, at: time, event))
        case .register(let read): untiled(contributions(events, to: read, at: time))
        }
    }

    private func untiled(_ sequences: [UInt64]) -> [ContributingTile] {
        sequences.isEmpty
            ? [] : [ContributingTile(start: 0, length: 0, sequences: sequences.sorted())]
    }

    private func contributions(
        _ events: [AppliedEvent], to read: AggregateRead, at time: Int64
    ) -> [ContributingTile] {
        let tier = tiers[read.tier]
        let (first, end) = AggregateRead.tiles(tier, window: read.window, lag: read.lag, at: time)
        let start = exactStart(of: read, events, at: time)
        var tiles: [Int64: [UInt64]] = [:]
        for applied in events {
            let counted = [read.measure, read.per].compactMap { $0 }.compactMap {
                self.time(of: applied, in: measures[$0], at: $0)
            }
            for moment in Set(counted) {
                let tile = moment.floorDivided(by: tier.hop)
                // A tier that had passed the tile when the event came did not take it (R6).
                guard tile >= first, tile < end,
                    tile >= (applied.clock - tier.span).floorDivided(by: tier.hop),
                    start.map({ moment > $0 }) ?? true
                else { continue }
                tiles[tile, default: []].append(applied.sequence)
            }
        }
        return tiles.sorted { $0.key < $1.key }.map {
            ContributingTile(
                start: $0.key * tier.hop, length: tier.hop, sequences: $0.value.sorted())
        }
    }

    /// Before what an exact aggregate counts nothing; nil if tiles answer, as where there were more
    /// events than the list of the newest has rows (R1).
    private func exactStart(
        of read: AggregateRead, _ events: [AppliedEvent], at time: Int64
    ) -> Int64? {
        guard let exact = read.exact else { return nil }
        let start = time - read.window
        let list = recents[exact.list]
        let rows = newestRows(of: list, events, at: time)
        return rows.count == list.rows && rows[0].time > start ? nil : start
    }

    /// The remembered rows of a recent list, oldest first.
    private func newestRows(
        of list: RecentList, _ events: [AppliedEvent], at time: Int64
    ) -> [(time: Int64, sequence: UInt64)] {
        let oldest = Retention(list.remember).oldest(at: time)
        let rows = events.flatMap { applied in
            list.sources.filter { $0.takes(applied.event, touches: applied.touches) }
                .map { _ in (time: applied.event.time, sequence: applied.sequence) }
        }
        return rows.sorted { $0 < $1 }.suffix(list.rows).filter { $0.time >= oldest }
    }

    /// The time under which a measure counts the event; nil if it does not.
    private func time(of applied: AppliedEvent, in measure: Measure, at position: Int) -> Int64? {
        for source in measure.sources where source.event == applied.event.type {
            guard let take = EventProgram.MeasureTake(measure, at: position, source),
                let taken = Taken(take, applied.event, touches: applied.touches)
            else { continue }
            return taken.time
        }
        return nil
    }

    private func contributions(
        _ events: [AppliedEvent], to read: AttributeRead, at time: Int64, _ event: EngineEvent?
    ) -> [UInt64] {
        let attribute = attributes[read.attribute]
        if case .firstSeen(let window, let hop) = read.aspect {
            return firstSeen(
                events, attribute, since: (time - window).floorDivided(by: hop) * hop, at: time)
        }
        var start = Retention(attribute.remember).oldest(at: time)
        var wanted: Int64?
        if case .distinct(let window, let hop) = read.aspect {
            start = max(start, (time - window).floorDivided(by: hop) * hop)
        } else {
            let field = event.flatMap {
                $0.type < read.argument.count ? read.argument[$0.type] : nil
            }
            guard let event, let field, let value = event.values[field] else { return [] }
            wanted = value
        }
        return events.filter { applied in
            guard applied.event.time >= start else { return false }
            return attribute.sources.contains { source in
                guard source.takes(applied.event, touches: applied.touches),
                    let value = source.value(0, of: applied.event)
                else { return false }
                return wanted.map { $0 == value } ?? true
            }
        }
        .map(\.sequence)
    }

    /// Of each value that is remembered and was first seen since `start`, the event that saw it first.
    private func firstSeen(
        _ events: [AppliedEvent], _ attribute: Attribute, since start: Int64, at time: Int64
    ) -> [UInt64] {
        struct Seen {
            var first: (time: Int64, sequence: UInt64)
            var last: Int64
        }
        let retention = Retention(attribute.remember)
        var seen: [Int64: Seen] = [:]
        for applied in events {
            let oldest = retention.oldest(at: applied.clock)
            for source in attribute.sources
            where source.takes(applied.event, touches: applied.touches)
                && applied.event.time >= oldest
            {
                guard let value = source.value(0, of: applied.event) else { continue }
                let place = (time: applied.event.time, sequence: applied.sequence)
                guard var known = seen[value], known.last >= oldest else {
                    seen[value] = Seen(first: place, last: place.time)
                    continue
                }
                if place < known.first { known.first = place }
                known.last = max(known.last, place.time)
                seen[value] = known
            }
        }
        let oldest = retention.oldest(at: time)
        return seen.values.filter { $0.last >= oldest && $0.first.time >= start }
            .map(\.first.sequence)
    }

    private func contributions(
        _ events: [AppliedEvent], to read: RegisterRead, at time: Int64
    ) -> [UInt64] {
        let register = registers[read.register]
        let oldest = Retention(register.remember).oldest(at: time)
        let taken = events.filter { applied in
            applied.event.time >= oldest
                && register.sources.contains {
                    $0.takes(applied.event, touches: applied.touches)
                }
        }
        func precedes(_ a: AppliedEvent, _ b: AppliedEvent) -> Bool {
            (a.event.time, a.sequence) < (b.event.time, b.sequence)
        }
        let kept =
            register.keeps == .newest ? taken.max(by: precedes) : taken.min(by: precedes)
        return kept.map { [$0.sequence] } ?? []
    }
}

// MARK: - Tables and recent lists

extension Group {
    /// The events that the remembered rows of a recent list are of.
    public func contributions(
        _ events: [AppliedEvent], toRecent list: Int, at time: Int64
    ) -> [ContributingTile] {
        let rows = newestRows(of: recents[list], events, at: time)
        return untiled(Array(Set(rows.map(\.sequence))))
    }

    /// The events that the remembered rows of a table were made of: a row that had to go takes its
    /// events with it, and begins anew with the next of its key.
    public func contributions(
        _ events: [AppliedEvent], toTable table: Int, at time: Int64
    ) -> [ContributingTile] {
        struct Row {
            var newest: (time: Int64, sequence: UInt64)
            var sequences: Set<UInt64> = []
        }
        let table = tables[table]
        let retention = Retention(table.remember)
        var rows: [Int64: Row] = [:]
        for applied in events {
            let oldest = retention.oldest(at: applied.clock)
            rows = rows.filter { $0.value.newest.time >= oldest }
            for source in table.sources
            where source.takes(applied.event, touches: applied.touches)
                && applied.event.time >= oldest
            {
                guard let key = source.value(0, of: applied.event) else { continue }
                let place = (time: applied.event.time, sequence: applied.sequence)
                var row = rows[key] ?? Row(newest: place)
                if row.newest < place { row.newest = place }
                row.sequences.insert(applied.sequence)
                rows[key] = row
                guard rows.count > table.rows else { continue }
                let oldest = rows.min { $0.value.newest < $1.value.newest }
                if let oldest { rows[oldest.key] = nil }
            }
        }
        let oldest = retention.oldest(at: time)
        let kept = rows.values.filter { $0.newest.time >= oldest }
        return untiled(Array(Set(kept.flatMap(\.sequences))))
    }
}
