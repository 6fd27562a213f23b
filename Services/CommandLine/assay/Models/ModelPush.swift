import AssayMessages
import Foundation
import RPC
import Wire

/// Registers a model file with its manifest, and moves aliases.
struct ModelPush: Sendable {
    let registry: AssayModelsV1.ModelRegistry.Client
    let options: CallOptions

    init(registry: AssayModelsV1.ModelRegistry.Client, options: CallOptions) {
        self.registry = registry
        self.options = options
    }

    init(_ connection: GatewayConnection) {
        self.init(
            registry: AssayModelsV1.ModelRegistry.Client(connection.transport),
            options: connection.options)
    }

    /// The alias as it stands, or else the file registered and the alias made.
    func ensure(
        model: String, alias: String, manifest: String, artifact: String
    ) async throws -> AssayModelsV1.Alias {
        if let known = try await current(model: model, alias: alias) { return known }
        let version = try await register(model: model, manifest: manifest, artifact: artifact)
        return try await move(
            model: model, alias: alias, to: version.number,
            reason: "a shipped example, registered by the main job")
    }

    /// Registers a version. The request id follows from the content, so that pushing the same file
    /// twice registers it once.
    func register(
        model: String, manifest manifestPath: String, artifact artifactPath: String
    ) async throws -> AssayModelsV1.Version {
        let manifestBytes = try Self.bytes(manifestPath)
        let artifact = try Self.bytes(artifactPath)
        let manifest = try Self.manifest(manifestBytes, manifestPath)
        let content = Self.fingerprint(manifestBytes + artifact)
        return try await registry.registerVersion(
            AssayModelsV1.RegisterVersionRequest(
                requestID: "push-\(content)", model: model, manifest: manifest, artifact: artifact,
                actor: NSUserName()),
            options: options)
    }

    /// Points an alias at a version, whatever it pointed at before.
    func move(
        model: String, alias: String, to version: UInt32, reason: String, ticket: String = ""
    ) async throws -> AssayModelsV1.Alias {
        let known = try await current(model: model, alias: alias)
        return try await registry.setAlias(
            AssayModelsV1.SetAliasRequest(
                requestID: RegistryOptions.requestID(), model: model, alias: alias,
                version: version,
                expectedVersion: known?.version ?? 0, expectedGeneration: known?.generation ?? 0,
                reason: reason, actor: NSUserName(), ticket: ticket),
            options: options)
    }

    /// The alias as it stands; nil if there is none.
    func current(model: String, alias: String) async throws -> AssayModelsV1.Alias? {
        do {
            return try await registry.getAlias(
                AssayModelsV1.GetAliasRequest(model: model, alias: alias), options: options)
        } catch let error as RPCError where error.code == .notFound {
            return nil
        }
    }

    static func manifest(
        _ bytes: [UInt8], _ path: String
    ) throws -> AssayModelsV1.Manifest {
        do {
            return try AssayModelsV1.Manifest(jsonBytes: bytes)
        } catch {
            throw Complaint("\(path): \(error)")
        }
    }

    /// Bytes of a file; nil if there is none.
    static func size(_ path: String) -> Int? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return attributes?[.size] as? Int
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Complaint("\(path) cannot be read")
        }
        return Array(data)
    }

    /// FNV-1a: tells contents apart in a request id. What was stored is named by its SHA-256.
    private static func fingerprint(_ bytes: [UInt8]) -> String {
        let value: UInt64 = bytes.reduce(0xCBF2_9CE4_8422_2325) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01B3
        }
        return String(value, radix: 16)
    }
}
