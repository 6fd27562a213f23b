/// The features read from one state, compiled so that what features share is computed once: the
/// tiles of a window are found once for all its features, and a counter is added up once.
public struct ReadPlan: Sendable {
    /// All features of one window of one tier.
    struct Window: Sendable {
        let tier: Int
        let window: Int64
        let lag: Int64?
        /// Of ``ReadPlan/counters`` and ``ReadPlan/outputs``.
        let counters: Range<Int>
        let outputs: Range<Int>
    }

    /// One measure in a window, with what its features need of it.
    struct Counter: Sendable {
        let measure: Int
        let columns: MeasureColumns
        let statistics: Measure.Statistics
    }

    /// One feature: positions count within the window's counters.
    struct Output: Sendable {
        let position: Int
        let aggregate: Aggregate
        let counter: Int
        /// −1 if nothing divides.
        let per: Int
        let defaultValue: Double
    }

    /// The windows with the event at hand come last.
    private(set) var windows: [Window] = []
    private(set) var counters: [Counter] = []
    private(set) var outputs: [Output] = []
    /// How many of the windows are read before the event is applied.
    private(set) var windowsBefore = 0
    /// The most counters of a window.
    private(set) var maximumCounters = 0
    public let count: Int

    /// The tiers keep the measures that are read from them: a plan is made by a compiler.
    public init(_ reads: [AggregateRead], group: Group) {
        count = reads.count
        struct Key: Hashable, Comparable {
            let isAfter: Int
            let tier: Int
            let window: Int64
            let lag: Int64

            static func < (a: Key, b: Key) -> Bool {
                (a.isAfter, a.tier, a.window, a.lag) < (b.isAfter, b.tier, b.window, b.lag)
            }
        }
        let keyed = Dictionary(grouping: reads.enumerated()) {
            Key(
                isAfter: $0.element.includesSelf ? 1 : 0, tier: $0.element.tier,
                window: $0.element.window, lag: $0.element.lag ?? -1)
        }
        for key in keyed.keys.sorted() {
            add((keyed[key] ?? []).map { ($0.offset, $0.element) }, group)
            if key.isAfter == 0 { windowsBefore = windows.count }
        }
    }

    /// Adds the features of one window.
    private mutating func add(_ reads: [(position: Int, read: AggregateRead)], _ group: Group) {
        guard let first = reads.first?.read else { return }
        let layout = group.layouts[first.tier]
        precondition(first.window + (first.lag ?? 0) <= layout.tier.span)
        var needs: [Int: Measure.Statistics] = [:]
        for (_, read) in reads {
            needs[read.measure, default: []].formUnion(read.aggregate.statistics)
            if let per = read.per { needs[per, default: []].formUnion([]) }
        }
        let measures = needs.keys.sorted()
        let (startOfCounters, startOfOutputs) = (counters.count, outputs.count)
        for measure in measures {
            let columns = layout.columns[measure]
            let statistics = needs[measure] ?? []
            precondition(columns.isKept, "the tier does not keep the measure")
            precondition(group.measures[measure].statistics.isSuperset(of: statistics))
            counters.append(Counter(measure: measure, columns: columns, statistics: statistics))
        }
        func counter(of measure: Int) -> Int { measures.firstIndex(of: measure) ?? -1 }
        for (position, read) in reads {
            outputs.append(
                Output(
                    position: position, aggregate: read.aggregate,
                    counter: counter(of: read.measure), per: read.per.map(counter) ?? -1,
                    defaultValue: read.defaultValue))
        }
        windows.append(
            Window(
                tier: first.tier, window: first.window, lag: first.lag,
                counters: startOfCounters..<counters.count,
                outputs: startOfOutputs..<outputs.count))
        maximumCounters = max(maximumCounters, measures.count)
    }
}
