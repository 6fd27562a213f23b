public import AssayMessages
internal import Inference
public import RPC
internal import Wire

/// `inference.GRPCInferenceService`, the Open Inference Protocol version 2: the models of the
/// registry for clients that know no Assay. A model's version is a number, an alias, or nothing for
/// the alias "champion".
public struct OpenInferenceService: OpenInference.GRPCInferenceService.Service {
    private let serving: ModelServingService
    private let isReady: @Sendable () -> Bool

    /// - Parameter isReady: whether the process is.
    public init(_ serving: ModelServingService, isReady: @escaping @Sendable () -> Bool) {
        self.serving = serving
        self.isReady = isReady
    }

    public func serverLive(
        _ request: OpenInference.ServerLiveRequest, context: ServerContext
    ) async throws -> OpenInference.ServerLiveResponse {
        OpenInference.ServerLiveResponse(live: true)
    }

    public func serverReady(
        _ request: OpenInference.ServerReadyRequest, context: ServerContext
    ) async throws -> OpenInference.ServerReadyResponse {
        OpenInference.ServerReadyResponse(ready: isReady())
    }

    public func serverMetadata(
        _ request: OpenInference.ServerMetadataRequest, context: ServerContext
    ) async throws -> OpenInference.ServerMetadataResponse {
        OpenInference.ServerMetadataResponse(name: "assay-models", version: "2")
    }

    /// A model that is not there is not ready, as other servers of the protocol have it.
    public func modelReady(
        _ request: OpenInference.ModelReadyRequest, context: ServerContext
    ) async throws -> OpenInference.ModelReadyResponse {
        let selector = Self.selector(request.version)
        return OpenInference.ModelReadyResponse(
            ready: serving.isReady(request.name, selector))
    }

    public func modelMetadata(
        _ request: OpenInference.ModelMetadataRequest, context: ServerContext
    ) async throws -> OpenInference.ModelMetadataResponse {
        let (model, version) = try await serving.version(
            request.name, Self.selector(request.version))
        return ModelTensors.metadata(version, of: model)
    }

    public func modelInfer(
        _ request: OpenInference.ModelInferRequest, context: ServerContext
    ) async throws -> OpenInference.ModelInferResponse {
        let (_, version) = try await serving.version(
            request.modelName, Self.selector(request.modelVersion))
        let call = try InferCall(request, version)
        return try await call.response(from: serving, context)
    }

    static func selector(_ version: String) -> AssayModelsV1.Selector? {
        if version.isEmpty { return nil }
        return UInt32(version).map { .version($0) } ?? .alias(version)
    }
}

/// What a version looks like as tensors.
enum ModelTensors {
    private static let mostVersions = 1_000

    static func metadata(
        _ version: ServingVersion, of model: ServingModel
    ) -> OpenInference.ModelMetadataResponse {
        let numbers = (1...max(1, model.newest)).suffix(mostVersions)
            .filter { model.damage[$0] == nil && $0 <= model.newest }
        var metadata = OpenInference.ModelMetadataResponse(
            name: model.name, versions: model.aliases.keys.sorted() + numbers.map { "\($0)" },
            platform: "assay_\(version.model.format)")
        metadata.inputs = version.signature.inputs.map { input in
            let type: TensorType =
                switch input.kind {
                case .number: .double
                case .flag: .bool
                case .category: .bytes
                }
            return .init(name: input.name, datatype: type.rawValue, shape: [-1])
        }
        metadata.outputs = InferOutput.allCases.filter { $0.isGiven(by: version) }.map {
            .init(
                name: $0.rawValue, datatype: TensorType.double.rawValue,
                shape: [-1, Int64($0.width(version))])
        }
        metadata.properties["version"] = "\(version.number)"
        metadata.properties["artifact"] = hexadecimal(version.artifact)
        if version.vectorFingerprint != 0 {
            metadata.properties["vector"] = version.vectorName
            metadata.properties["vector_fingerprint"] = hexadecimal(
                version.manifest.vectorFingerprint)
        }
        return metadata
    }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}

/// The tensors that come back.
enum InferOutput: String, CaseIterable, Sendable {
    case margin, probability
    /// What each input added to the margin, in the order of the inputs, and the base value last.
    case contributions

    func isGiven(by version: ServingVersion) -> Bool {
        self != .contributions || version.explainer != nil && version.model.marginCount == 1
    }

    func width(_ version: ServingVersion) -> Int {
        switch self {
        case .margin: version.model.marginCount
        case .probability: version.model.probabilityCount
        case .contributions: version.signature.inputs.count + 1
        }
    }
}
