import AssayMessages
import NIOPosix
import RPC
import RPCTransport

/// Registers versions and moves aliases, as a person does through the gateway.
actor Administrator {
    private let channel: RPCClient
    private let registry: AssayModelsV1.ModelRegistry.Client
    private let serving: AssayModelsV1.ModelServing.Client
    private let experiments: AssayModelsV1.Experiments.Client
    private let monitoring: AssayModelsV1.ModelMonitoring.Client
    private let model: String
    private var requests = 0
    /// Where the alias points.
    private(set) var served: UInt32 = 0
    private var generation: UInt64 = 0

    init(
        _ process: ModelsProcess, model: String, _ group: MultiThreadedEventLoopGroup
    ) throws {
        channel = try process.client("assay-gateway", group)
        registry = .init(channel)
        serving = .init(channel)
        experiments = .init(channel)
        monitoring = .init(channel)
        self.model = model
    }

    private var options: CallOptions {
        CallOptions(
            deadline: .after(.seconds(30)),
            metadata: [
                "assay-tenant": "bench", "assay-client": "bench",
                "assay-scopes": "models.upload models.move models.read models.predict "
                    + "experiments.apply experiments.stop",
            ])
    }

    private func nextID() -> String {
        requests += 1
        return "bench-\(requests)"
    }

    /// - Returns: the number of the new version.
    func register(_ forest: SeededForest) async throws -> UInt32 {
        let artifact = forest.artifact
        return try await register(artifact, forest.manifest(artifact))
    }

    func register(
        _ artifact: [UInt8], _ manifest: AssayModelsV1.Manifest
    ) async throws -> UInt32 {
        try await registry.registerVersion(
            .init(
                requestID: nextID(), model: model, manifest: manifest, artifact: artifact,
                actor: "bench"), options: options
        ).number
    }

    /// Points the alias "champion" elsewhere.
    func move(to version: UInt32) async throws {
        let alias = try await registry.setAlias(
            .init(
                requestID: nextID(), model: model, alias: "champion", version: version,
                expectedVersion: served, expectedGeneration: generation, reason: "benchmark",
                actor: "bench"), options: options)
        (served, generation) = (alias.version, alias.generation)
    }

    /// Scores one row with a version, which may have to be loaded first.
    func score(_ row: [Double], version: UInt32) async throws {
        _ = try await serving.predictBatch(
            .init(
                requestID: nextID(), model: model, selector: .version(version), values: row,
                rows: 1), options: options)
    }

    private static let shadow = "bench"

    /// Shows a version every call of the alias.
    func shadow(
        _ version: UInt32, revision: Int, basisPointsOfTime: Int, queue: Int
    ) async throws {
        let file = """
            shadow: \(Self.shadow)
            revision: \(revision)
            owner: bench
            model: \(model)
            alias: champion
            version: \(version)
            share: 10000
            budget: {pool: \(basisPointsOfTime), queue: \(queue)}
            """
        _ = try await experiments.applyExperiment(
            .init(requestID: nextID(), file: file, reason: "benchmark"), options: options)
    }

    /// - Returns: how its calls fared.
    func stopShadow() async throws -> String {
        let page = try await monitoring.listShadows(.init(model: model), options: options)
        _ = try await monitoring.stopShadow(
            .init(
                requestID: nextID(), model: model, shadow: Self.shadow, reason: "benchmark"),
            options: options)
        guard let found = page.shadows.first?.activity else { return "no shadow ran" }
        return "\(found.offered) shown, \(found.scored) scored, \(found.dropped) gave way, "
            + "\(found.waiting) waited"
    }

    func close() async { await channel.close() }
}
