public import AssayMessages
internal import FeatureEngine
public import RPC
internal import Synchronization

extension FeatureService {
    public func buildTrainingSet(
        _ request: AssayFeaturesV1.BuildTrainingSetRequest,
        replies: ReplyWriter<AssayFeaturesV1.TrainingChunk>, context: ServerContext
    ) async throws {
        let tenant = try tenant(context)
        let log = try log()
        let pipeline = log.pipeline
        guard TrainingSlots.take() else {
            throw RPCError(
                code: .resourceExhausted,
                message: "\(TrainingSlots.count) training sets are being built",
                reason: "TRAINING_SLOTS", retryAfter: .seconds(10))
        }
        defer { TrainingSlots.giveBack() }
        var builder = try TrainingSetBuilder(
            request, log: log, definitions: pipeline.definitions, vectors: pipeline.vectors,
            tenant: tenant)
        while let chunk = try builder.next() { try await replies.write(chunk) }
    }

    public func explain(
        _ request: AssayFeaturesV1.ExplainRequest, context: ServerContext
    ) async throws -> AssayFeaturesV1.ExplainResponse {
        try Explanation.explain(
            request, log: try log(), tenant: try tenant(context),
            now: store.pipeline.clock().millisecondsSinceEpoch)
    }

    /// Who shares a store has the log with the one process that drains it.
    func log() throws(RPCError) -> EventLog {
        if let log = store.eventLog { return log }
        throw RPCError(
            .failedPrecondition, "this process has no event log: ask the keeper",
            reason: "NO_EVENT_LOG")
    }
}

/// How many training sets one process builds at once.
private enum TrainingSlots {
    static let count = 4
    private static let free = Atomic<Int>(count)

    static func take() -> Bool {
        if free.subtract(1, ordering: .acquiringAndReleasing).newValue >= 0 { return true }
        giveBack()
        return false
    }

    static func giveBack() { free.add(1, ordering: .acquiringAndReleasing) }
}
