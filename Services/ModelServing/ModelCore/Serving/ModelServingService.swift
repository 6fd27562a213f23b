public import AssayMessages
public import RPC

/// `assay.models.v1.ModelServing` over a registry's snapshots.
public struct ModelServingService: AssayModelsV1.ModelServing.Service {
    private let registry: ModelRegistry

    public init(_ registry: ModelRegistry) { self.registry = registry }

    public func predict(
        _ request: AssayModelsV1.PredictRequest, context: ServerContext
    ) async throws -> AssayModelsV1.PredictResponse {
        try Predictor.predict(request, in: registry.snapshot)
    }
}
