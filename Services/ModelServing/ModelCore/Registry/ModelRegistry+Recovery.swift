internal import AssayMessages
internal import RPC

extension ModelRegistry {
    /// Why a stored version cannot answer.
    struct LoadError: Error {
        var reason: String
    }

    /// The picture that the store holds.
    func recover() throws -> RegistrySnapshot {
        var snapshot = RegistrySnapshot()
        for name in try rows.models() {
            var model = RegistrySnapshot.Model()
            let events = try rows.events(name)
            snapshot.generation += UInt64(events.count)
            for record in try rows.records(name) {
                let number = record.version.number
                model.records.append(record.version)
                do {
                    model.versions[number] = try load(record)
                } catch {
                    model.damage[number] = error.reason
                }
            }
            for alias in try rows.aliases(name) { model.aliases[alias.alias] = alias }
            snapshot.models[name] = model
        }
        return snapshot
    }

    /// Reads the artifact (which hashes it again), parses, compiles and replays it.
    func load(_ record: AssayModelsV1.VersionRecord) throws(LoadError) -> ServingVersion {
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
