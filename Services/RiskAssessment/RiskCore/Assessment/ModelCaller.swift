internal import AssayMessages
internal import RPC
internal import Synchronization

/// Asks the model service, and remembers for a moment that a model is not registered.
final class ModelCaller: Sendable {
    private let client: AssayModelsV1.ModelServing.Client
    private let configuration: RiskConfiguration
    private let monotonic: @Sendable () -> Instant
    private let missingUntil = Mutex<[String: Instant]>([:])
    /// Models that cannot say why.
    private let silentUntil = Mutex<[String: Instant]>([:])

    init(
        transport: any ClientTransport, configuration: RiskConfiguration,
        monotonic: @escaping @Sendable () -> Instant
    ) {
        client = AssayModelsV1.ModelServing.Client(transport)
        self.configuration = configuration
        self.monotonic = monotonic
    }

    /// The optional model of payments: without an answer the rules decide.
    func ask(
        _ model: String?, _ request: (String) -> AssayModelsV1.PredictRequest, options: CallOptions
    ) async -> ModelOutcome {
        guard let model, isWanted(model) else { return .absent(.unwanted) }
        do {
            let answer = ModelAnswer(
                name: model, response: try await predict(request(model), options))
            return answer.probability == nil ? .absent(.failed) : .answer(answer)
        } catch let error as RPCError where error.code == .notFound {
            let until = monotonic() + configuration.missingModelPause
            missingUntil.withLock { $0[model] = until }
            return .absent(.unwanted)
        } catch {
            return .absent(.failed)
        }
    }

    /// A version that answered before, for what it was given then.
    func again(
        _ request: AssayModelsV1.PredictRequest, options: CallOptions
    ) async throws -> AssayModelsV1.PredictResponse {
        try await client.predict(request, options: options)
    }

    /// Asks why, too, unless the model is known not to be able to say.
    private func predict(
        _ request: AssayModelsV1.PredictRequest, _ options: CallOptions
    ) async throws -> AssayModelsV1.PredictResponse {
        var request = request
        let silent = silentUntil.withLock { $0[request.model] }
        if let silent, monotonic() < silent { request.explain = .none }
        do {
            return try await client.predict(request, options: options)
        } catch let error as RPCError
            where request.explain != .none && Self.cannotExplain.contains(error.reason ?? "")
        {
            let until = monotonic() + configuration.missingModelPause
            silentUntil.withLock { $0[request.model] = until }
            request.explain = .none
            return try await client.predict(request, options: options)
        }
    }

    private static let cannotExplain: Set<String> = [
        "explanation_unavailable", "explanation_failed",
    ]

    /// The model without which nothing can be decided.
    func require(
        _ request: AssayModelsV1.PredictRequest, options: CallOptions
    ) async throws -> ModelAnswer {
        let response: AssayModelsV1.PredictResponse
        do {
            response = try await client.predict(request, options: options)
        } catch let error as RPCError where error.code == .notFound {
            throw RPCError(
                code: .failedPrecondition,
                message: "no credit model is registered: \(request.model), under the alias "
                    + configuration.alias,
                reason: "MODEL_MISSING", cause: error)
        } catch let error as RPCError where error.code == .invalidArgument {
            throw RPCError(
                code: .invalidArgument,
                message: "the model refused the application: \(error.message)",
                details: error.details, cause: error)
        } catch {
            throw RPCError(
                code: .unavailable, message: "the credit model did not answer; nothing was decided",
                reason: ReasonCode.modelUnavailable, cause: error)
        }
        let answer = ModelAnswer(name: request.model, response: response)
        guard answer.probability != nil else {
            throw RPCError(.internal, "the credit model gave no probability")
        }
        return answer
    }

    /// Whether asking makes sense: a model is named, and was not just found to be missing.
    func isWanted(_ model: String?) -> Bool {
        guard let model else { return false }
        guard let until = missingUntil.withLock({ $0[model] }) else { return true }
        return monotonic() >= until
    }
}
