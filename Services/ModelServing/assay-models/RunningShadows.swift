import Foundation
import ModelCore
import Observability
import ServiceRuntime
import Storage

/// Shadows in this process: the threads that score for them, and the log of what they said.
struct RunningShadows {
    /// How often expired rows are removed where no new ones come.
    private static let trimInterval = Duration.seconds(3_600)

    let log: ShadowLog
    private let runner: ShadowRunner

    init(
        _ registry: ModelRegistry, _ store: RocksDBStore, _ environment: ServiceEnvironment
    ) throws {
        let log = try ShadowLog(store: store, now: WallClock.now)
        self.log = log
        runner = ShadowRunner(registry, log: log)
        environment.metrics.collect { Self.writeMetrics(registry, log, &$0) }
    }

    /// - Parameter outcomes: what came of the calls that are compared.
    func service(
        _ registry: ModelRegistry, _ outcomes: OutcomeLog
    ) -> ModelMonitoringService {
        ModelMonitoringService(
            ShadowComparer(registry, log: log, outcomes: outcomes),
            replica: ProcessInfo.processInfo.hostName)
    }

    /// Removes what has expired, until the task is cancelled.
    func trim() async {
        while !Task.isCancelled {
            log.trim()
            try? await Task.sleep(for: Self.trimInterval)
        }
    }

    /// Ends the scoring, and writes what was scored. Blocks.
    func close() {
        runner.close()
        log.drain()
    }

    private static func writeMetrics(
        _ registry: ModelRegistry, _ log: ShadowLog, _ text: inout PrometheusText
    ) {
        let found = registry.shadowActivity
        text.header(
            "assay_models_shadow_rows_total",
            help:
                "Calls shown to shadows, by what became of them; `dropped` ones gave way to newer.",
            kind: .counter)
        for shadow in found {
            for (outcome, count) in shadow.counts {
                text.sample(
                    "assay_models_shadow_rows_total",
                    labels: labels(shadow) + [(name: "outcome", value: outcome)], Double(count))
            }
        }
        text.header(
            "assay_models_shadow_waiting", help: "Calls that wait for a shadow.", kind: .gauge)
        for shadow in found {
            text.sample(
                "assay_models_shadow_waiting", labels: labels(shadow), Double(shadow.waiting))
        }
        text.header(
            "assay_models_shadow_stuck",
            help: "1 while a shadow has been at one call for more than a second.", kind: .gauge)
        for shadow in found {
            text.sample(
                "assay_models_shadow_stuck", labels: labels(shadow), shadow.isStuck ? 1 : 0)
        }
        let health = log.health
        text.header(
            "assay_models_shadow_log_bytes", help: "Bytes of the log of shadows.", kind: .gauge)
        text.sample("assay_models_shadow_log_bytes", labels: [], Double(health.bytes))
        text.header(
            "assay_models_shadow_log_dropped_total",
            help: "Rows that the log of shadows missed.", kind: .counter)
        text.sample("assay_models_shadow_log_dropped_total", labels: [], Double(health.dropped))
    }

    private static func labels(_ shadow: ShadowActivity) -> [(name: String, value: String)] {
        [(name: "model", value: shadow.model), (name: "shadow", value: shadow.shadow)]
    }
}
