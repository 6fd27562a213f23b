public import AssayMessages
internal import RPC

extension ModelRegistry {
    /// Points an alias at a version that served under it before, without asking what only a move forward
    /// must show. The file is hashed, parsed, and its golden rows are replayed before the alias moves.
    public func rollback(
        _ request: AssayModelsV1.RollbackRequest, by caller: String = ""
    ) async throws -> AssayModelsV1.Alias {
        guard !request.reason.isEmpty else { throw RPCError.invalid("reason", "why?") }
        let name = request.alias.isEmpty ? Predictor.defaultAlias : request.alias
        _ = try snapshot.model(request.model)
        var moved: ServingVersion?
        return try await change(request.model, request.requestID, request.encoded()) {
            transaction in
            guard let present = try await transaction.alias(name) else {
                throw RPCError(
                    .notFound, "model \"\(request.model)\" has no alias \"\(name)\"",
                    reason: "alias_unknown")
            }
            guard request.leaving == 0 || request.leaving == present.version else {
                throw RPCError(
                    .aborted,
                    "alias \"\(name)\" is at version \(present.version), not \(request.leaving): "
                        + "somebody moved it already", reason: "alias_moved")
            }
            let version = try await target(request, present, transaction)
            let move = try await self.move(
                AliasOrder(
                    alias: name, version: version, reason: request.reason,
                    mover: caller.isEmpty ? request.actor : caller, statedMover: request.actor,
                    ticket: request.ticket, isRollback: true), from: present, &transaction)
            moved = move.version
            return try await put(move.order, move.results, from: present, &transaction)
        } published: { transaction, alias in
            publish(alias, moved, transaction)
        }
    }

    /// The version to go back to.
    private func target(
        _ request: AssayModelsV1.RollbackRequest, _ present: AssayModelsV1.Alias,
        _ transaction: RegistryTransaction
    ) async throws -> UInt32 {
        if request.version == present.version {
            throw RPCError(
                .failedPrecondition,
                "alias \"\(present.alias)\" is at version \(present.version) already",
                reason: "nothing_to_roll_back")
        }
        if request.version == 0 {
            if let last = present.before.last { return last }
            throw RPCError(
                .failedPrecondition,
                "\(present.model)@\(present.alias) has no step back from version "
                    + "\(present.version); a version that served under it may be named",
                reason: "nothing_to_roll_back")
        }
        if present.before.contains(request.version) { return request.version }
        let served = try await served(present, before: transaction.head.nextSequence)
        guard served.contains(request.version) else {
            let known = served.sorted().map { "\($0)" }.joined(separator: ", ")
            throw RPCError(
                .failedPrecondition,
                "version \(request.version) never served under \(present.model)@\(present.alias)"
                    + (known.isEmpty ? "" : "; those that did: \(known)")
                    + ". To move forward: assay models alias", reason: "never_served")
        }
        return request.version
    }

    /// Versions that an alias ever pointed to, also before it was ended and made again.
    private func served(
        _ alias: AssayModelsV1.Alias, before sequence: UInt64
    ) async throws -> Set<UInt32> {
        var versions: Set<UInt32> = []
        try await rows.eventsBackwards(alias.model, before: sequence) { event in
            if event.alias == alias.alias, event.movesAlias { versions.insert(event.version) }
            return true
        }
        return versions
    }
}

extension AssayModelsV1.Event {
    /// Whether an alias points to `version` since then.
    var movesAlias: Bool { kind == .aliasMoved || kind == .aliasRolledBack }
}
