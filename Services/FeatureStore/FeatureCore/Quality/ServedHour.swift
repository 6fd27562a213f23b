internal import AssayMessages
internal import Storage
internal import Wire

/// What one process has served of a vector in an hour, on its way to the store that keeps it.
struct ServedHour {
    /// `name@version`.
    let vector: String
    /// Hours since 1970.
    let hour: Int64
    fileprivate(set) var row: AssayFeaturesV1.StatisticsRow

    init(_ key: StatisticsRecorder.Key, _ statistics: VectorStatistics, _ names: [String]) {
        vector = key.vector
        hour = key.hour
        row = StatisticsStore.row(statistics, names)
    }

    /// The vector behind its length, the hour, the row.
    var bytes: [UInt8] {
        [UInt8(clamping: vector.utf8.count)] + vector.utf8
            + StorageKey.bigEndian(UInt64(max(0, hour))) + row.encoded()
    }

    /// It is not what a process sends.
    struct Damaged: Error {}

    init(decoding bytes: [UInt8]) throws {
        guard let count = bytes.first.map(Int.init), count > 0, bytes.count > count + 8,
            let vector = String(validating: bytes[1...count], as: UTF8.self),
            let hour = StorageKey.sequence(bytes[(count + 1)..<(count + 9)])
                .flatMap(Int64.init(exactly:))
        else { throw Damaged() }
        self.vector = vector
        self.hour = hour
        row = try AssayFeaturesV1.StatisticsRow(
            decoding: Array(bytes[(count + 9)...]), door: .strict, limits: .statistics)
    }
}

extension StatisticsStore {
    /// Adds what other processes have served to a batch: to rows that are nobody's own.
    func add(_ served: [ServedHour], tenant: String, to batch: inout WriteBatch) throws {
        let groups = Dictionary(grouping: served) {
            Self.key(tenant, $0.vector, $0.hour) + StorageKey.bigEndian(0)
        }
        for (place, group) in groups {
            let names = group[0].row.features.map(\.feature)
            var sum = VectorStatistics(features: names.count)
            for served in group { sum.merge(VectorStatistics(served.row)) }
            if let stored = try store.get(place, in: Self.family) {
                sum.merge(try Self.decode(stored))
            }
            batch.put(place, Self.row(sum, names).encoded(), in: Self.family)
        }
    }
}

extension VectorStatistics {
    init(_ row: AssayFeaturesV1.StatisticsRow) {
        self.init(vectors: row.vectors, features: row.features.map(FeatureSketch.init))
    }
}

extension DecodeLimits {
    /// For the statistics of a vector of 1,024 features.
    static let statistics = DecodeLimits(bytes: 64 << 20)
}
