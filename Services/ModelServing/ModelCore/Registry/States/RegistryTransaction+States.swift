internal import AssayMessages
internal import RPC

extension RowKind {
    /// How a version stands. Its id is the version's number, big-endian; there is none while nobody
    /// said anything of the version.
    static let status: RowKind = "status"
}

extension RegistryTransaction {
    /// How a version of this chain's model stands.
    func state(of version: AssayModelsV1.Version) async throws -> AssayModelsV1.VersionState {
        try await message(.status, BigEndian.bytes(version.number))
            ?? VersionLife.beginning(of: version)
    }

    /// A version of this chain's model.
    ///
    /// - Throws: NOT_FOUND, with the numbers that there are.
    func record(_ number: UInt32) async throws -> AssayModelsV1.VersionRecord {
        let record: AssayModelsV1.VersionRecord? = try await message(
            .version, BigEndian.bytes(number))
        guard let record else {
            throw RPCError(
                .notFound,
                "model \"\(chain)\" has versions 1 to \(head.nextVersion - 1), not \(number)",
                reason: "version_unknown")
        }
        return record
    }
}
