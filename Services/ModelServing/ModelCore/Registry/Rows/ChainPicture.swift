internal import AssayMessages
internal import Storage
internal import Wire

/// What the rows of a chain say, all read between two changes of it.
struct ChainPicture: Sendable {
    let chain: String
    private(set) var head = RegistryHead()
    /// Behind those that were asked for, oldest first.
    private(set) var versions: [AssayModelsV1.Version] = []
    private(set) var states: [UInt32: AssayModelsV1.VersionState] = [:]
    private(set) var aliases: [String: AssayModelsV1.Alias] = [:]
    private(set) var experiments: [String: AssayModelsV1.ExperimentRecord] = [:]
    private(set) var shadows: [AssayModelsV1.Shadow] = []
    private(set) var holdouts: [String: AssayModelsV1.HoldoutRecord] = [:]

    /// Of the chain's newest event.
    var sequence: UInt64 { head.nextSequence - 1 }
    /// Of the chain's newest event.
    private(set) var changedAt = Timestamp(nanosecondsSinceEpoch: 0)
}

extension ChainPicture {
    /// What is known of a chain already.
    struct Known: Sendable {
        /// Events up to this one were verified.
        var sequence: UInt64 = 0
        /// Versions up to this one are not read again.
        var version: UInt32 = 0
    }

    /// Reads a chain, and verifies its events behind those that are known.
    fileprivate init(
        _ rows: RegistryRows, _ chain: String, _ head: RegistryHead, behind known: Known
    ) async throws {
        self.chain = chain
        self.head = head
        try await verify(rows, behind: known.sequence)
        let last =
            known.version == 0 ? nil : RegistryKey(.version, chain, known.version)
        try await rows.store.allRows(RegistryRange(.version, of: chain), after: last) { row in
            let record: AssayModelsV1.VersionRecord = try RegistryRows.message(row)
            guard row.key == RegistryKey(.version, chain, record.version.number) else {
                throw RegistryRows.damaged("\(row.key): it holds another version")
            }
            versions.append(record.version)
        }
        try await rows.store.allRows(RegistryRange(.status, of: chain)) { row in
            let state: AssayModelsV1.VersionState = try RegistryRows.message(row)
            states[state.version] = state
        }
        try await rows.store.allRows(RegistryRange(.alias, of: chain)) { row in
            let alias: AssayModelsV1.Alias = try RegistryRows.message(row)
            aliases[alias.alias] = alias
        }
        try await rows.store.allRows(RegistryRange(.experiment, of: chain)) { row in
            let record: AssayModelsV1.ExperimentRecord = try RegistryRows.message(row)
            experiments[record.experiment.specification.experiment] = record
        }
        try await rows.store.allRows(RegistryRange(.shadow, of: chain)) { row in
            shadows.append(try RegistryRows.message(row))
        }
        try await rows.store.allRows(RegistryRange(.holdout, of: chain)) { row in
            let record: AssayModelsV1.HoldoutRecord = try RegistryRows.message(row)
            holdouts[record.specification.holdout] = record
        }
    }

    /// The newest event that is known is read once more: those behind it are chained to its digest.
    private mutating func verify(_ rows: RegistryRows, behind sequence: UInt64) async throws {
        let start = sequence == 0 ? 0 : sequence - 1
        var verifier = ChainVerifier(chain, after: start)
        let last = start == 0 ? nil : RegistryKey(.event, chain, start)
        try await rows.store.allRows(RegistryRange(.event, of: chain), after: last) { row in
            changedAt = try verifier.next(row).time
        }
        try verifier.checkEnd(head)
    }
}

extension RegistryRows {
    /// How often a chain is read again because it changed meanwhile.
    private static let maximumLooks = 16

    /// A chain as it stood at one moment; nil if it has no head.
    func picture(
        of chain: String, behind known: ChainPicture.Known = .init()
    ) async throws -> ChainPicture? {
        let key = RegistryKey(.head, chain)
        var before = try await store.get(key)
        for _ in 0..<Self.maximumLooks {
            guard let bytes = before else { return nil }
            let head = try Self.head(bytes, chain)
            let picture: Result<ChainPicture, any Error>
            do {
                picture = .success(try await ChainPicture(self, chain, head, behind: known))
            } catch {
                picture = .failure(error)
            }
            let after = try await store.get(key)
            // What was read across a change may look damaged, and is not.
            if after == before { return try picture.get() }
            before = after
        }
        throw StorageError(.io, "registry: \(chain) changes faster than it can be read")
    }
}
