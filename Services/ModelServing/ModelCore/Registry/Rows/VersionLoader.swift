internal import AssayMessages
internal import Dispatch
internal import RPC
internal import Storage

/// Makes registered versions able to answer.
struct VersionLoader: Sendable {
    /// Why a stored version cannot answer.
    struct LoadError: Error {
        var reason: String
    }

    typealias Outcome = Result<ServingVersion, LoadError>

    let rows: RegistryRows
    let artifacts: any ArtifactStore
    private let queue = DispatchQueue(label: "assay.models.registry.loads")

    init(_ rows: RegistryRows, _ artifacts: any ArtifactStore) {
        self.rows = rows
        self.artifacts = artifacts
    }

    /// Reads a version's row, then loads it, off the threads that wait for this.
    ///
    /// - Throws: if the store cannot be read. A version that cannot be loaded is an outcome.
    func load(_ model: String, _ number: UInt32) async throws -> Outcome {
        guard let record = try await rows.record(model, number) else {
            throw RegistryRows.damaged("version \(number) of \(model)")
        }
        return await withCheckedContinuation { done in
            queue.async { [artifacts] in
                done.resume(
                    returning: Result { () throws(LoadError) in
                        try Self.load(record, artifacts)
                    })
            }
        }
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
