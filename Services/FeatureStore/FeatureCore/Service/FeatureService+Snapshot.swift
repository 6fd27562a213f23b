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
        let events = try SnapshotEvents(request.snapshot, store.pipeline.definitions)
            .events(request)
        let receipts = await record(events, isLoggedOnly: false, tenant: tenant)
        return AssayFeaturesV1.PutSnapshotResponse(receipts: receipts)
    }
}

/// Makes the events of a snapshot's rows.
private struct SnapshotEvents {
    let definition: EventDefinition
    /// The fields with the entity's key.
    let keys: [String]

    init(_ name: String, _ definitions: DefinitionSet) throws(RPCError) {
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
        for (index, row) in request.rows.enumerated() {
            if row.key.count != keys.count {
                violations.append(
                    FieldViolation(
                        field: "/rows/\(index)/key",
                        description: "has \(row.key.count) parts; \(request.snapshot) has"
                            + " \(keys.count): \(keys.joined(separator: ", "))"))
            }
            var fields = Dictionary(
                row.fields.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
            for (name, part) in zip(keys, row.key) { fields[name] = .text(part) }
            events.append(
                AssayFeaturesV1.Event(
                    id: "\(request.snapshotID)/\(index)", type: definition.name, time: request.time,
                    fields: WireMap(fields.map { ($0.key, $0.value) })))
        }
        guard violations.isEmpty else { throw .invalid(violations) }
        return events
    }
}
