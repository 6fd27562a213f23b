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

    var measures: [MeasureTake] = []

    /// The programs of all event types up to the last that changes anything.
    static func compile(measures: [Measure]) -> [EventProgram] {
        var programs: [EventProgram] = []
        func change(_ event: Int, _ body: (inout EventProgram) -> Void) {
            while programs.count <= event { programs.append(EventProgram()) }
            body(&programs[event])
        }
        for (position, measure) in measures.enumerated() {
            for source in measure.sources {
                guard let take = MeasureTake(measure, at: position, source) else { continue }
                change(source.event) { $0.measures.append(take) }
            }
        }
        return programs
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
