internal import AssayMessages

/// How the rows of a shadow fared in this process, for its metrics.
public struct ShadowActivity: Sendable {
    public let model: String
    public let shadow: String
    /// By what became of them.
    public let counts: [(outcome: String, count: UInt64)]
    public let waiting: UInt64
    /// It has been at one row for too long.
    public let isStuck: Bool
}

extension ModelRegistry {
    /// Of the shadows that run, by model and name.
    public var shadowActivity: [ShadowActivity] {
        let now = Predictor.nanoseconds()
        return shadows.lanes.map { lane in
            let found = lane.activity(now: now)
            return ShadowActivity(
                model: lane.model, shadow: lane.name,
                counts: [
                    ("offered", found.offered), ("dropped", found.dropped),
                    ("scored", found.scored), ("failed", found.failed), ("late", found.late),
                    ("lost", found.lost),
                ], waiting: found.waiting, isStuck: found.stuck)
        }
    }
}
