public import AssayMessages
internal import Inference
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
        let artifact = request.artifact
        let checked = try await check(bytes: artifact.count, request.manifest) { [artifacts] in
            (artifact, { _ = try artifacts.put(artifact) })
        }
        return try await register(
            checked,
            Registration(
                requestID: request.requestID, model: request.model, manifest: request.manifest,
                size: UInt64(artifact.count), actor: request.actor, caller: caller,
                encoded: encoded))
    }

    /// What is registered, however its bytes came.
    struct Registration: Sendable {
        var requestID: String
        var model: String
        var manifest: AssayModelsV1.Manifest
        /// Bytes of the artifact.
        var size: UInt64
        var actor: String
        /// Who the caller proved to be; empty: nobody.
        var caller: String
        /// What the request id stands for.
        var encoded: [UInt8]
    }

    /// Makes a checked model file, whose bytes are stored, the model's next version.
    func register(
        _ checked: ServingVersion, _ request: Registration
    ) async throws -> AssayModelsV1.Version {
        try await change(request.model, request.requestID, request.encoded) { transaction in
            if case .ensemble(let ensemble) = checked.model {
                try await transaction.use(ensemble.file.members)
            }
            let version = AssayModelsV1.Version(
                model: request.model, number: transaction.takeVersionNumber(),
                artifact: checked.artifact, size: request.size,
                format: checked.model.format, trees: UInt32(checked.model.treeCount),
                inputs: UInt32(checked.model.inputCount),
                goldenRows: UInt32(checked.goldenRowCount), registeredAt: transaction.time,
                uploader: request.caller.isEmpty ? request.actor : request.caller)
            let record = AssayModelsV1.VersionRecord(
                version: version, manifest: request.manifest)
            try transaction.put(
                RegistryKey(.version, request.model, version.number), record,
                AssayModelsV1.Event(
                    model: request.model, sequence: 0, time: transaction.time,
                    kind: .versionRegistered, actor: version.uploader, version: version.number,
                    artifact: version.artifact, statedActor: request.actor,
                    gates: GateKeeper.registration(of: checked)))
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
    /// reproduced. Only a file that passed is kept; what was kept lately is not swept.
    ///
    /// - Parameter read: gives the file, and what keeps it. Both may block.
    func check(
        bytes: Int, _ manifest: AssayModelsV1.Manifest,
        read: @escaping @Sendable () throws -> (artifact: [UInt8], keep: () throws -> Void)
    ) async throws -> ServingVersion {
        try await Self.translated {
            let members = try await members(bytes: bytes, read)
            return try await work(bytes: bytes) { [artifacts] in
                let (artifact, keep) = try read()
                let digest = ArtifactDigest(of: artifact)
                let loaded = members.load(artifacts)
                let serving = try ServingVersion(
                    artifact: artifact, digest: digest, number: 0, manifest: manifest
                ) { (model, number) throws(RPCError) in try loaded.find(model, number) }
                // What is registered is what its golden rows say, degraded or not.
                if serving.isDegraded { try serving.replay(manifest) }
                try keep()
                return serving
            }
        }
    }

    /// The members of a file that is an ensemble; none of another.
    private func members(
        bytes: Int,
        _ read: @escaping @Sendable () throws -> (artifact: [UInt8], keep: () throws -> Void)
    ) async throws -> EnsembleMembers {
        guard bytes <= EnsembleFile.maximumBytes else { return EnsembleMembers() }
        let file = try await work(bytes: bytes) {
            let artifact = try read().artifact
            return EnsembleFile.recognizes(artifact) ? try? EnsembleFile(artifact) : nil
        }
        guard let file else { return EnsembleMembers() }
        return try await loader.members(of: file)
    }
}
