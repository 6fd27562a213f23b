internal import AssayMessages
internal import FeatureEngine
internal import Wire

/// Watches what a store takes and serves: statistics of vectors, the newest row of each type.
package final class QualityMonitor: Sendable {
    let recorder = StatisticsRecorder()
    let freshness: FreshnessTable
    /// By position in the definition set.
    let vectors: [StatisticsStore.Vector]
    private let isCategory: [[Bool]]
    /// Names of the event types.
    private let types: [String]

    /// - Parameter before: what watched under the definitions before; its newest rows stay known.
    init(_ definitions: DefinitionSet, following before: QualityMonitor? = nil) {
        types = definitions.events.map(\.name)
        freshness = FreshnessTable(types: definitions.events.count)
        for (type, name) in (before?.types ?? []).enumerated() {
            guard let newest = before?.freshness.newest(type: type),
                let same = definitions.event(named: name)
            else { continue }
            freshness.saw(type: same, time: newest.time, received: newest.received)
        }
        vectors = definitions.vectors.map { vector in
            StatisticsStore.Vector(
                name: "\(vector.name)@\(vector.version)", features: vector.columns.map(\.name))
        }
        isCategory = definitions.vectors.map { vector in
            vector.columns.map {
                if case .category = definitions.features.features[$0.feature].type {
                    true
                } else {
                    false
                }
            }
        }
    }

    /// Per position of a vector, whether its value is a code.
    func isCategory(of vector: StatisticsStore.Vector) -> [Bool] {
        vectors.firstIndex { $0.name == vector.name }.map { isCategory[$0] } ?? []
    }

    /// A vector as a caller got it.
    func served(_ vector: AssayFeaturesV1.Vector, at position: Int, tenant: String, now: Int64) {
        guard vectors.indices.contains(position) else { return }
        recorder.record(
            tenant: tenant, vector: vectors[position].name, values: vector.values,
            status: vector.status, isCategory: isCategory[position], now: now)
    }

    /// An event that was recorded.
    func recorded(_ event: ResolvedEvent, received: Int64) {
        freshness.saw(type: event.type, time: event.time, received: received)
    }
}
