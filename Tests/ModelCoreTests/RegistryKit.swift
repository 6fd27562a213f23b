import AssayMessages
import Foundation
import ModelCore
import RPC
import Storage
import Synchronization
import Wire

/// A registry over real files in a folder of its own, with a clock that moves only when told to.
final class RegistryKit: Sendable {
    let folder: URL
    let clock = Mutex<Int64>(1_767_571_200_000)
    let store: RocksDBStore
    let artifacts: ArtifactFolder

    init(_ folder: URL? = nil) throws {
        self.folder =
            folder
            ?? FileManager.default.temporaryDirectory
            .appending(path: "assay-models-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: self.folder, withIntermediateDirectories: true)
        store = try RocksDBStore(
            directory: self.folder.appending(path: "registry").path,
            families: ModelRegistry.families + ShadowLog.families + OutcomeLog.families)
        artifacts = try ArtifactFolder(path: self.folder.appending(path: "artifacts").path)
    }

    deinit { store.close() }

    /// What aliases ask for where no test is about that: the default alias for golden rows alone.
    static let openPolicy: @Sendable (String) -> AssayModelsV1.AliasPolicy = { alias in
        var policy = AliasPolicies.standard(alias)
        if alias == "champion" {
            policy.gates = [.compatible]
            policy.approvals = 0
        }
        return policy
    }

    /// - Parameter isGoverned: whether the default alias asks for all that it does outside of tests, or
    ///   only for golden rows.
    func open(
        shelf: VersionShelf.Limits = .init(), isGoverned: Bool = false,
        largestUpload: Int = ArtifactFolder.maximumBytes
    ) async throws -> ModelRegistry {
        try await ModelRegistry(
            over: EmbeddedRegistryStore(store, tenant: "default"), artifacts: artifacts,
            shelf: shelf, largestUpload: largestUpload,
            standardPolicy: isGoverned ? AliasPolicies.standard : Self.openPolicy
        ) { [self] in
            Timestamp(nanosecondsSinceEpoch: clock.withLock { $0 } * 1_000_000)
        }
    }

    /// Says that all artifacts were brought at the clock's time.
    func dateArtifacts() throws {
        let seconds = Double(clock.withLock { $0 }) / 1_000
        for file in try artifactFiles() {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: seconds)],
                ofItemAtPath: file.path)
        }
    }

    func removeFolder() { try? FileManager.default.removeItem(at: folder) }

    func artifactFiles() throws -> [URL] {
        let root = folder.appending(path: "artifacts")
        let found = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
        return (found?.allObjects as? [URL] ?? []).filter { !$0.hasDirectoryPath }
    }
}

/// The models that ship in `deploy/examples`.
enum Example: String, CaseIterable, Sendable {
    case credit, payments

    var folder: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "deploy/examples/\(rawValue)")
    }

    func artifact() throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: "model.json")))
    }

    func manifest() throws -> AssayModelsV1.Manifest {
        let bytes = [UInt8](try Data(contentsOf: folder.appending(path: "manifest.json")))
        return try AssayModelsV1.Manifest(jsonBytes: bytes)
    }

    func registration(
        model: String, id: String = "r-1"
    ) throws -> AssayModelsV1.RegisterVersionRequest {
        AssayModelsV1.RegisterVersionRequest(
            requestID: id, model: model, manifest: try manifest(), artifact: try artifact(),
            actor: "ann")
    }
}

extension AssayModelsV1.SetAliasRequest {
    static func move(
        _ model: String, to version: UInt32, from: UInt32 = 0, generation: UInt64 = 0,
        id: String = "a-1", alias: String = "champion"
    ) -> AssayModelsV1.SetAliasRequest {
        AssayModelsV1.SetAliasRequest(
            requestID: id, model: model, alias: alias, version: version, expectedVersion: from,
            expectedGeneration: generation, reason: "better", actor: "bob")
    }
}

/// The error of a call that must fail.
func refusal<Result>(_ body: () async throws -> Result) async -> RPCError {
    do {
        _ = try await body()
        return RPCError(.ok, "it succeeded")
    } catch let error as RPCError {
        return error
    } catch {
        return RPCError(.unknown, "\(error)")
    }
}
