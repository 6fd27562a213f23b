internal import AssayMessages
internal import Synchronization

/// Counts looks by what they said.
public final class LookTally: Sendable {
    private struct Key: Hashable {
        let experiment: String
        let verdict: String
    }

    private let tally = Mutex<[Key: Int]>([:])

    public init() {}

    public func add(_ event: ExperimentLooks.Event) {
        let key =
            switch event {
            case .looked(let look): Key(experiment: look.experiment, verdict: "\(look.verdict)")
            case .failed(let experiment, _): Key(experiment: experiment, verdict: "failed")
            }
        tally.withLock { $0[key, default: 0] += 1 }
    }

    /// Sorted by experiment, then by verdict.
    public var counts: [(experiment: String, verdict: String, count: Int)] {
        tally.withLock { $0 }.map { ($0.key.experiment, $0.key.verdict, $0.value) }
            .sorted { ($0.experiment, $0.verdict) < ($1.experiment, $1.verdict) }
    }
}
