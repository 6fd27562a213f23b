import FeatureCore
import ServiceRuntime

extension EmbeddedFeatureStore {
    /// The store's counters and gauges in Prometheus' text.
    @Sendable func writeMetrics(_ text: inout PrometheusText) {
        text.header(
            "assay_features_events_total", help: "Events by what became of them.", kind: .counter)
        for (outcome, count) in statistics.outcomes {
            text.sample(
                "assay_features_events_total", labels: [("outcome", outcome)], Double(count))
        }
        text.header(
            "assay_features_quarantine_events", help: "Events that wait for a person.", kind: .gauge
        )
        text.sample("assay_features_quarantine_events", Double(waitingEvents))
        text.header(
            "assay_features_newest_event_seconds",
            help: "Event time of the newest row of a type, in seconds since 1970.", kind: .gauge)
        for (type, time) in newestEvents {
            text.sample(
                "assay_features_newest_event_seconds", labels: [("type", type)],
                Double(time) / 1_000)
        }
        text.header(
            "assay_features_state_bytes", help: "Memory of decoded states.", kind: .gauge)
        text.sample("assay_features_state_bytes", Double(stateBytes))
        text.header(
            "assay_features_unsaved_bytes", help: "Memory of states not stored yet.", kind: .gauge)
        text.sample("assay_features_unsaved_bytes", Double(unsavedBytes))
    }
}
