internal import AssayMessages
internal import Synchronization

/// Counts what goes wrong while calls are divided.
public final class ExperimentObserver: Sendable {
    private let undecided = Mutex<[String: Int]>([:])

    public init() {}

    func targetingFailed(_ experiments: [String]) {
        guard !experiments.isEmpty else { return }
        undecided.withLock { counts in
            for name in experiments { counts[name, default: 0] += 1 }
        }
    }

    /// Calls whose targeting erred, by experiment: they were not targeted.
    public var undecidedCalls: [(experiment: String, count: Int)] {
        undecided.withLock { $0 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
