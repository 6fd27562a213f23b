/// What a version has done since it was loaded, for those who watch the service.
public struct VersionActivity: Sendable {
    /// Calls by how long something took them.
    public struct Times: Sendable {
        /// Upper ends of the ranges but the last one, which has none; in seconds.
        public static let bounds = (0..<VersionStatistics.timeBuckets - 1).map {
            Double(1 << $0) / 1_000_000
        }

        /// By range; one more than there are ends.
        public var counts: [UInt64]
        /// In seconds.
        public var sum: Double
    }

    public var model: String
    public var version: UInt32
    public var requests: Int
    public var rows: Int
    /// Failed calls by the name of their status; those that never happened are left out.
    public var failures: [(code: String, count: Int)]
    /// Inputs that were repaired, or worth a notice.
    public var flags: Int
    /// Answers of ensembles that an optional member was missing from.
    public var degraded: Int
    public var explanations: Int
    /// Rows by the band of their probability.
    public var bands: [(name: String, rows: Int)]
    /// From the checked request to the answer.
    public var compute: Times
    /// Until a thread of the pool was free, for what is too long for an event loop.
    public var queue: Times

    init(_ model: String, _ version: ServingVersion) {
        let statistics = version.statistics
        let names = version.post.bands?.names ?? []
        self.model = model
        self.version = version.number
        requests = statistics[.requests]
        rows = statistics[.rows]
        failures = statistics.failures.map { (code: "\($0.code)", count: $0.count) }
        flags = statistics[.flags]
        degraded = statistics[.degraded]
        explanations = statistics[.explanations]
        bands = Array(zip(names, statistics.bands(names.count)).map { (name: $0, rows: $1) })
        compute = Times(
            counts: statistics.times.map { UInt64($0) }, sum: statistics.seconds)
        queue = Times(
            counts: statistics.queueTimes.map { UInt64($0) }, sum: statistics.queueSeconds)
    }
}

extension RegistrySnapshot {
    /// Of the loaded versions that have been asked something, by model and version.
    public var activity: [VersionActivity] {
        models.sorted { $0.key < $1.key }.flatMap { name, model in
            model.versions.sorted { $0.key < $1.key }
                .filter { $0.value.statistics[.requests] > 0 }
                .map { VersionActivity(name, $0.value) }
        }
    }
}
