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
        var edges = try PaymentEdges(
            request, try log(of: tenant(context)), tenant: tenant(context))
        var pacer = ProcessorPacer(share: PaymentEdges.share)
        while let chunk = try await edges.next(&pacer) {
            try await replies.write(chunk)
            try await pacer.pay()
        }
    }
}
