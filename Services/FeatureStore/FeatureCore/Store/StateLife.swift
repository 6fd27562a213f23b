internal import FeatureEngine
internal import Storage

/// How long the states of an entity type have something to say (R16).
///
/// An event that comes at `now` is at most `max_late` old. Once a state's clock is older than that
/// by more than any window or memory reaches, the state could only say "nothing".
struct StateLife {
    /// Milliseconds from the state's clock to its end; nil if it has none.
    let keep: Int64?

    static let day: Int64 = 86_400_000

    /// - Parameter maximumLateness: of the events that touch the entity.
    init(_ group: Group, maximumLateness: Int64) {
        keep = group.reach.map { reach in
            let (sum, overflow) = reach.addingReportingOverflow(maximumLateness + Self.day)
            return overflow ? .max : sum
        }
    }

    func isOver(_ state: FeatureState, at now: Int64) -> Bool {
        state.version != 0 && isOver(clock: state.clock, at: now)
    }

    func isOver(clock: Int64, at now: Int64) -> Bool {
        guard let keep else { return false }
        return now > clock && now - clock > keep
    }
}

extension DefinitionSet {
    /// Per entity.
    var lives: [StateLife] {
        entities.indices.map { entity in
            let touching = events.filter { $0.touches.contains { $0.entity == entity } }
            return StateLife(
                entities[entity].group,
                maximumLateness: touching.map(\.maximumLateness).max() ?? 0)
        }
    }
}
