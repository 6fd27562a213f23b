import AssayMessages
import ModelCore
import RPC
import Testing

@Suite("The services of assay.models.v1")
struct ServiceTests {
    private func context(_ method: MethodDescriptor) -> ServerContext {
        ServerContext(method: method, caller: Caller(tenant: "bank", client: "ci"))
    }

    @Test("register, move, look up, list, predict; the caller's client signs what names no actor")
    func lifecycle() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let modelRegistry = try await kit.open()
        let registry = ModelRegistryService(modelRegistry)
        let serving = ModelServingService(modelRegistry)
        var registration = try Example.credit.registration(model: "credit-german")
        registration.actor = ""
        let version = try await registry.registerVersion(
            registration, context: context(AssayModelsV1.ModelRegistry.registerVersion))
        #expect(version.uploader == "ci")
        let alias = try await registry.setAlias(
            .move("credit-german", to: 1),
            context: context(AssayModelsV1.ModelRegistry.setAlias))
        let found = try await registry.getAlias(
            .init(model: "credit-german", alias: "champion"),
            context: context(AssayModelsV1.ModelRegistry.getAlias))
        #expect(found == alias)
        let page = try await registry.listVersions(
            .init(model: "credit-german"),
            context: context(AssayModelsV1.ModelRegistry.listVersions))
        #expect(page.versions == [version] && page.aliases == [alias])
        let golden = registration.manifest.goldenRows[0]
        let response = try await serving.predict(
            .init(requestID: "p", model: "credit-german", values: golden.values),
            context: context(AssayModelsV1.ModelServing.predict))
        #expect(response.margin == golden.margin)
        #expect(modelRegistry.snapshot.predictions.map(\.count) == [1])
    }

    @Test("the methods are behind their scopes and mutual TLS")
    func access() {
        #expect(
            AssayModelsV1.ModelServing.predict.access == .scope("models.predict", mutualTLS: true))
        #expect(
            AssayModelsV1.ModelRegistry.registerVersion.access
                == .scope("models.upload", mutualTLS: true))
        #expect(
            AssayModelsV1.ModelRegistry.setAlias.access == .scope("models.move", mutualTLS: true))
        #expect(AssayModelsV1.ModelRegistry.registerVersion.maximumRequestBytes > 16 << 20)
    }
}
