internal import AssayMessages
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
    private let queue = QuietThread()
    private let urgent = QuietThread(isUrgent: true)

    init(_ rows: RegistryRows, _ artifacts: any ArtifactStore) {
        self.rows = rows
        self.artifacts = artifacts
    }

    /// Reads a version's row, then loads it, off the threads that wait for this.
    ///
    /// - Parameter isUrgent: whether it is in use and nothing answers for it until it is there: it waits
    ///   behind nothing that is not.
    /// - Throws: if the store cannot be read. A version that cannot be loaded is an outcome.
    func load(
        _ model: String, _ number: UInt32, isUrgent: Bool = false
    ) async throws -> Outcome {
        guard let record = try await rows.record(model, number) else {
            throw RegistryRows.damaged("version \(number) of \(model)")
        }
        let members = try await members(of: record)
        return await quietly(isUrgent: isUrgent) { [artifacts] in
            Result { () throws(LoadError) in
                try Self.load(record, artifacts, members.load(artifacts))
            }
        }
    }

    /// Waits for what blocks, behind all of its kind that was given before.
    func quietly<Value: Sendable>(
        isUrgent: Bool = false, _ body: @escaping @Sendable () -> Value
    ) async -> Value {
        await withCheckedContinuation { done in
            (isUrgent ? urgent : queue).async { done.resume(returning: body()) }
        }
    }

    /// Reads the artifact (which hashes it again), parses, compiles and replays it. Blocks.
    static func load(
        _ record: AssayModelsV1.VersionRecord, _ artifacts: any ArtifactStore,
        _ members: EnsembleMembers.Loaded
    ) throws(LoadError) -> ServingVersion {
        try read(record, artifacts) { (bytes, digest) throws(RPCError) in
            try ServingVersion(
                artifact: bytes, digest: digest, number: record.version.number,
                manifest: record.manifest
            ) { (model, number) throws(RPCError) in try members.find(model, number) }
        }
    }

    /// Hashes the artifact of a loaded version again, and replays its golden rows. Blocks.
    static func prove(
        _ loaded: ServingVersion, _ record: AssayModelsV1.VersionRecord,
        _ artifacts: any ArtifactStore
    ) throws(LoadError) {
        try read(record, artifacts) { (_, digest) throws(RPCError) in
            guard loaded.artifact == digest.bytes else {
                throw RPCError(.internal, "another artifact is loaded than the record names")
            }
            try loaded.replay(record.manifest)
        }
    }

    /// Does something with the bytes of a version's artifact, which have its hash.
    private static func read<Result>(
        _ record: AssayModelsV1.VersionRecord, _ artifacts: any ArtifactStore,
        _ body: (_ bytes: [UInt8], ArtifactDigest) throws(RPCError) -> Result
    ) throws(LoadError) -> Result {
        guard let digest = ArtifactDigest(record.version.artifact) else {
            throw LoadError(reason: "the record names no artifact")
        }
        do {
            return try body(try artifacts.get(digest), digest)
        } catch let error as ArtifactError {
            throw LoadError(reason: error.message)
        } catch let error as RPCError {
            throw LoadError(reason: error.message)
        } catch {
            throw LoadError(reason: "\(error)")
        }
    }
}
