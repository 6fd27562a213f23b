internal import AssayMessages
internal import Storage
internal import Wire

/// The rows of the first-exposure index: one for each unit of each epoch.
///
/// Rows stand under a generation, so that an index which is made anew replaces the old one at once.
struct ExposureStore: Sendable {
    static let family: Family = "exposures"

    let store: any KeyValueStore
    private let tenant: [UInt8]

    init(_ store: any KeyValueStore, tenant: String) {
        self.store = store
        self.tenant = Array("\(tenant)/".utf8)
    }

    // MARK: Generations

    private var generationKey: [UInt8] { tenant + Array("generation".utf8) }

    /// The generation that is read.
    func generation() throws(StorageError) -> UInt32 {
        guard let bytes = try store.get(generationKey, in: Self.family) else { return 1 }
        return UInt32(truncatingIfNeeded: BigEndian.number(bytes))
    }

    /// From now on this generation is read, and all others are gone.
    func use(_ generation: UInt32) throws {
        var batch = WriteBatch()
        batch.put(generationKey, BigEndian.bytes(generation), in: Self.family)
        try store.write(batch, sync: true)
        try removeAll(but: generation)
    }

    /// Removes what an interrupted rebuild left behind.
    func removeAll(but generation: UInt32) throws {
        let kept = prefix(generation)
        var batch = WriteBatch()
        var count = 0
        try store.scan(Self.family, .prefix(tenant + Array("r".utf8)), reversed: false) { key, _ in
            guard !key.starts(with: kept) else { return true }
            batch.delete(Array(key), in: Self.family)
            count += 1
            if count.isMultiple(of: 4_096) {
                try store.write(batch, sync: false)
                batch = WriteBatch()
            }
            return true
        }
        if !batch.isEmpty { try store.write(batch, sync: false) }
    }

    // MARK: Rows

    private func prefix(_ generation: UInt32) -> [UInt8] {
        tenant + Array("r".utf8) + BigEndian.bytes(generation)
    }

    private func prefix(_ generation: UInt32, _ experiment: String, _ epoch: UInt32) -> [UInt8] {
        prefix(generation) + Array(experiment.utf8) + [0] + BigEndian.bytes(epoch)
    }

    func key(_ exposure: AssayModelsV1.Exposure, _ generation: UInt32) -> [UInt8] {
        prefix(generation, exposure.experiment, exposure.epoch)
            + BigEndian.bytes(exposure.unitHash)
    }

    func get(_ keys: [[UInt8]]) throws -> [AssayModelsV1.Exposure?] {
        try store.get(keys, in: Self.family).map { bytes in
            try bytes.map { try Self.exposure($0) }
        }
    }

    func put(_ rows: [(key: [UInt8], exposure: AssayModelsV1.Exposure)]) throws(StorageError) {
        var batch = WriteBatch()
        for row in rows { batch.put(row.key, row.exposure.encoded(), in: Self.family) }
        try store.write(batch, sync: false)
    }

    /// Exposures of an epoch by the hash of their unit, or of everything.
    func scan(
        _ generation: UInt32, experiment: (name: String, epoch: UInt32)? = nil,
        _ body: (AssayModelsV1.Exposure) throws -> Void
    ) throws {
        let start =
            experiment.map { prefix(generation, $0.name, $0.epoch) } ?? prefix(generation)
        try store.scan(Self.family, .prefix(start), reversed: false) { _, value in
            try body(try Self.exposure(Array(value)))
            return true
        }
    }

    private static func exposure(_ bytes: [UInt8]) throws -> AssayModelsV1.Exposure {
        do throws(WireError) {
            return try AssayModelsV1.Exposure(decoding: bytes, door: .strict)
        } catch {
            throw StorageError(.corrupt, "exposures: a row is damaged: \(error)")
        }
    }
}
