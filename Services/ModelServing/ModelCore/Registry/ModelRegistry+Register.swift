public import AssayMessages
internal import Crypto
internal import RPC
internal import Wire

extension ModelRegistry {
    /// Checks, compiles and stores a model file as the model's next version.
    public func register(
        _ request: AssayModelsV1.RegisterVersionRequest, by caller: String = ""
    ) async throws -> AssayModelsV1.Version {
        try ModelName.check(request.model, "model")
        let encoded = request.encoded()
        // Before the work: a repeated call costs nothing.
        if let known = try await Self.translated({
            try await remembered(request.model, request.requestID, encoded)
        }) {
            return try AssayModelsV1.Version(decoding: known, door: .strict)
        }
        let checked = try await check(request.artifact, request.manifest)
        defer { ArtifactDigest(checked.artifact).map(uploads.release) }
        return try await change(request.model, request.requestID, encoded) { transaction in
            let version = AssayModelsV1.Version(
                model: request.model, number: transaction.takeVersionNumber(),
                artifact: checked.artifact, size: UInt64(request.artifact.count),
                format: checked.model.format, trees: UInt32(checked.model.treeCount),
                inputs: UInt32(checked.model.inputCount),
                goldenRows: UInt32(checked.goldenRowCount), registeredAt: transaction.time,
                uploader: caller.isEmpty ? request.actor : caller)
            let record = AssayModelsV1.VersionRecord(
                version: version, manifest: request.manifest)
            try transaction.put(
                RegistryKey(.version, request.model, version.number), record,
                AssayModelsV1.Event(
                    model: request.model, sequence: 0, time: transaction.time,
                    kind: .versionRegistered, actor: version.uploader, version: version.number,
                    artifact: version.artifact, statedActor: request.actor))
            return VersionLife.beginning(of: version).shown(version)
        } published: { transaction, version in
            publish(transaction) { model in
                var version = version
                version.status = .unspecified
                model.records.append(version)
                model.versions[version.number] = ServingVersion(
                    checked, number: version.number)
            }
        }
    }

    /// The gates of a registration: the file parses, the manifest agrees with it, every golden row is
    /// reproduced. Only a file that passed touches the disk; it is held there until it is released.
    private func check(
        _ artifact: [UInt8], _ manifest: AssayModelsV1.Manifest
    ) async throws -> ServingVersion {
        try await Self.translated {
            try await work(bytes: artifact.count) { [artifacts, uploads] in
                let digest = ArtifactDigest(of: artifact)
                let serving = try ServingVersion(
                    artifact: artifact, digest: digest, number: 0, manifest: manifest)
                uploads.hold(digest)
                do {
                    _ = try artifacts.put(artifact)
                } catch {
                    uploads.release(digest)
                    throw error
                }
                return serving
            }
        }
    }
}
