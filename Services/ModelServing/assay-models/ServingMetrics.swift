import ModelCore
import ServiceRuntime

/// What the service tells Prometheus of versions: what each does, and which come and go.
enum ServingMetrics {
    static func write(_ snapshot: RegistrySnapshot, to text: inout PrometheusText) {
        gauge("assay_models_versions", "Registered versions.", snapshot.versionCount, &text)
        gauge(
            "assay_models_loaded_versions", "Versions that can answer at once.",
            snapshot.loadedCount, &text)
        counter("assay_models_loads_total", "Versions loaded.", snapshot.loads, &text)
        counter(
            "assay_models_load_failures_total", "Versions that could not be loaded.",
            snapshot.loadFailures, &text)
        counter(
            "assay_models_evictions_total",
            "Versions that nothing uses and that were let go for lack of room.",
            snapshot.evictions, &text)
        write(snapshot.activity, to: &text)
    }

    static func write(_ pool: ScoringPool, to text: inout PrometheusText) {
        let name = "assay_models_pool_queue_seconds"
        text.header(
            name, help: "How long calls waited for a thread of the pool.", kind: .histogram)
        let times = pool.queueTimes
        text.histogram(
            name, labels: [], bounds: VersionActivity.Times.bounds, counts: times.counts,
            sum: times.sum)
        gauge(
            "assay_models_pool_waiting", "Calls that wait for a thread of the pool.",
            pool.waitingCount, &text)
    }

    // MARK: Versions

    private static func write(_ versions: [VersionActivity], to text: inout PrometheusText) {
        let counters: [(name: String, help: String, count: (VersionActivity) -> Int)] = [
            ("requests", "Calls that a version was picked for.", \.requests),
            ("predictions", "Rows scored, by model and version.", \.rows),
            ("flags", "Inputs that were repaired, or worth a notice.", \.flags),
            ("explanations", "Answers that were explained.", \.explanations),
            ("degraded", "Answers of ensembles without an optional member.", \.degraded),
        ]
        for (name, help, count) in counters {
            text.header("assay_models_\(name)_total", help: help, kind: .counter)
            for version in versions {
                text.sample(
                    "assay_models_\(name)_total", labels: labels(version), Double(count(version)))
            }
        }
        text.header(
            "assay_models_failures_total", help: "Calls that a version did not answer, by status.",
            kind: .counter)
        for version in versions {
            for failure in version.failures {
                text.sample(
                    "assay_models_failures_total",
                    labels: labels(version) + [("code", failure.code)], Double(failure.count))
            }
        }
        text.header(
            "assay_models_band_rows_total", help: "Rows scored, by band of the probability.",
            kind: .counter)
        for version in versions {
            for band in version.bands {
                text.sample(
                    "assay_models_band_rows_total",
                    labels: labels(version) + [("band", band.name)], Double(band.rows))
            }
        }
        write(
            "assay_models_compute_seconds", "Reading, scoring and explaining of a call.", versions,
            \.compute, to: &text)
        write(
            "assay_models_queue_seconds", "How long calls of a version waited for the pool.",
            versions.filter { $0.queue.counts.contains { $0 > 0 } }, \.queue, to: &text)
    }

    private static func write(
        _ name: String, _ help: String, _ versions: [VersionActivity],
        _ times: (VersionActivity) -> VersionActivity.Times, to text: inout PrometheusText
    ) {
        text.header(name, help: help, kind: .histogram)
        for version in versions {
            let times = times(version)
            text.histogram(
                name, labels: labels(version), bounds: VersionActivity.Times.bounds,
                counts: times.counts, sum: times.sum)
        }
    }

    private static func labels(_ version: VersionActivity) -> [(name: String, value: String)] {
        [("model", version.model), ("version", "\(version.version)")]
    }

    // MARK: Single samples

    private static func gauge(
        _ name: String, _ help: String, _ value: Int, _ text: inout PrometheusText
    ) {
        text.header(name, help: help, kind: .gauge)
        text.sample(name, Double(value))
    }

    private static func counter(
        _ name: String, _ help: String, _ value: Int, _ text: inout PrometheusText
    ) {
        text.header(name, help: help, kind: .counter)
        text.sample(name, Double(value))
    }
}
