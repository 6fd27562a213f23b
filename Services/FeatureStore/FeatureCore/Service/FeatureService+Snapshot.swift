public import AssayMessages
internal import FeatureEngine
public import RPC
internal import Wire

extension FeatureService {
    /// A snapshot is an event for each of its rows: it goes through the log as all others do, so
    /// that what was known of an entity, and when, can be had again.
    public func putSnapshot(
        _ request: AssayFeaturesV1.PutSnapshotRequest, context: ServerContext
    ) async throws -> AssayFeaturesV1.PutSnapshotResponse {
        let tenant = try tenant(context)
        let pipeline = store.pipeline
        let events = try SnapshotEvents(
            request.snapshot, pipeline.definitions, key: pipeline.keys.key(of: tenant)
        ).events(request)
        let receipts = await record(events, isLoggedOnly: false, tenant: tenant)
        return AssayFeaturesV1.PutSnapshotResponse(receipts: receipts)
    }
}

/// Makes the events of a snapshot's rows.
private struct SnapshotEvents {
    let definition: EventDefinition
    /// The fields with the entity's key.
    let keys: [String]
    private let tenantKey: TenantKey

    init(
        _ name: String, _ definitions: DefinitionSet, key: TenantKey
    ) throws(RPCError) {
        tenantKey = key
        let snapshots = definitions.events.filter { $0.kind == .snapshot }
        guard let found = snapshots.first(where: { $0.name == name }), let own = found.touches.first
        else {
            let hint = NearestName.hint(name, among: snapshots.map(\.name))
            throw RPCError(
                .notFound, "no snapshot \"\(name)\"\(hint)", reason: "SNAPSHOT_NOT_FOUND")
        }
        definition = found
        keys = own.fields.map { found.fields[$0].name }
    }

    func events(
        _ request: AssayFeaturesV1.PutSnapshotRequest
    ) throws(RPCError) -> [AssayFeaturesV1.Event] {
        var events: [AssayFeaturesV1.Event] = []
        var violations: [FieldViolation] = []
        var places: [[String]: Int] = [:]
        for (index, row) in request.rows.enumerated() {
            if row.key.count != keys.count {
                violations.append(
                    FieldViolation(
                        field: "/rows/\(index)/key",
                        description: "has \(row.key.count) parts; \(request.snapshot) has"
                            + " \(keys.count): \(keys.joined(separator: ", "))"))
            }
            if let first = places.updateValue(index, forKey: row.key) {
                violations.append(
                    FieldViolation(
                        field: "/rows/\(index)/key", description: "is that of /rows/\(first) too"))
            }
            var fields = Dictionary(
                row.fields.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
            for (name, part) in zip(keys, row.key) { fields[name] = .text(part) }
            events.append(
                AssayFeaturesV1.Event(
                    id: id(of: row, in: request.snapshotID), type: definition.name,
                    time: request.time, fields: WireMap(fields.map { ($0.key, $0.value) })))
        }
        guard violations.isEmpty else { throw .invalid(violations) }
        return events
    }

    /// One entity has one row in a snapshot, wherever it stands, in whichever call. The keyed hash
    /// tells nobody whose; with it the id has at most 128 bytes.
    private func id(of row: AssayFeaturesV1.SnapshotRow, in snapshotID: String) -> String {
        // No entity type is called "": this is nobody's pseudonym.
        let hash = tenantKey.pid(entity: "", parts: [snapshotID, definition.name] + row.key)
        return "\(snapshotID.limited(to: 95))/\(SharedKeys.hex(hash.bytes))"
    }
}
