import AssayMessages
import Foundation
import ModelCore
import RPC
import RPCTransport
import Storage
import TestSupport
import Testing
import Wire

@Suite("The Open Inference Protocol")
struct OpenInferenceTests {
    private static let interpreter = "\(PackageLayout.root)/.venv/bin/python"
    private static let isThere = FileManager.default.isExecutableFile(atPath: interpreter)
    private static let examples = "\(PackageLayout.root)/deploy/examples"

    @Test(
        "grpcio with the protocol's own stubs gets every answer right, and every refusal",
        .enabled(if: isThere, "no .venv with grpcio here: make test creates it"))
    func foreignClient() async throws {
        let kit = try await InferenceKit()
        for model in ["credit", "payments"] { try await kit.push(model) }
        let server = RPCServer(
            listeners: [.plaintext(port: 0)], services: [kit.inference],
            authorizer: ScopeAuthorizer(trustsEveryPeer: true))
        try await server.start()
        let result = try await ChildProcess.run(
            Self.interpreter,
            [
                "\(PackageLayout.root)/Tests/OpenInferenceTests/infer_client.py",
                "127.0.0.1:\(server.port)", Self.examples,
            ])
        #expect(result.end == .exit(0), "\(result.output)\(result.errors)")
        await server.shutdown(grace: .seconds(1))
    }

    @Test(
        "an inference is what Predict answers, bit for bit, also by the number of an older version")
    func predictsTheSame() async throws {
        let kit = try await InferenceKit()
        let rows = try await kit.push("payments").prefix(4).map(\.values)
        _ = try await kit.push("payments", version: 2)
        for version in ["", "1", "2"] {
            let selector: AssayModelsV1.Selector? = UInt32(version).map { .version($0) }
            let reply = try await kit.infer(
                "payments", version, rows.flatMap { $0 }, [Int64(rows.count), Int64(rows[0].count)])
            #expect(reply.modelVersion == (version.isEmpty ? "2" : version))
            var expected: (margin: [Double], probability: [Double]) = ([], [])
            for row in rows {
                let own = try await kit.serving.predict(
                    .init(requestID: "p", model: "payments", selector: selector, values: row),
                    context: kit.context)
                expected.margin += own.margin
                expected.probability += own.probability
            }
            let margin = reply.outputs.first { $0.name == "margin" }?.contents?.fp64Contents
            let probability = reply.outputs.first { $0.name == "probability" }?.contents
            #expect(margin?.map(\.bitPattern) == expected.margin.map(\.bitPattern))
            #expect(
                probability?.fp64Contents.map(\.bitPattern)
                    == expected.probability.map(\.bitPattern))
        }
    }

    @Test("what comes from outside is refused, never trusted", arguments: 0..<300)
    func hostile(_ seed: Int) async throws {
        let kit = try await InferenceKit.shared()
        var random = SystemSeed(UInt64(seed))
        var request = OpenInference.ModelInferRequest(modelName: "payments")
        let types = ["FP32", "FP64", "INT8", "UINT64", "BOOL", "BYTES", "FP16", ""]
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            let shape = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                [-1, 0, 1, 2, 19, .max, .min, 1 << 32].randomElement(using: &random) ?? Int64(1)
            }
            var tensor = OpenInference.ModelInferRequest.InferInputTensor(
                name: ["rows", "amount", "", "\0"].randomElement(using: &random) ?? "",
                datatype: types.randomElement(using: &random) ?? "", shape: shape)
            if Bool.random(using: &random) {
                tensor.contents = .init(
                    fp64Contents: [Double](
                        repeating: .nan, count: Int.random(in: 0...40, using: &random)))
            }
            request.inputs.append(tensor)
        }
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            request.rawInputContents.append(
                (0..<Int.random(in: 0...200, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                })
        }
        do {
            _ = try await kit.inference.modelInfer(request, context: kit.context)
        } catch let error as RPCError {
            #expect(error.code == .invalidArgument, "\(error)")
        }
    }
}

/// Numbers that repeat.
private struct SystemSeed: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

/// A registry over real files, served by both protocols; gone when the test is over.
final class InferenceKit: Sendable {
    let registry: ModelRegistry
    let serving: ModelServingService
    let inference: OpenInferenceService
    private let store: RocksDBStore
    private let folder: URL

    private static let one = Task {
        let kit = try await InferenceKit()
        _ = try await kit.push("payments")
        return kit
    }

    /// With the model "payments", for tests that change nothing.
    static func shared() async throws -> InferenceKit { try await one.value }

    init() async throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "assay-inference-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        store = try RocksDBStore(
            directory: folder.appending(path: "registry").path, families: ModelRegistry.families)
        registry = try await ModelRegistry(
            store: store,
            artifacts: try ArtifactFolder(path: folder.appending(path: "artifacts").path),
            standardPolicy: { .init(alias: $0, gates: [.compatible]) },
            now: { Timestamp(nanosecondsSinceEpoch: 0) })
        serving = ModelServingService(registry)
        inference = OpenInferenceService(serving) { true }
    }

    deinit {
        store.close()
        try? FileManager.default.removeItem(at: folder)
    }

    var context: ServerContext {
        ServerContext(
            method: OpenInference.GRPCInferenceService.modelInfer,
            caller: Caller(tenant: "bank", client: "tests"))
    }

    /// Registers a shipped example as the champion; returns its golden rows.
    @discardableResult
    func push(_ model: String, version: UInt32 = 1) async throws -> [AssayModelsV1.GoldenRow] {
        let example = URL(filePath: "\(PackageLayout.root)/deploy/examples/\(model)")
        let manifest = try AssayModelsV1.Manifest(
            jsonBytes: [UInt8](try Data(contentsOf: example.appending(path: "manifest.json"))))
        let artifact = [UInt8](try Data(contentsOf: example.appending(path: "model.json")))
        _ = try await registry.register(
            .init(
                requestID: "r-\(model)-\(version)", model: model, manifest: manifest,
                artifact: artifact, actor: "ann"))
        _ = try await registry.setAlias(
            .init(
                requestID: "a-\(model)-\(version)", model: model, alias: "champion",
                version: version, expectedVersion: version - 1,
                expectedGeneration: UInt64(version - 1), reason: "test", actor: "bob"))
        return manifest.goldenRows
    }

    func infer(
        _ model: String, _ version: String, _ values: [Double], _ shape: [Int64]
    ) async throws -> OpenInference.ModelInferResponse {
        try await inference.modelInfer(
            .init(
                modelName: model, modelVersion: version,
                inputs: [
                    .init(
                        name: "rows", datatype: "FP64", shape: shape,
                        contents: .init(fp64Contents: values))
                ]), context: context)
    }
}
