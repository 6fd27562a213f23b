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
