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

    /// One source of a register, an attribute, a table or a recent list.
    struct Feed: Sendable {
        let target: Int
        let source: Source
        /// What a table's source adds to its sums.
        var terms: [KeyedTable.Term?] = []
    }

    var measures: [MeasureTake] = []
    var registers: [Feed] = []
    var attributes: [Feed] = []
    var tables: [Feed] = []
    var recents: [Feed] = []

    /// The programs of all event types up to the last that changes anything.
    static func compile(
        measures: [Measure], registers: [Register], attributes: [Attribute], tables: [KeyedTable],
        recents: [RecentList]
    ) -> [EventProgram] {
        var programs: [EventProgram] = []
        func feed(
            _ list: WritableKeyPath<EventProgram, [Feed]>, _ target: Int, _ sources: [Source],
            _ terms: [[KeyedTable.Term?]] = []
        ) {
            for (index, source) in sources.enumerated() {
                programs.grow(to: source.event)
                programs[source.event][keyPath: list].append(
                    Feed(
                        target: target, source: source,
                        terms: index < terms.count ? terms[index] : []))
            }
        }
        for (position, measure) in measures.enumerated() {
            for source in measure.sources {
                guard let take = MeasureTake(measure, at: position, source) else { continue }
                programs.grow(to: source.event)
                programs[source.event].measures.append(take)
            }
        }
        for (index, register) in registers.enumerated() {
            feed(\.registers, index, register.sources)
        }
        for (index, attribute) in attributes.enumerated() {
            feed(\.attributes, index, attribute.sources)
        }
        for (index, table) in tables.enumerated() {
            feed(\.tables, index, table.sources, table.terms)
        }
        for (index, list) in recents.enumerated() { feed(\.recents, index, list.sources) }
        return programs
    }
}

extension [EventProgram] {
    fileprivate mutating func grow(to event: Int) {
        while count <= event { append(EventProgram()) }
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
    init?(_ take: EventProgram.MeasureTake, _ event: EngineEvent, touches: UInt64) {
        guard touches & take.touch != 0, take.filter < 0 || event.filters.contains(take.filter)
        else { return nil }
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
