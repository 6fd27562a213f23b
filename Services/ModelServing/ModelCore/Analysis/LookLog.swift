internal import AssayMessages
internal import Statistics
internal import Storage
internal import Wire

/// The looks of the schedule, so that each begins where the one before ended.
struct LookLog: Sendable {
    let store: any KeyValueStore
    let keys: AnalysisKeys

    private var family: Family { AnalysisKeys.family }

    /// Stores a look, durable when it returns; the same number again replaces it.
    func record(_ look: AssayModelsV1.RecordedLook) throws {
        var batch = WriteBatch()
        batch.put(
            keys.look(look.experiment, look.epoch, look.number), look.encoded(), in: family)
        try store.write(batch, sync: true)
    }

    /// The last look up to and including a moment; nil before the first.
    func last(
        _ experiment: String, _ epoch: UInt32, upTo horizon: Int64 = .max
    ) throws -> AssayModelsV1.RecordedLook? {
        var found: AssayModelsV1.RecordedLook?
        try visit(experiment, epoch, reversed: true) { look in
            if look.horizon.millisecondsSinceEpoch > horizon { return true }
            found = look
            return false
        }
        return found
    }

    /// All looks, the first first, until `body` returns false.
    func visit(
        _ experiment: String, _ epoch: UInt32, reversed: Bool = false,
        _ body: (AssayModelsV1.RecordedLook) throws -> Bool
    ) throws {
        try store.scan(family, keys.looks(experiment, epoch), reversed: reversed) { _, value in
            let look: AssayModelsV1.RecordedLook
            do throws(WireError) {
                look = try AssayModelsV1.RecordedLook(decoding: Array(value), door: .strict)
            } catch {
                throw StorageError(.corrupt, "a look at \(experiment) is damaged: \(error)")
            }
            return try body(look)
        }
    }
}

extension AssayModelsV1.RecordedLook {
    /// What the next look begins with.
    var carried: Look.Carried {
        Look.Carried(sampleRatioPValue: leastPValue, likelihoodRatios: likelihoodRatios)
    }
}
