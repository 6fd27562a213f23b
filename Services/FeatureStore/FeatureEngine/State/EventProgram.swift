internal import RuleLanguage

/// What an event of one type changes in a state of a group.
struct EventProgram: Sendable {
    /// One source of one measure.
    struct MeasureTake: Sendable {
        let measure: Int
        let touch: UInt64
        /// −1 if there is none; so with the others.
        let filter: Int
        let value: Int
        let time: Int
        let takesLogarithm: Bool
        let classes: Measure.Classes?

        init?(_ measure: Measure, at position: Int, _ source: Source) {
            if let value = source.values.first, value == nil { return nil }
            self.measure = position
            touch = 1 << UInt64(source.touch)
            filter = source.filter ?? -1
            value = source.values.first.flatMap { $0 } ?? -1
            time = source.time ?? -1
            takesLogarithm = measure.statistics.contains(.logarithms)
            classes = measure.classes
        }
    }

    /// One source of a register, an attribute, a table or a recent list, and what an event from it
    /// needs to know of that. A class, so that going through them copies nothing.
    final class Feed: Sendable {
        let target: Int
        let source: Source
        let retention: Retention
        let layout: ValueLayout
        /// Rows kept at most.
        let limit: Int
        let keepsOldest: Bool
        let sketchBits: Int
        /// Whether values are hashes, which a sketch takes as they are.
        let isHashed: Bool
        /// What a table's source adds to its sums.
        let terms: [KeyedTable.Term?]

        init(
            _ target: Int, _ source: Source, remember: Int64?, _ layout: ValueLayout,
            limit: Int = 1, keepsOldest: Bool = false, sketchBits: Int = 0,
            isHashed: Bool = true, terms: [KeyedTable.Term?] = []
        ) {
            self.target = target
            self.source = source
            retention = Retention(remember)
            self.layout = layout
            self.limit = limit
            self.keepsOldest = keepsOldest
            self.sketchBits = sketchBits
            self.isHashed = isHashed
            self.terms = terms
        }

        /// The word of a value as a sketch takes it: of evenly spread bits.
        func sketched(_ word: UInt64) -> UInt64 { isHashed ? word : SplitMix64.mixed(word) }

        /// Whether the event comes from here, and is not forgotten already.
        func takes(_ event: EngineEvent, touches: UInt64, clock: Int64) -> Bool {
            source.takes(event, touches: touches)
                && (event.time == clock || event.time >= retention.oldest(at: clock))
        }
    }

    var measures: [MeasureTake] = []
    var registers: [Feed] = []
    var attributes: [Feed] = []
    var tables: [Feed] = []
    var recents: [Feed] = []

    mutating func addFeeds(of register: Register, at target: Int, event: Int) {
        for source in register.sources where source.event == event {
            registers.append(
                Feed(
                    target, source, remember: register.remember,
                    ValueLayout(time: 0, kinds: register.values),
                    keepsOldest: register.keeps == .oldest))
        }
    }

    mutating func addFeeds(of attribute: Attribute, at target: Int, event: Int) {
        for source in attribute.sources where source.event == event {
            attributes.append(
                Feed(
                    target, source, remember: attribute.remember, ValueLayout(time: 0, kinds: []),
                    limit: attribute.exact, sketchBits: attribute.sketchBits,
                    isHashed: attribute.kind == .hash))
        }
    }

    mutating func addFeeds(of table: KeyedTable, at target: Int, event: Int) {
        for (index, source) in table.sources.enumerated() where source.event == event {
            tables.append(
                Feed(
                    target, source, remember: table.remember, table.layout, limit: table.rows,
                    terms: index < table.terms.count ? table.terms[index] : []))
        }
    }

    mutating func addFeeds(of list: RecentList, at target: Int, event: Int) {
        for source in list.sources where source.event == event {
            recents.append(
                Feed(
                    target, source, remember: list.remember,
                    ValueLayout(time: 0, kinds: list.values), limit: list.rows))
        }
    }

    mutating func addTakes(of measure: Measure, at position: Int, event: Int) {
        measures += measure.sources.filter { $0.event == event }
            .compactMap { MeasureTake(measure, at: position, $0) }
    }
}

extension Group {
    /// The programs of all event types up to the last that changes anything.
    static func programs(
        _ measures: [Measure], _ registers: [Register], _ attributes: [Attribute],
        _ tables: [KeyedTable], _ recents: [RecentList]
    ) -> [EventProgram] {
        let sources =
            measures.flatMap(\.sources) + registers.flatMap(\.sources)
            + attributes.flatMap(\.sources) + tables.flatMap(\.sources)
            + recents.flatMap(\.sources)
        return (0..<(sources.map { $0.event + 1 }.max() ?? 0)).map { event in
            var program = EventProgram()
            for (index, measure) in measures.enumerated() {
                program.addTakes(of: measure, at: index, event: event)
            }
            for (index, register) in registers.enumerated() {
                program.addFeeds(of: register, at: index, event: event)
            }
            for (index, attribute) in attributes.enumerated() {
                program.addFeeds(of: attribute, at: index, event: event)
            }
            for (index, table) in tables.enumerated() {
                program.addFeeds(of: table, at: index, event: event)
            }
            for (index, list) in recents.enumerated() {
                program.addFeeds(of: list, at: index, event: event)
            }
            return program
        }
    }
}

/// What one event adds to one measure, whatever the tier.
struct Taken {
    let measure: Int
    /// Milliseconds: decides the tile.
    let time: Int64
    let hasValue: Bool
    let value: Int64
    let logarithm: Int64
    let valueClass: Int64

    /// Nil if the event does not come from this source.
    @inline(__always)
    init?(
        _ take: borrowing EventProgram.MeasureTake, _ event: borrowing EngineEvent, touches: UInt64
    ) {
        guard touches & take.touch != 0 else { return nil }
        let filter = take.filter
        if filter >= 0, !event.filters.contains(filter) { return nil }
        measure = take.measure
        if take.time < 0 {
            time = event.time
        } else {
            guard let named = event.values[take.time] else { return nil }
            time = max(0, min(named, event.time))
        }
        hasValue = take.value >= 0
        guard hasValue else {
            (value, logarithm, valueClass) = (0, 0, 0)
            return
        }
        guard let word = event.values[take.value] else { return nil }
        value = word
        logarithm = take.takesLogarithm ? Logarithm.ln1024(word) : 0
        valueClass = take.classes.map { $0(word) } ?? 0
    }
}
