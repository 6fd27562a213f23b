internal import AssayMessages
internal import RPC
internal import Wire

extension ModelRegistry {
    /// How long bytes stay after the last version that has them was erased.
    static let keptMilliseconds: Int64 = 24 * 3_600_000

    /// Removes the bytes of versions that were erased a day ago, and that no version needs.
    ///
    /// What decides are the store's rows of all chains, not what this process shows: others may have
    /// registered the same bytes. Bytes that somebody brought within a day stay, for their version may be
    /// about to be registered; so does what is under legal hold, and what no version names, for then the
    /// store may have lost who does.
    ///
    /// - Returns: hashes of the artifacts that went, in hexadecimal.
    public func sweepArtifacts() async throws -> [String] {
        let limit = Timestamp(
            nanosecondsSinceEpoch: (now().millisecondsSinceEpoch - Self.keptMilliseconds)
                * 1_000_000)
        return try await Self.translated {
            // Rows that are lost may have named what the others no longer need.
            guard try await lostChains().isEmpty else { return [] }
            var due: [ArtifactDigest] = []
            for digest in try await erased(before: limit) {
                let isOld = try await blocking { [artifacts] in
                    guard let time = try artifacts.broughtAt(digest) else { return false }
                    return time <= limit
                }
                if isOld { due.append(digest) }
            }
            guard !due.isEmpty else { return [] }
            let needed = try await needed(before: limit)
            var removed: [String] = []
            for digest in due where !needed.contains(digest) {
                let isGone = try await blocking { [artifacts] in
                    try artifacts.remove(digest, broughtBefore: limit)
                }
                if isGone { removed.append(digest.description) }
            }
            return removed
        }
    }

    /// Artifacts of versions that are erased since before a moment, each once.
    private func erased(before limit: Timestamp) async throws -> [ArtifactDigest] {
        var found: Set<ArtifactDigest> = []
        for key in try await erasedVersions(before: limit) {
            let record = try await rows.record(
                key.chain, UInt32(clamping: BigEndian.number(key.id)))
            if let digest = record.flatMap({ ArtifactDigest($0.version.artifact) }) {
                found.insert(digest)
            }
        }
        return found.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }

    private func erasedVersions(before limit: Timestamp) async throws -> Set<RegistryKey> {
        var found: Set<RegistryKey> = []
        try await store.allRows(RegistryRange(.status)) { row in
            let state: AssayModelsV1.VersionState = try RegistryRows.message(row)
            guard state.status == .erased, state.changedAt <= limit else { return }
            found.insert(RegistryKey(.version, row.key.chain, row.key.id))
        }
        return found
    }

    /// Artifacts of all versions that are not erased since before a moment, or are under legal hold.
    private func needed(before limit: Timestamp) async throws -> Set<ArtifactDigest> {
        let holds = try await legalHolds()
        // Behind the states: a version that is registered meanwhile is found, one that is erased
        // meanwhile is needed.
        let erased = try await erasedVersions(before: limit)
        var found: Set<ArtifactDigest> = []
        try await store.allRows(RegistryRange(.version)) { row in
            let record: AssayModelsV1.VersionRecord = try RegistryRows.message(row)
            let isHeld = [row.key.chain, AliasPolicies.everyModel].contains { name in
                holds[name].map {
                    $0.legalHold || $0.heldVersions.contains(record.version.number)
                } ?? false
            }
            guard isHeld || !erased.contains(row.key) else { return }
            if let digest = ArtifactDigest(record.version.artifact) { found.insert(digest) }
        }
        return found
    }

    private func legalHolds() async throws -> [String: AssayModelsV1.ModelPolicy] {
        var holds: [String: AssayModelsV1.ModelPolicy] = [:]
        let range = RegistryRange(.policy, of: RegistryTransaction.policyChain)
        try await store.allRows(range) { row in
            let policy: AssayModelsV1.ModelPolicy = try RegistryRows.message(row)
            holds[policy.model] = policy
        }
        return holds
    }
}
