/// The features read from one state, compiled so that what features share is computed once: the
/// tiles of a window are found once for all its features, and a counter is added up once.
public final class ReadPlan: Sendable {
    /// All features of one window of one tier.
    struct Window: Sendable {
        let tier: Int
        let bounds: Tier
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

    /// What is read before the event at hand is applied, or after.
    struct Part: Sendable {
        var windows: [Window] = []
        var exact: [(position: Int, read: AggregateRead)] = []
        var attributes: [AttributePass] = []
        var registers: [(position: Int, read: RegisterRead)] = []
    }

    let counters: [Counter]
    let outputs: [Output]
    let before: Part
    let after: Part
    /// The most counters of a window.
    let maximumCounters: Int
    public let count: Int

    /// A plan of aggregates alone.
    public convenience init(_ reads: [AggregateRead], group: Group) {
        self.init(reads.map { FeatureRead.aggregate($0) }, group: group)
    }

    /// What a read names, the group has: a plan is made by a compiler.
    public init(_ reads: [FeatureRead], group: Group) {
        count = reads.count
        let numbered = reads.enumerated().map { (position: $0.offset, read: $0.element) }
        var draft = ReadPlanDraft()
        before = draft.part(numbered.filter { !$0.read.includesSelf }, group)
        after = draft.part(numbered.filter { $0.read.includesSelf }, group)
        counters = draft.counters
        outputs = draft.outputs
        maximumCounters = draft.maximumCounters
    }
}

/// A plan while it is put together.
private struct ReadPlanDraft {
    private(set) var counters: [ReadPlan.Counter] = []
    private(set) var outputs: [ReadPlan.Output] = []
    private(set) var maximumCounters = 0

    mutating func part(
        _ reads: [(position: Int, read: FeatureRead)], _ group: Group
    ) -> ReadPlan.Part {
        var part = ReadPlan.Part()
        var aggregates: [WindowKey: [(position: Int, read: AggregateRead)]] = [:]
        for (position, read) in reads {
            switch read {
            case .aggregate(let read):
                aggregates[WindowKey(read), default: []].append((position, read))
                if read.exact != nil { part.exact.append((position, read)) }
            case .attribute(let read):
                precondition(read.attribute < group.attributes.count)
                part.add(read, position, group)
            case .register(let read):
                precondition(read.register < group.registers.count)
                part.registers.append((position, read))
            }
        }
        for key in aggregates.keys.sorted() {
            if let window = add(aggregates[key] ?? [], group) { part.windows.append(window) }
        }
        return part
    }

    private struct WindowKey: Hashable, Comparable {
        let tier: Int
        let window: Int64
        let lag: Int64

        init(_ read: AggregateRead) {
            tier = read.tier
            window = read.window
            lag = read.lag ?? -1
        }

        static func < (a: WindowKey, b: WindowKey) -> Bool {
            (a.tier, a.window, a.lag) < (b.tier, b.window, b.lag)
        }
    }

    /// Adds the features of one window.
    private mutating func add(
        _ reads: [(position: Int, read: AggregateRead)], _ group: Group
    ) -> ReadPlan.Window? {
        guard let first = reads.first?.read else { return nil }
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
            counters.append(
                ReadPlan.Counter(measure: measure, columns: columns, statistics: statistics))
        }
        func counter(of measure: Int) -> Int { measures.firstIndex(of: measure) ?? -1 }
        for (position, read) in reads {
            outputs.append(
                ReadPlan.Output(
                    position: position, aggregate: read.aggregate,
                    counter: counter(of: read.measure), per: read.per.map(counter) ?? -1,
                    defaultValue: read.defaultValue))
        }
        maximumCounters = max(maximumCounters, measures.count)
        return ReadPlan.Window(
            tier: first.tier, bounds: layout.tier, window: first.window, lag: first.lag,
            counters: startOfCounters..<counters.count, outputs: startOfOutputs..<outputs.count)
    }
}

extension ReadPlan.Part {
    fileprivate mutating func add(_ read: AttributeRead, _ position: Int, _ group: Group) {
        let known = attributes.firstIndex { $0.attribute == read.attribute }
        if known == nil {
            attributes.append(
                AttributePass(
                    attribute: read.attribute,
                    retention: Retention(group.attributes[read.attribute].remember)))
        }
        let index = known ?? attributes.count - 1
        let (window, hop): (Int64, Int64)
        switch read.aspect {
        case .distinct(let length, let tile), .firstSeen(let length, let tile):
            (window, hop) = (length, tile)
        default:
            attributes[index].lookups.append((position, read))
            return
        }
        precondition(hop > 0 && hop % 1_000 == 0 && window >= hop)
        let output = (position: position, defaultValue: read.defaultValue)
        if case .firstSeen = read.aspect {
            attributes[index].firsts.append(
                AttributePass.Window(window: window, hop: hop, outputs: [output]))
            return
        }
        let same = attributes[index].windows.firstIndex { $0.window == window && $0.hop == hop }
        if let same {
            attributes[index].windows[same].outputs.append(output)
        } else {
            attributes[index].windows.append(
                AttributePass.Window(window: window, hop: hop, outputs: [output]))
        }
    }
}
