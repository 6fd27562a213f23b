internal import AssayMessages
internal import Inference

extension VersionLoader {
    /// What a version answers with besides itself: nothing, unless it is an ensemble.
    func members(of record: AssayModelsV1.VersionRecord) async throws -> EnsembleMembers {
        guard let file = await file(of: record) else { return EnsembleMembers() }
        return try await members(of: file)
    }

    func members(of file: EnsembleFile) async throws -> EnsembleMembers {
        var members = EnsembleMembers()
        try await add(file, depth: 1, to: &members)
        return members
    }

    /// The file of an ensemble; nil for another version, and where it cannot be read: what is wrong
    /// with it shows when it is loaded.
    func file(of record: AssayModelsV1.VersionRecord) async -> EnsembleFile? {
        guard record.version.format == ModelFormat.assayEnsemble.rawValue,
            let digest = ArtifactDigest(record.version.artifact)
        else { return nil }
        return await quietly { [artifacts] in
            (try? artifacts.get(digest)).flatMap { try? EnsembleFile($0) }
        }
    }

    /// One step deeper than ensembles may nest, so that the refusal says just that. Rows that were
    /// altered into a circle end there too.
    private func add(
        _ file: EnsembleFile, depth: Int, to members: inout EnsembleMembers
    ) async throws {
        for stated in file.members {
            let place = VersionShelf.Place(model: stated.model, version: UInt32(stated.version))
            guard !members.contains(place) else { continue }
            let member = try await member(place)
            if case .success(let record) = member, depth <= EnsembleFile.depthLimit,
                let nested = await self.file(of: record)
            {
                try await add(nested, depth: depth + 1, to: &members)
            }
            members.add(place, member)
        }
    }

    private func member(_ place: VersionShelf.Place) async throws -> EnsembleMembers.Found {
        guard (try? ModelName.check(place.model, "model")) != nil,
            let record = try await rows.record(place.model, place.version)
        else { return .failure(LoadError(reason: "there is no such version")) }
        let key = RegistryKey(.status, place.model, place.version)
        guard let bytes = try await rows.store.get(key) else { return .success(record) }
        let state: AssayModelsV1.VersionState = try RegistryRows.message(RegistryRow(key, bytes))
        return state.mayServe ? .success(record) : .failure(LoadError(reason: state.refusal))
    }
}
