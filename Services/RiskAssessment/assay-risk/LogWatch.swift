import Dispatch
import RiskCore
import ServiceRuntime
import Storage

/// Says whether decisions can be written down, and brings the log back when they can again.
struct LogWatch: Sendable {
    private static let interval: Duration = .milliseconds(500)

    private let recovery: LogRecovery
    private let health: Health.Component
    private let tell: @Sendable (String) -> Void
    /// Looking at the log waits for the disk.
    private let queue = DispatchQueue(label: "assay.risk.log-watch")

    init(_ store: ReopenableStore, _ log: DecisionLog, _ environment: ServiceEnvironment) {
        recovery = LogRecovery(store: store, log: log)
        health = environment.health.component("decision log")
        health.markReady()
        tell = { [logger = environment.logger] in logger.warning("\($0)") }
    }

    /// Runs until the task is cancelled.
    func run() async {
        var isRefusing = false
        while !Task.isCancelled {
            switch await step() {
            case .writable: break
            case .refusing(let reason):
                health.markUnready(reason)
                if !isRefusing { tell("the decision log refuses: \(reason)") }
                isRefusing = true
            case .recovered:
                health.markReady()
                tell("the decision log takes decisions again")
                isRefusing = false
            }
            try? await Task.sleep(for: Self.interval)
        }
    }

    private func step() async -> LogRecovery.Status {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: recovery.step()) }
        }
    }
}
