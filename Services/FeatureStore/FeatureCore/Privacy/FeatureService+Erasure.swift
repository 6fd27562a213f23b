public import AssayMessages
internal import FeatureEngine
public import RPC
internal import Wire

/// Erasure of people's data, and what forbids it.
extension FeatureService {
    public func eraseSubject(
        _ request: AssayFeaturesV1.EraseSubjectRequest, context: ServerContext
    ) async throws -> AssayFeaturesV1.EraseSubjectResponse {
        let tenant = try tenant(context)
        let subject = try subject(request.entity, request.key, tenant: tenant)
        let proof = try await store.erase(
            ErasureOrder(
                requestID: request.requestID, tenant: tenant, type: request.entity,
                subject: subject, client: context.caller.client, reason: request.reason))
        return AssayFeaturesV1.EraseSubjectResponse(proof: proof)
    }

    public func holdSubject(
        _ request: AssayFeaturesV1.HoldSubjectRequest, context: ServerContext
    ) async throws -> AssayFeaturesV1.HoldSubjectResponse {
        let tenant = try tenant(context)
        let subject = try subject(request.entity, request.key, tenant: tenant)
        try await store.hold(
            ErasureOrder(
                requestID: "", tenant: tenant, type: request.entity, subject: subject,
                client: context.caller.client, reason: request.reason))
        return AssayFeaturesV1.HoldSubjectResponse(held: !request.reason.isEmpty)
    }

    /// The pseudonym of an entity that is its own subject.
    private func subject(
        _ name: String, _ key: [String], tenant: String
    ) throws(RPCError) -> StateKey {
        let definitions = store.pipeline.definitions
        let subjects = definitions.entities.indices.filter {
            definitions.entities[$0].subject == $0
        }
        guard let found = subjects.first(where: { definitions.entities[$0].name == name }) else {
            throw .invalid([
                FieldViolation(
                    field: "/entity",
                    description: "\"\(name)\" is no subject"
                        + NearestName.hint(
                            name, among: subjects.map { definitions.entities[$0].name }))
            ])
        }
        let parts = definitions.entities[found].key
        guard key.count == parts.count, !key.contains("") else {
            throw .invalid([
                FieldViolation(
                    field: "/key",
                    description: "the key of \(name) has \(parts.count) parts that are not empty:"
                        + " \(parts.joined(separator: ", "))")
            ])
        }
        return store.pipeline.keys.key(of: tenant).pid(entity: name, parts: key)
    }
}
