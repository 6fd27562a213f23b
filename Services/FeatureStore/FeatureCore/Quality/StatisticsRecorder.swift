internal import Synchronization

/// Counts what is served, per tenant, vector and hour.
///
/// A call only copies its vector; one in 64 folds what has gathered. Callers go to one of a few
/// shards, whichever is free, so that they do not wait for one another.
final class StatisticsRecorder: Sendable {
    /// A vector of a tenant in an hour.
    struct Key: Hashable, Sendable {
        let tenant: String
        /// `name@version`.
        let vector: String
        /// Hours since 1970.
        let hour: Int64
    }

    private struct Gathering {
        var statistics: VectorStatistics
        var values: [Double] = []
        var status: [UInt8] = []
        let isCategory: [Bool]

        mutating func take(_ values: [Double], _ status: [UInt8]) {
            self.values += values
            self.status += status
            if self.values.count >= StatisticsRecorder.foldedTogether * max(1, values.count) {
                fold()
            }
        }

        mutating func fold() {
            statistics.add(values, status, isCategory: isCategory)
            values.removeAll(keepingCapacity: true)
            status.removeAll(keepingCapacity: true)
        }
    }

    static let foldedTogether = 64
    static let millisecondsPerHour: Int64 = 3_600_000

    private let shards: [Shard]

    private final class Shard: Sendable {
        let gathering = Mutex<[Key: Gathering]>([:])
    }

    init(shards: Int = 4) { self.shards = (0..<max(1, shards)).map { _ in Shard() } }

    /// - Parameters:
    ///   - now: when it is served, milliseconds since 1970.
    ///   - isCategory: per position, whether the value is a code.
    func record(
        tenant: String, vector: String, values: [Double], status: [UInt8], isCategory: [Bool],
        now: Int64
    ) {
        let hour = now / Self.millisecondsPerHour
        let key = Key(tenant: tenant, vector: vector, hour: hour)
        func add(_ gathering: inout [Key: Gathering]) {
            gathering[
                key,
                default: Gathering(
                    statistics: VectorStatistics(features: values.count), isCategory: isCategory)
            ].take(values, status)
        }
        for shard in shards where shard.gathering.withLockIfAvailable({ add(&$0) }) != nil {
            return
        }
        shards[0].gathering.withLock { add(&$0) }
    }

    /// What was counted since the last time, per key; afterwards nothing of it is left here.
    ///
    /// - Parameter tenant: whose; nil for all.
    func take(of tenant: String? = nil) -> [Key: VectorStatistics] {
        var taken: [Key: VectorStatistics] = [:]
        for shard in shards {
            let gathered = shard.gathering.withLock { gathering in
                let all = gathering
                guard let tenant else {
                    gathering = [:]
                    return all
                }
                gathering = all.filter { $0.key.tenant != tenant }
                return all.filter { $0.key.tenant == tenant }
            }
            for (key, entry) in gathered {
                var entry = entry
                entry.fold()
                if taken[key]?.merge(entry.statistics) == nil { taken[key] = entry.statistics }
            }
        }
        return taken
    }
}
