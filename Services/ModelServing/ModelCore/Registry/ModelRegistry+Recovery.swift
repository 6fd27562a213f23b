internal import AssayMessages
internal import RPC
internal import Storage

extension ModelRegistry {
    /// Why a stored version cannot answer.
    struct LoadError: Error {
        var reason: String
    }

    /// The picture that the store holds. Blocks.
    static func recover(
        _ store: EmbeddedRegistryStore, _ artifacts: any ArtifactStore
    ) throws -> RegistrySnapshot {
        var snapshot = RegistrySnapshot()
        for row in try store.rowsNow(RegistryRange(.head)) {
            let name = row.key.chain
            var model = RegistrySnapshot.Model()
            var verifier = ChainVerifier(name)
            for row in try store.rowsNow(RegistryRange(.event, of: name)) {
                model.changed(by: try verifier.next(row))
            }
            try verifier.checkEnd(try RegistryRows.head(row.value, name))
            snapshot.generation += model.sequence
            for row in try store.rowsNow(RegistryRange(.version, of: name)) {
                let record: AssayModelsV1.VersionRecord = try RegistryRows.message(row)
                let number = record.version.number
                model.records.append(record.version)
                do {
                    model.versions[number] = try load(record, artifacts)
                } catch {
                    model.damage[number] = error.reason
                }
            }
            for row in try store.rowsNow(RegistryRange(.alias, of: name)) {
                let alias: AssayModelsV1.Alias = try RegistryRows.message(row)
                model.aliases[alias.alias] = alias
            }
            for row in try store.rowsNow(RegistryRange(.experiment, of: name)) {
                let record: AssayModelsV1.ExperimentRecord = try RegistryRows.message(row)
                model.experiments[record.experiment.specification.experiment] = record
            }
            if name != RegistryTransaction.sharedChain { snapshot.models[name] = model }
        }
        for row in try store.rowsNow(RegistryRange(.holdout, of: RegistryTransaction.sharedChain)) {
            let record: AssayModelsV1.HoldoutRecord = try RegistryRows.message(row)
            snapshot.holdouts[record.specification.holdout] = record
        }
        try snapshot.refreshAssignments()
        return snapshot
    }

    /// Reads the artifact (which hashes it again), parses, compiles and replays it. Blocks.
    static func load(
        _ record: AssayModelsV1.VersionRecord, _ artifacts: any ArtifactStore
    ) throws(LoadError) -> ServingVersion {
        guard let digest = ArtifactDigest(record.version.artifact) else {
            throw LoadError(reason: "the record names no artifact")
        }
        do {
            return try ServingVersion(
                artifact: try artifacts.get(digest), digest: digest,
                number: record.version.number, manifest: record.manifest)
        } catch let error as ArtifactError {
            throw LoadError(reason: error.message)
        } catch let error as RPCError {
            throw LoadError(reason: error.message)
        } catch {
            throw LoadError(reason: "\(error)")
        }
    }
}
