internal import AssayMessages
internal import Inference
internal import RPC

extension RowKind {
    /// The ensembles that name a version, in the chain of that version's model: a model and a number a
    /// line. Its id is the version's number, big-endian. Follows from the ensembles' files.
    static let ensembles: RowKind = "ensembles"
}

extension RegistryTransaction {
    /// Notes with each member that the version that this change registers answers with it.
    ///
    /// - Throws: INVALID_ARGUMENT with the place of a member that is not there, or that is required and
    ///   may not serve.
    mutating func use(_ members: [EnsembleFile.Member]) async throws {
        for (index, member) in members.enumerated() {
            let place = "$.members[\(index)]: \(member.model) \(member.version)"
            let version = RegistryKey(.version, member.model, UInt32(member.version))
            guard try await guarded(version) != nil else {
                throw ServingVersion.refused("\(place) cannot answer: there is no such version")
            }
            if let refusal = try await refusal(of: member), !member.isOptional {
                throw ServingVersion.refused("\(place) cannot answer: \(refusal)")
            }
            let key = RegistryKey(.ensembles, member.model, UInt32(member.version))
            let others = try await guarded(key) ?? []
            put(key, others + Array("\(chain) \(head.nextVersion)\n".utf8))
        }
    }

    /// Why a member may not serve; nil if it may.
    mutating func refusal(of member: EnsembleFile.Member) async throws -> String? {
        let state = try await guardedState(member.model, UInt32(member.version))
        guard let state, !state.mayServe else { return nil }
        return state.refusal
    }

    /// Ensembles that may serve and name a version of this chain's model.
    mutating func ensembles(using version: UInt32) async throws -> [VersionUse] {
        let key = RegistryKey(.ensembles, chain, version)
        guard let bytes = try await guarded(key) else { return [] }
        var uses: [VersionUse] = []
        for place in try Self.ensembles(RegistryRow(key, bytes)) {
            let state = try await guardedState(place.model, place.version)
            if state?.mayServe ?? true {
                uses.append(.ensemble(place.model, place.version))
            }
        }
        return uses
    }

    /// What such a row says.
    static func ensembles(_ row: RegistryRow) throws -> [VersionShelf.Place] {
        try row.value.split(separator: UInt8(ascii: "\n")).map { line in
            let words = line.split(separator: UInt8(ascii: " ")).map {
                String(decoding: $0, as: UTF8.self)
            }
            guard words.count == 2, let number = UInt32(words[1]) else {
                throw RegistryRows.damaged("\(row.key)")
            }
            return VersionShelf.Place(model: words[0], version: number)
        }
    }

    /// How a version of any model stands; nil if nobody said anything of it.
    private mutating func guardedState(
        _ model: String, _ version: UInt32
    ) async throws -> AssayModelsV1.VersionState? {
        let key = RegistryKey(.status, model, version)
        return try await guarded(key).map { try RegistryRows.message(RegistryRow(key, $0)) }
    }
}
