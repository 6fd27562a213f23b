/// The counters that an entity's features need, each once, and where they are kept.
struct MeasureTable {
    private struct Need {
        var sources: [Source]
        var statistics: Measure.Statistics
        let classes: Measure.Classes?
        var tiers: Set<Tier>
        /// The meaning of the sources without the value, and whether every event has the value.
        let events: String
        let isAlwaysThere: Bool
    }

    private var needs: [String: Need] = [:]
    private var lags: [Int64] = []

    /// Stands for the tier of lagged windows, whose length is known once all of them are.
    static let lagged = Tier(span: Tier.laggedHop, hop: Tier.laggedHop)

    /// - Parameters:
    ///   - events: what the sources mean without the value; `meaning`: with it.
    ///   - isAlwaysThere: no event of the sources lacks the value.
    mutating func add(
        _ sources: [Source], meaning: String, events: String,
        statistics: Measure.Statistics = [], classes: Measure.Classes? = nil, tiers: [Tier],
        isAlwaysThere: Bool = false
    ) {
        var need =
            needs[meaning]
            ?? Need(
                sources: sources, statistics: [], classes: classes, tiers: [], events: events,
                isAlwaysThere: isAlwaysThere)
        need.statistics.formUnion(statistics)
        need.tiers.formUnion(tiers)
        needs[meaning] = need
    }

    mutating func addLag(reach: Int64) { lags.append(reach) }

    /// The counters and tiers in their final order.
    func compiled() -> CompiledMeasures {
        var needs = needs
        var shared: [String: String] = [:]
        // Events are counted where their values are, if none lacks the value.
        let keys = needs.keys.sorted()
        for key in keys {
            guard let need = needs[key], need.sources.allSatisfy({ $0.values.isEmpty }) else {
                continue
            }
            let same = keys.first {
                guard let other = needs[$0] else { return false }
                return other.isAlwaysThere && other.classes == nil && other.events == need.events
                    && !other.sources.allSatisfy { $0.values.isEmpty }
            }
            if let same {
                needs[same]?.tiers.formUnion(need.tiers)
                needs[key] = nil
                shared[key] = same
            }
        }
        let declared = needs.values.reduce(into: Set<Tier>()) { $0.formUnion($1.tiers) }
        let tiers = declared.sorted { ($0.span, $0.hop) < ($1.span, $1.hop) }
        let order = needs.keys.sorted()
        let measures = order.compactMap { key in
            needs[key].map { need in
                Measure(
                    sources: need.sources, statistics: need.statistics, classes: need.classes,
                    tiers: tiers.enumerated().reduce(0) {
                        need.tiers.contains($1.element) ? $0 | 1 << UInt64($1.offset) : $0
                    })
            }
        }
        let positions = Dictionary(
            uniqueKeysWithValues: order.enumerated().map { ($0.element, $0.offset) })
        return CompiledMeasures(
            tiers: tiers.map { $0 == Self.lagged ? .lagged(reach: lags.max() ?? 0) : $0 },
            measures: measures, meanings: order,
            positions: positions.merging(
                shared.compactMapValues { positions[$0] }, uniquingKeysWith: { a, _ in a }),
            tierPositions: Dictionary(
                uniqueKeysWithValues: tiers.enumerated().map { ($0.element, $0.offset) }))
    }
}

/// Counters and tiers by position.
struct CompiledMeasures {
    let tiers: [Tier]
    let measures: [Measure]
    /// Of each measure.
    let meanings: [String]
    /// By meaning.
    let positions: [String: Int]
    /// The placeholder of lagged windows stands for their tier.
    let tierPositions: [Tier: Int]
}
