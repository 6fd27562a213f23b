internal import AssayMessages
internal import Storage
internal import Synchronization
internal import Wire

/// Keeps what was served, by vector and hour: `tenant, vector, hour, run → row`.
///
/// Each process adds to rows of its own, and rows of one hour add up when they are read.
package struct StatisticsStore: Sendable {
    static let family: Family = "stats"
    /// 400 days.
    static let keptHours: Int64 = 9_600

    let store: any KeyValueStore
    /// Tells this process's rows from others'.
    let run: UInt64
    /// Rows are read, added to and written back by one caller at a time.
    private let writing = Writing()

    private final class Writing: Sendable {
        let mutex = Mutex(())
    }

    init(store: any KeyValueStore, run: UInt64) {
        self.store = store
        self.run = run
    }

    /// A vector and the names of its features, in order.
    struct Vector: Sendable {
        let name: String
        let features: [String]
    }

    /// Adds what was counted since the last time.
    func add(
        _ counted: [StatisticsRecorder.Key: VectorStatistics], vectors: [Vector]
    ) throws {
        try writing.mutex.withLock { _ in try write(counted, vectors) }
    }

    private func write(
        _ counted: [StatisticsRecorder.Key: VectorStatistics], _ vectors: [Vector]
    ) throws {
        var batch = WriteBatch()
        for (key, statistics) in counted {
            guard let vector = vectors.first(where: { $0.name == key.vector }) else { continue }
            let place = Self.key(key.tenant, key.vector, key.hour) + StorageKey.bigEndian(run)
            var sum = statistics
            if let stored = try store.get(place, in: Self.family) {
                sum.merge(try Self.decode(stored))
            }
            batch.put(place, Self.row(sum, vector.features).encoded(), in: Self.family)
        }
        guard !batch.isEmpty else { return }
        try store.write(batch, sync: false)
    }

    /// The sum over the hours of a range, and how many of them have rows.
    func sum(
        tenant: String, vector: Vector, hours: Range<Int64>
    ) throws -> (statistics: VectorStatistics, hours: Int) {
        var sum = VectorStatistics(features: vector.features.count)
        var seen: Set<Int64> = []
        let range = KeyRange(
            from: Self.key(tenant, vector.name, hours.lowerBound),
            to: Self.key(tenant, vector.name, hours.upperBound))
        try store.scan(Self.family, range, reversed: false) { key, value in
            if let hour = StorageKey.sequence(key.dropLast(8).suffix(8)) {
                seen.insert(Int64(bitPattern: hour))
            }
            sum.merge(try Self.decode(Array(value)))
            return true
        }
        return (sum, seen.count)
    }

    /// Deletes the rows that are past their time.
    func removeExpired(now hour: Int64) throws {
        let oldest = StorageKey.bigEndian(UInt64(max(0, hour - Self.keptHours)))
        var from: [UInt8] = []
        // Every vector that has a row, without going through those that stay.
        while let first = try store.rows(Self.family, KeyRange(from: from), limit: 1).first {
            let vector = Array(first.key.dropLast(16))
            try remove(KeyRange(from: vector, to: vector + oldest))
            guard let next = KeyRange.prefix(vector).upper else { return }
            from = next
        }
    }

    private func remove(_ range: KeyRange) throws {
        while true {
            var batch = WriteBatch()
            for row in try store.rows(Self.family, range, limit: 1_000) {
                batch.delete(row.key, in: Self.family)
            }
            guard !batch.isEmpty else { return }
            try store.write(batch, sync: false)
        }
    }

    static func key(_ tenant: String, _ vector: String, _ hour: Int64) -> [UInt8] {
        [UInt8(clamping: tenant.utf8.count)] + tenant.utf8 + [UInt8(clamping: vector.utf8.count)]
            + vector.utf8 + StorageKey.bigEndian(UInt64(max(0, hour)))
    }

    static func row(
        _ statistics: VectorStatistics, _ names: [String]
    ) -> AssayFeaturesV1.StatisticsRow {
        AssayFeaturesV1.StatisticsRow(
            vectors: statistics.vectors,
            features: zip(names, statistics.features).map { $1.message(named: $0) })
    }

    static func decode(_ bytes: [UInt8]) throws -> VectorStatistics {
        do {
            return VectorStatistics(
                try AssayFeaturesV1.StatisticsRow(
                    decoding: bytes, door: .strict, limits: .statistics))
        } catch {
            throw StorageError(.corrupt, "a row of the statistics: \(error)")
        }
    }
}
