public import AssayMessages
internal import FeatureEngine
public import RPC
internal import Wire

extension FeatureService {
    /// Who paid whom, for a job that walks the payments of a bank.
    public func readEdges(
        _ request: AssayFeaturesV1.ReadEdgesRequest,
        replies: ReplyWriter<AssayFeaturesV1.EdgeChunk>, context: ServerContext
    ) async throws {
        try CallSlots.edges.take()
        defer { CallSlots.edges.giveBack() }
        var edges = try edges(request, context)
        var pacer = ProcessorPacer(share: PaymentEdges.share)
        while let chunk = try await edges.next(&pacer) {
            try await replies.write(chunk)
            try await pacer.pay()
        }
    }

    /// The edges, for a caller that may have them; that they were read is written down.
    func edges(
        _ request: AssayFeaturesV1.ReadEdgesRequest, _ context: ServerContext
    ) throws -> PaymentEdges {
        let tenant = try tenant(context)
        let log = try log(of: tenant)
        let edges = try PaymentEdges(request, log, tenant: tenant)
        guard let purpose = request.purpose.named else {
            throw RPCError.invalid([
                FieldViolation(field: "/purpose", description: "say what the edges are for")
            ])
        }
        try access.check(purpose, context)
        guard log.pipeline.definitions.hasFeature(of: request.owner, for: purpose) else {
            throw RPCError(
                .permissionDenied,
                "no feature of \(request.owner) is for the purpose \(purpose.rawValue)",
                reason: "PURPOSE")
        }
        try audit("read_edges", request.owner, in: log, tenant, context)
        return edges
    }
}

extension DefinitionSet {
    /// Whether a feature that reads states of an entity type is for the purpose.
    fileprivate func hasFeature(of entity: String, for purpose: Purpose) -> Bool {
        features.features.indices.contains { index in
            documentation[features.features[index].name]?.allows(purpose) == true
                && features.entities(of: index).contains { entities[$0.entity].name == entity }
        }
    }
}
