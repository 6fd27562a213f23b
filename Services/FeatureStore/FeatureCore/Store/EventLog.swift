internal import AssayMessages
internal import FeatureEngine
internal import Storage
internal import Wire

/// Reads the event log: what every state can be rebuilt from.
struct EventLog {
    let store: any KeyValueStore
    let resolver: EventResolver

    /// The highest sequence of the log; 0 if it is empty.
    func lastSequence() throws -> UInt64 {
        let last = try store.rows(.log, reversed: true, limit: 1).first
        return last.flatMap { StorageKey.sequence($0.key) } ?? 0
    }

    func row(_ sequence: UInt64) throws -> AssayFeaturesV1.LogRow? {
        guard let bytes = try store.get(StorageKey.log(sequence), in: .log) else { return nil }
        return try decode(bytes, sequence)
    }

    /// Visits the rows above `sequence`, ascending, until `body` returns false.
    func scan(
        after sequence: UInt64, _ body: (AssayFeaturesV1.LogRow) throws -> Bool
    ) throws {
        guard sequence < .max else { return }
        let range = KeyRange(from: StorageKey.log(sequence + 1))
        try store.scan(.log, range, reversed: false) { key, value in
            try body(decode(Array(value), StorageKey.sequence(key) ?? 0))
        }
    }

    private func decode(_ bytes: [UInt8], _ sequence: UInt64) throws -> AssayFeaturesV1.LogRow {
        do {
            return try AssayFeaturesV1.LogRow(decoding: bytes, door: .strict, limits: .stored)
        } catch {
            throw StorageError(.corrupt, "row \(sequence) of the event log: \(error)")
        }
    }

    /// The state that the log gives an entity, up to and without `sequence`.
    func rebuild(
        _ entity: EntityReference, from empty: FeatureState, before sequence: UInt64
    ) throws -> FeatureState {
        var state = empty
        try scan(after: 0) { row in
            guard row.sequence < sequence else { return false }
            guard row.tenant == entity.tenant,
                let event = try? resolver.resolve(row.event, received: nil)
            else { return true }
            for found in event.entities(resolver.definitions, tenant: row.tenant)
            where found.key == entity.key {
                _ = state.apply(
                    event.engineEvent, touches: found.touches, sequence: row.sequence,
                    delivery: .again)
            }
            return true
        }
        return state
    }
}

extension DecodeLimits {
    /// For what this store wrote itself.
    static let stored = DecodeLimits(bytes: 1 << 20)
}
