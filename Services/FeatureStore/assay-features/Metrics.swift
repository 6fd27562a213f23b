import FeatureCore
import ServiceRuntime

extension EmbeddedFeatureStore {
    /// The store's counters and gauges in Prometheus' text.
    @Sendable func writeMetrics(_ text: inout PrometheusText) {
        statistics.write(to: &text)
        text.header(
            "assay_features_quarantine_events", help: "Events that wait for a person.", kind: .gauge
        )
        text.sample("assay_features_quarantine_events", Double(waitingEvents))
        text.newest(newestEvents)
        text.header(
            "assay_features_store_failed",
            help: "1 while events are refused since a write failed.", kind: .gauge)
        text.sample("assay_features_store_failed", isRefusing ? 1 : 0)
        text.header(
            "assay_features_store_failures_total",
            help: "What went wrong in the store; the log says why.", kind: .counter)
        for kind in StoreFailures.Kind.allCases {
            text.sample(
                "assay_features_store_failures_total", labels: [("what", kind.rawValue)],
                Double(failures.count(kind)))
        }
        text.header(
            "assay_features_rows_under_other_keys_total",
            help: "Rows whose personal fields their subject's key does not open: must stay 0.",
            kind: .counter)
        text.sample(
            "assay_features_rows_under_other_keys_total", Double(rowsUnderOtherKeys))
        text.header(
            "assay_features_state_bytes", help: "Memory of decoded states.", kind: .gauge)
        text.sample("assay_features_state_bytes", Double(stateBytes))
        text.header(
            "assay_features_unsaved_bytes", help: "Memory of states not stored yet.", kind: .gauge)
        text.sample("assay_features_unsaved_bytes", Double(unsavedBytes))
        writeWrittenBytes(&text)
        writeSkew(&text)
        writeDrift(&text)
        writeBackfill(&text)
    }

    private func writeWrittenBytes(_ text: inout PrometheusText) {
        text.header(
            "assay_features_written_bytes_total", help: "Bytes this process handed to the disk.",
            kind: .counter)
        text.sample("assay_features_written_bytes_total", Double(WrittenBytes.total ?? 0))
        text.header(
            "assay_features_written_bytes_per_event",
            help: "The same for each event, over the last minutes with 10,000 events or more.",
            kind: .gauge)
        text.sample("assay_features_written_bytes_per_event", writtenBytes.perEvent ?? 0)
        text.header(
            "assay_features_written_bytes_per_event_limit",
            help: "What it should stay below; the log says when it does not.", kind: .gauge)
        text.sample("assay_features_written_bytes_per_event_limit", Double(bytesPerEventLimit))
    }

    /// How far the states of other definitions are; 0 where there never were any.
    private func writeBackfill(_ text: inout PrometheusText) {
        for (name, help, value) in backfillGauges {
            text.header("assay_features_backfill_\(name)", help: help, kind: .gauge)
            text.sample("assay_features_backfill_\(name)", Double(value))
        }
    }

    /// Of the comparison of the last hour, with the pinned baselines.
    private func writeDrift(_ text: inout PrometheusText) {
        let report = drift
        text.header(
            "assay_features_drift", help: "1 for each alert of a feature.", kind: .gauge)
        for entry in report.entries {
            for (feature, alert) in entry.alerts {
                text.sample(
                    "assay_features_drift",
                    labels: [
                        ("tenant", entry.tenant), ("vector", entry.vector), ("feature", feature),
                        ("alert", alert),
                    ], 1)
            }
        }
        for stale in report.stale {
            text.sample(
                "assay_features_drift", labels: [("snapshot", stale.name), ("alert", "freshness")],
                1)
        }
        text.header(
            "assay_features_drift_stability",
            help: "The greatest population stability index of a vector's features.", kind: .gauge)
        for entry in report.entries {
            text.sample(
                "assay_features_drift_stability",
                labels: [("tenant", entry.tenant), ("vector", entry.vector)],
                entry.greatestStability)
        }
        text.header(
            "assay_features_drift_insufficient",
            help: "Features with fewer than 1,000 values on one side.", kind: .gauge)
        for entry in report.entries {
            text.sample(
                "assay_features_drift_insufficient",
                labels: [("tenant", entry.tenant), ("vector", entry.vector)],
                Double(entry.insufficient))
        }
        text.header(
            "assay_features_drift_computed_seconds",
            help: "When it was compared last, in seconds since 1970.", kind: .gauge)
        text.sample("assay_features_drift_computed_seconds", Double(report.computed) / 1_000)
    }

    private func writeSkew(_ text: inout PrometheusText) {
        text.header(
            "assay_features_skew_checks_total",
            help: "States, blobs and served vectors that were held against the log.",
            kind: .counter)
        for what in SkewFinding.What.allCases {
            text.sample(
                "assay_features_skew_checks_total", labels: [("what", what.rawValue)],
                Double(skew.checks(what)))
        }
        text.header(
            "assay_features_skew_mismatches_total",
            help: "Those that a replay of the log does not give: must stay 0.", kind: .counter)
        for what in SkewFinding.What.allCases {
            text.sample(
                "assay_features_skew_mismatches_total", labels: [("what", what.rawValue)],
                Double(skew.mismatches(what)))
        }
        text.header(
            "assay_features_skew_skipped_total",
            help: "What could not be held against the log, by why.", kind: .counter)
        for reason in SkewSkip.allCases {
            text.sample(
                "assay_features_skew_skipped_total", labels: [("reason", reason.rawValue)],
                Double(skew.skips(reason)))
        }
        text.header(
            "assay_features_skew_slices_total",
            help: "Slices of a thousandth of the entities that the auditor went through.",
            kind: .counter)
        text.sample("assay_features_skew_slices_total", Double(skew.slices))
    }
}

extension SharedFeatureStore {
    /// The counters and gauges of one server of a shared store.
    @Sendable func writeMetrics(_ text: inout PrometheusText) {
        statistics.write(to: &text)
        text.newest(newestEvents)
        text.header(
            "assay_features_shared_total", help: "What was met in the shared store.",
            kind: .counter)
        for (name, count) in activity.counts {
            text.sample("assay_features_shared_total", labels: [("what", name)], Double(count))
        }
        text.header(
            "assay_features_state_bytes", help: "Memory of decoded states.", kind: .gauge)
        text.sample("assay_features_state_bytes", Double(stateBytes))
    }
}

extension SharedKeeper {
    /// The counters of the keeper, and how far it is behind.
    @Sendable func writeMetrics(_ text: inout PrometheusText) {
        text.header(
            "assay_features_keeper_total", help: "What the keeper has done.", kind: .counter)
        for (name, count) in statistics.counts {
            text.sample("assay_features_keeper_total", labels: [("what", name)], Double(count))
        }
        text.header(
            "assay_features_keeper_backlog_rows",
            help: "Rows in the fullest stream: at 2,000,000 events are refused.", kind: .gauge)
        text.sample(
            "assay_features_keeper_backlog_rows",
            Double(statistics.backlog.load(ordering: .relaxed)))
        text.header(
            "assay_features_keeper_stuck_events",
            help: "Open events whose rows are gone, or whose states cannot be read.",
            kind: .gauge)
        text.sample(
            "assay_features_keeper_stuck_events",
            Double(statistics.stuck.load(ordering: .relaxed)))
    }
}

extension StoreStatistics {
    fileprivate func write(to text: inout PrometheusText) {
        text.header(
            "assay_features_events_total", help: "Events by what became of them.", kind: .counter)
        for (outcome, count) in outcomes {
            text.sample(
                "assay_features_events_total", labels: [("outcome", outcome)], Double(count))
        }
    }
}

extension PrometheusText {
    fileprivate mutating func newest(_ events: [(type: String, time: Int64)]) {
        header(
            "assay_features_newest_event_seconds",
            help: "Event time of the newest row of a type, in seconds since 1970.", kind: .gauge)
        for (type, time) in events {
            sample(
                "assay_features_newest_event_seconds", labels: [("type", type)],
                Double(time) / 1_000)
        }
    }
}
