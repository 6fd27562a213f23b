public import AssayMessages
public import RPC

/// `assay.models.v1.ModelMonitoring`.
public struct ModelMonitoringService: AssayModelsV1.ModelMonitoring.Service {
    /// Shadows in a reply.
    private static let maximumShadows = 256

    private let comparer: ShadowComparer
    private let replica: String
    private var registry: ModelRegistry { comparer.registry }

    /// - Parameter replica: names this process in what only it counted.
    public init(_ comparer: ShadowComparer, replica: String = "") {
        self.comparer = comparer
        self.replica = replica
    }

    public func listShadows(
        _ request: AssayModelsV1.ListShadowsRequest, context: ServerContext
    ) async throws -> AssayModelsV1.ShadowPage {
        if !request.model.isEmpty { _ = try registry.snapshot.model(request.model) }
        let found = registry.snapshot.shadows.filter { shadow in
            (request.model.isEmpty || shadow.specification.model == request.model)
                && (request.withStopped || shadow.state == .running)
        }
        return AssayModelsV1.ShadowPage(
            shadows: found.prefix(Self.maximumShadows).map(active))
    }

    public func stopShadow(
        _ request: AssayModelsV1.StopShadowRequest, context: ServerContext
    ) async throws -> AssayModelsV1.Shadow {
        try await registry.stopShadow(request, by: context.caller.client)
    }

    public func compare(
        _ request: AssayModelsV1.CompareRequest, context: ServerContext
    ) async throws -> AssayModelsV1.Comparison {
        try await comparer.compare(request)
    }

    public func modelStatistics(
        _ request: AssayModelsV1.StatisticsRequest, context: ServerContext
    ) async throws -> AssayModelsV1.StatisticsResponse {
        let model = try registry.serving.latest.model(request.model)
        return AssayModelsV1.StatisticsResponse(
            model: request.model, replica: replica, since: registry.openedAt,
            versions: try model.counts(of: request.version))
    }

    /// A shadow with what this process did for it.
    private func active(_ shadow: AssayModelsV1.Shadow) -> AssayModelsV1.Shadow {
        let own = shadow.specification
        let model = registry.snapshot.models[own.model]
        var shown = shadow
        shown.activity = model?.lanes[own.shadow]?.activity(now: Predictor.nanoseconds())
        if let state = model?.withheld[own.version] { shown.activity?.problem = state.refusal }
        return shown
    }
}
