internal import AssayMessages
internal import FeatureEngine

/// Which events labels refer to, and when each became known.
struct TrainingLabels {
    /// Event id, as a key, to the ingest time of the first label.
    private var known: [StateKey: Int64] = [:]
    private let type: Int
    private let maturity: Int64
    private let tenant: String

    init(_ label: AssayFeaturesV1.TrainingLabel, type: Int, tenant: String) {
        self.type = type
        self.tenant = tenant
        maturity = Int64(label.maturitySeconds) * 1_000
    }

    /// Takes note of a row of the log if it is a label.
    mutating func see(_ row: AssayFeaturesV1.LogRow, _ event: ResolvedEvent, _ set: DefinitionSet) {
        guard event.type == type else { return }
        let received = row.received.millisecondsSinceEpoch
        for reference in set.events[type].references {
            guard let id = event.texts[reference.field] else { continue }
            let key = key(id)
            known[key] = min(known[key] ?? .max, received)
        }
    }

    /// Whether the event is positive; nil if that cannot be known at `now`, a time of ingest.
    func label(of id: String, at time: Int64, now: Int64) -> Bool? {
        let (end, overflow) = time.addingReportingOverflow(maturity)
        guard !overflow, end <= now else { return nil }
        return known[key(id)].map { maturity == 0 || $0 <= end } ?? false
    }

    private func key(_ id: String) -> StateKey {
        TenantKeys.withoutSecret.key(of: tenant).pid(entity: "", key: id)
    }
}
