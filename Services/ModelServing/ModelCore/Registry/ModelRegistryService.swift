public import AssayMessages
public import RPC

/// `assay.models.v1.ModelRegistry`.
public struct ModelRegistryService: AssayModelsV1.ModelRegistry.Service {
    private let registry: ModelRegistry

    public init(_ registry: ModelRegistry) { self.registry = registry }

    public func registerVersion(
        _ request: AssayModelsV1.RegisterVersionRequest, context: ServerContext
    ) async throws -> AssayModelsV1.Version {
        try await registry.register(request, by: context.caller.client)
    }

    public func setAlias(
        _ request: AssayModelsV1.SetAliasRequest, context: ServerContext
    ) async throws -> AssayModelsV1.Alias {
        try await registry.setAlias(request, by: context.caller.client)
    }

    public func setStatus(
        _ request: AssayModelsV1.SetStatusRequest, context: ServerContext
    ) async throws -> AssayModelsV1.Version {
        try await registry.setStatus(request, by: context.caller.client)
    }

    public func approve(
        _ request: AssayModelsV1.ApproveRequest, context: ServerContext
    ) async throws -> AssayModelsV1.Approval {
        try await registry.approve(request, by: context.caller.client)
    }

    public func rollback(
        _ request: AssayModelsV1.RollbackRequest, context: ServerContext
    ) async throws -> AssayModelsV1.Alias {
        try await registry.rollback(request, by: context.caller.client)
    }

    public func deleteAlias(
        _ request: AssayModelsV1.DeleteAliasRequest, context: ServerContext
    ) async throws -> AssayModelsV1.Event {
        try await registry.deleteAlias(request, by: context.caller.client)
    }

    public func applyPolicy(
        _ request: AssayModelsV1.ApplyPolicyRequest, context: ServerContext
    ) async throws -> AssayModelsV1.PolicyPlan {
        try await registry.applyPolicy(request, by: context.caller.client)
    }

    public func getPolicy(
        _ request: AssayModelsV1.GetPolicyRequest, context: ServerContext
    ) async throws -> AssayModelsV1.EffectivePolicy {
        try await registry.policy(request)
    }

    public func asOf(
        _ request: AssayModelsV1.AsOfRequest, context: ServerContext
    ) async throws -> AssayModelsV1.AsOfResponse {
        try await registry.asOf(request)
    }

    public func getAlias(
        _ request: AssayModelsV1.GetAliasRequest, context: ServerContext
    ) async throws -> AssayModelsV1.Alias {
        try registry.snapshot.alias(request.alias, of: request.model)
    }

    public func listVersions(
        _ request: AssayModelsV1.ListVersionsRequest, context: ServerContext
    ) async throws -> AssayModelsV1.VersionPage {
        try registry.versions(request)
    }

    public func getVersion(
        _ request: AssayModelsV1.VersionRef, context: ServerContext
    ) async throws -> AssayModelsV1.VersionRecord {
        try await registry.version(request)
    }

    public func listModels(
        _ request: AssayModelsV1.ListModelsRequest, context: ServerContext
    ) async throws -> AssayModelsV1.ModelPage {
        registry.models(request)
    }

    public func history(
        _ request: AssayModelsV1.HistoryRequest, context: ServerContext
    ) async throws -> AssayModelsV1.EventPage {
        try await registry.history(request)
    }

    public func uploadVersion(
        _ requests: RequestStream<AssayModelsV1.UploadPart>, context: ServerContext
    ) async throws -> AssayModelsV1.Version {
        try await registry.upload(requests, by: context.caller.client)
    }

    public func watch(
        _ request: AssayModelsV1.WatchRequest, replies: ReplyWriter<AssayModelsV1.Event>,
        context: ServerContext
    ) async throws {
        try await registry.watch(request) { try await replies.write($0) }
    }
}
