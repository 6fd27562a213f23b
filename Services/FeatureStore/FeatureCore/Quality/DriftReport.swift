internal import Synchronization

/// How far what was served in the last day lies from the pinned baselines.
public struct DriftReport: Sendable {
    /// Of one vector of one tenant.
    public struct Entry: Sendable {
        public let tenant: String
        /// `name@version`.
        public let vector: String
        let features: [(name: String, drift: Drift)]

        /// Features with an alert, and which.
        public var alerts: [(feature: String, alert: String)] {
            features.flatMap { feature in
                feature.drift.alerts.map { (feature.name, $0.rawValue) }
            }
        }

        /// Features with too few values on one side.
        public var insufficient: Int { features.count { $0.drift.isInsufficient } }

        /// The greatest index of those with enough values.
        public var greatestStability: Double {
            features.filter { !$0.drift.isInsufficient }.map(\.drift.stability).max() ?? 0
        }
    }

    /// A snapshot whose newest row is older than it may be.
    public struct Stale: Hashable, Sendable {
        public let name: String
        /// Seconds.
        public let age: Int64
        public let bound: Int64
    }

    public var entries: [Entry] = []
    public var stale: [Stale] = []
    /// Milliseconds since 1970; 0 before the first.
    public var computed: Int64 = 0
}

/// The newest report.
final class DriftBoard: Sendable {
    private let newest = Mutex(DriftReport())

    var report: DriftReport { newest.withLock { $0 } }

    func put(_ report: DriftReport) { newest.withLock { $0 = report } }
}

extension EmbeddedFeatureStore {
    /// Hours that are compared with a baseline: a whole day, since most things have a daily course.
    static let driftHours: Int64 = 24

    public var drift: DriftReport { driftBoard.report }

    /// Compares what was served in the last 24 whole hours with each pinned baseline.
    public func computeDrift() throws -> DriftReport {
        let pipeline = pipeline
        try storeStatistics()
        let now = pipeline.clock().millisecondsSinceEpoch
        let end = now / StatisticsRecorder.millisecondsPerHour
        let hours = max(0, end - Self.driftHours)..<max(1, end)
        var report = DriftReport(computed: now)
        for (tenant, name) in try servedByHour.pinned() {
            guard let vector = pipeline.quality.vectors.first(where: { $0.name == name }),
                let baseline = try servedByHour.baseline(of: vector, tenant: tenant),
                baseline.statistics.features.count == vector.features.count
            else { continue }
            let current = try servedByHour.sum(tenant: tenant, vector: vector, hours: hours)
            let drifts = zip(current.statistics.features, baseline.statistics.features).map {
                Drift(of: $0, against: $1)
            }
            report.entries.append(
                DriftReport.Entry(
                    tenant: tenant, vector: name,
                    features: zip(vector.features, drifts).map { ($0, $1) }))
        }
        report.stale = staleSnapshots(pipeline, now)
        driftBoard.put(report)
        return report
    }

    /// Compares now and then each hour, until the task is cancelled.
    ///
    /// - Parameter report: is told of each comparison.
    public func watchDrift(report: @Sendable (DriftReport) -> Void) async throws {
        while true {
            report(try computeDrift())
            let now = pipeline.clock().millisecondsSinceEpoch
            let hour = StatisticsRecorder.millisecondsPerHour
            // A little behind the hour, so that it is whole.
            try await Task.sleep(for: .milliseconds(hour - now % hour + 5_000))
        }
    }

    /// Snapshots of which rows came, but none for longer than their values may be old.
    private func staleSnapshots(_ pipeline: EventPipeline, _ now: Int64) -> [DriftReport.Stale] {
        pipeline.definitions.events.indices.compactMap { type in
            guard let bound = pipeline.definitions.freshnessBound(ofEvent: type),
                let newest = pipeline.quality.freshness.newest(type: type)
            else { return nil }
            let age = now - newest.time
            guard age > bound else { return nil }
            return DriftReport.Stale(
                name: pipeline.definitions.events[type].name, age: age / 1_000,
                bound: bound / 1_000)
        }
    }
}
