internal import RPC
internal import Statistics
internal import Wire

/// What shadows say of a version against the one that answers, for whoever decides on a move.
struct ShadowEvidence: Sendable, Equatable {
    /// The shadow with most rows.
    let shadow: String
    /// Calls that both scored.
    let rows: Int
    /// Of the version's scores, in the deciles of the answering one's.
    let stabilityIndex: Double
}

extension ModelRegistry {
    /// What shadows say of a version, on the newest calls that another one answered.
    ///
    /// - Returns: nil if no shadow has scored such a call, or this process keeps no log of shadows.
    func shadowEvidence(
        for version: UInt32, of model: String, against baseline: UInt32
    ) async throws -> ShadowEvidence? {
        guard let log = shadows.log else { return nil }
        return try await Self.translated {
            try await work(.evidence) {
                let end = log.horizon()
                var best: ShadowEvidence?
                for shadow in log.shadows(of: model) {
                    var calls = ComparedCalls(challenger: version, baseline: baseline)
                    try log.visitNewest(model: model, shadow: shadow, before: end) { row, _ in
                        calls.add(row)
                    }
                    let usable = calls.chosen.pairs.filter {
                        $0.champion.isFinite && $0.challenger.isFinite
                    }
                    guard usable.count > best?.rows ?? 0 else { continue }
                    let live = usable.map(\.champion)
                    let reference = ReferenceCells(reference: live)
                    best = ShadowEvidence(
                        shadow: shadow, rows: usable.count,
                        stabilityIndex: PopulationStability.index(
                            reference: reference.counts(live),
                            current: reference.counts(usable.map(\.challenger))))
                }
                return best
            }
        }
    }
}
