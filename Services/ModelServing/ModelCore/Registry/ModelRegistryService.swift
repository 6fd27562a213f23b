public import AssayMessages
public import RPC

/// `assay.models.v1.ModelRegistry`.
public struct ModelRegistryService: AssayModelsV1.ModelRegistry.Service {
    private static let maximumListed = 1_000
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

    public func getAlias(
        _ request: AssayModelsV1.GetAliasRequest, context: ServerContext
    ) async throws -> AssayModelsV1.Alias {
        try registry.snapshot.alias(request.alias, of: request.model)
    }

    /// The newest versions, newest last.
    public func listVersions(
        _ request: AssayModelsV1.ListVersionsRequest, context: ServerContext
    ) async throws -> AssayModelsV1.VersionPage {
        let model = try registry.snapshot.model(request.model)
        return AssayModelsV1.VersionPage(
            versions: model.records.suffix(Self.maximumListed),
            aliases: model.aliases.values.sorted { $0.alias < $1.alias }.prefix(100).map(\.self))
    }
}
