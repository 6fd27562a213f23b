import AssayMessages
import RPC
import Testing

@testable import ModelCore

@Suite("Open Inference calls beside a shadow")
struct InferredCallTests {
    @Test("calls without an id are drawn one by one, not all alike")
    func drawn() async throws {
        let kit = try await ShadowKit()
        defer { kit.kit.removeFolder() }
        let runner = ShadowRunner(
            kit.registry, log: kit.log, threads: 8, score: ShadowScorer.predicting)
        defer { runner.close() }
        try await kit.apply(ShadowKit.file(("share: 10000", "share: 5000")))
        let service = OpenInferenceService(ModelServingService(kit.registry)) { true }
        func infer(_ id: String) async throws {
            _ = try await service.modelInfer(
                .init(
                    modelName: "m", id: id,
                    inputs: [
                        .init(
                            name: "rows", datatype: "FP64", shape: [1, 2],
                            contents: .init(fp64Contents: [1, 2]))
                    ]),
                context: ServerContext(
                    method: OpenInference.GRPCInferenceService.modelInfer,
                    caller: Caller(tenant: "bank", client: "ci")))
        }
        for _ in 0..<100 { try await infer("") }
        // All or none would be 2 in 2^100 by chance.
        let offered = kit.activity().offered
        #expect(offered > 0 && offered < 100)
        // One id is one unit.
        for _ in 0..<20 { try await infer("mine") }
        #expect([offered, offered + 20].contains(kit.activity().offered))
    }
}
