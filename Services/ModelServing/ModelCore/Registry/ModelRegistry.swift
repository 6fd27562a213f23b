public import AssayMessages
internal import Dispatch
internal import RPC
public import Storage
internal import Synchronization
public import Wire

/// Model files, their versions and aliases: every change is checked, chained, durable, and then
/// published as a snapshot.
///
/// Changes run one after the other on a queue of their own, off the event loops; readers take the
/// current snapshot and never wait for a change.
public final class ModelRegistry: Sendable {
    /// Waiting changes, and the bytes of their model files; more are refused.
    static let maximumPendingChanges = 64
    static let maximumPendingBytes = 256 << 20
    /// How long the answer to a request id is remembered.
    static let requestLifetimeMilliseconds: Int64 = 86_400_000

    let rows: RegistryRows
    let artifacts: any ArtifactStore
    let now: @Sendable () -> Timestamp

    private let queue = DispatchQueue(label: "assay.models.registry")
    private let pending = Mutex((changes: 0, bytes: 0))
    private let current = Mutex(RegistrySnapshot())

    /// Recovers every version from the store: hashed, parsed, compiled, and its golden rows
    /// replayed again. Blocks.
    ///
    /// - Throws: if the store cannot be read, or its chain of events was altered. A damaged
    ///   artifact is no error here: its version answers UNAVAILABLE, and `snapshot.damagedAliases`
    ///   says whether the service may be called ready.
    public init(
        store: any KeyValueStore, artifacts: any ArtifactStore, tenant: String = "default",
        now: @escaping @Sendable () -> Timestamp
    ) throws {
        rows = RegistryRows(store: store, keys: RegistryKeys(tenant: tenant))
        self.artifacts = artifacts
        self.now = now
        try rows.removeRequests(
            olderThan: now().millisecondsSinceEpoch - Self.requestLifetimeMilliseconds)
        let recovered = try recover()
        current.withLock { $0 = recovered }
    }

    /// The picture to answer from.
    public var snapshot: RegistrySnapshot { current.withLock { $0 } }

    /// Checks, compiles and stores a model file as the model's next version.
    public func register(
        _ request: AssayModelsV1.RegisterVersionRequest, by caller: String = ""
    ) async throws -> AssayModelsV1.Version {
        try await change(bytes: request.artifact.count) {
            try self.registerNow(request, by: caller)
        }
    }

    /// Points an alias at a version, if it still is where the caller thinks.
    public func setAlias(
        _ request: AssayModelsV1.SetAliasRequest, by caller: String = ""
    ) async throws -> AssayModelsV1.Alias {
        try await change(bytes: 0) { try self.setAliasNow(request, by: caller) }
    }

    func publish(_ change: (inout RegistrySnapshot) -> Void) {
        current.withLock {
            change(&$0)
            $0.generation += 1
        }
    }

    private func change<Result: Sendable>(
        bytes: Int, _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        let isWelcome = pending.withLock { pending in
            let isWelcome =
                pending.changes < Self.maximumPendingChanges
                && (pending.bytes + bytes <= Self.maximumPendingBytes || pending.changes == 0)
            if isWelcome { pending = (pending.changes + 1, pending.bytes + bytes) }
            return isWelcome
        }
        guard isWelcome else {
            throw RPCError(.resourceExhausted, "too many changes of the registry are waiting")
        }
        defer { pending.withLock { $0 = ($0.changes - 1, $0.bytes - bytes) } }
        return try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result { try Self.translated(body) }) }
        }
    }

    /// Failures of the disk are UNAVAILABLE: nothing was changed, and the caller may try again.
    private static func translated<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as StorageError {
            throw RPCError(
                code: .unavailable, message: "the registry's store failed: \(error)", cause: error)
        } catch let error as ArtifactError {
            throw RPCError(
                code: .unavailable, message: "the artifact store failed: \(error)", cause: error)
        }
    }
}
