internal import AssayMessages
internal import RPC
internal import Storage
internal import Wire

extension ModelRegistry {
    /// Golden rows that the default alias asks of a version.
    static let goldenRowsOfDefaultAlias = 32

    func registerNow(
        _ request: AssayModelsV1.RegisterVersionRequest, by caller: String
    ) throws -> AssayModelsV1.Version {
        let encoded = try checked(request.requestID, request.model, request)
        if let bytes = try remembered(request.model, request.requestID, encoded) {
            return try AssayModelsV1.Version(decoding: bytes, door: .strict)
        }
        let head = try rows.head(request.model)
        let serving = try ServingVersion(
            artifact: request.artifact, digest: ArtifactDigest(of: request.artifact),
            number: head.nextVersion, manifest: request.manifest)
        // Only a file that passed every check touches the disk.
        _ = try artifacts.put(request.artifact)
        let actor = request.actor.isEmpty ? caller : request.actor
        let version = AssayModelsV1.Version(
            model: request.model, number: head.nextVersion, artifact: serving.artifact,
            size: UInt64(request.artifact.count), format: serving.model.format,
            trees: UInt32(serving.model.treeCount), inputs: UInt32(serving.model.inputCount),
            goldenRows: UInt32(serving.goldenRowCount), registeredAt: time(after: request.model),
            uploader: actor)
        let record = AssayModelsV1.VersionRecord(version: version, manifest: request.manifest)
        let event = AssayModelsV1.Event(
            model: request.model, sequence: 0, time: version.registeredAt,
            kind: .versionRegistered, actor: actor, version: version.number,
            artifact: version.artifact)
        var next = head
        next.nextVersion += 1
        try rows.commit(
            event, head: next, expected: head,
            answer: answer(request.requestID, encoded, version.encoded())
        ) { batch in
            batch.put(
                rows.keys.version(request.model, version.number), record.encoded(),
                in: RegistryKeys.family)
        }
        publish { snapshot in
            snapshot.models[request.model, default: .init()].records.append(version)
            snapshot.models[request.model]?.versions[version.number] = serving
        }
        return version
    }

    func setAliasNow(
        _ request: AssayModelsV1.SetAliasRequest, by caller: String
    ) throws -> AssayModelsV1.Alias {
        let encoded = try checked(request.requestID, request.model, request)
        try ModelName.check(request.alias, "alias")
        guard !request.reason.isEmpty else { throw RPCError.invalid("reason", "why is it moved?") }
        if let bytes = try remembered(request.model, request.requestID, encoded) {
            return try AssayModelsV1.Alias(decoding: bytes, door: .strict)
        }
        let model = try snapshot.model(request.model)
        let present = model.aliases[request.alias]
        try checkExpectation(request, present)
        guard model.records.contains(where: { $0.number == request.version }) else {
            throw RPCError(
                .notFound,
                "model \"\(request.model)\" has versions 1...\(model.records.count), "
                    + "not \(request.version)", reason: "version_unknown")
        }
        let serving = try reload(request)
        let actor = request.actor.isEmpty ? caller : request.actor
        let alias = AssayModelsV1.Alias(
            model: request.model, alias: request.alias, version: request.version,
            generation: (present?.generation ?? 0) + 1, movedAt: time(after: request.model),
            actor: actor, reason: request.reason)
        let event = AssayModelsV1.Event(
            model: request.model, sequence: 0, time: alias.movedAt, kind: .aliasMoved,
            actor: actor, alias: alias.alias, version: alias.version,
            previousVersion: present?.version ?? 0, generation: alias.generation,
            reason: alias.reason, artifact: serving.artifact)
        let head = try rows.head(request.model)
        try rows.commit(
            event, head: head, expected: head,
            answer: answer(request.requestID, encoded, alias.encoded())
        ) { batch in
            batch.put(
                rows.keys.alias(request.model, request.alias), alias.encoded(),
                in: RegistryKeys.family)
        }
        publish { snapshot in
            snapshot.models[request.model]?.aliases[alias.alias] = alias
            // Only a version that could not be loaded before is replaced.
            if snapshot.models[request.model]?.versions[alias.version] == nil {
                snapshot.models[request.model]?.versions[alias.version] = serving
                snapshot.models[request.model]?.damage[alias.version] = nil
            }
        }
        return alias
    }

    // MARK: Steps

    private func checked(
        _ requestID: String, _ model: String, _ request: some WireMessage
    ) throws -> [UInt8] {
        guard 1...64 ~= requestID.utf8.count else {
            throw RPCError.invalid("request_id", "expected 1 to 64 bytes")
        }
        try ModelName.check(model, "model")
        return request.encoded()
    }

    private func remembered(
        _ model: String, _ requestID: String, _ request: [UInt8]
    ) throws -> [UInt8]? {
        let oldest = now().millisecondsSinceEpoch - Self.requestLifetimeMilliseconds
        return try rows.answer(model, requestID, of: request, after: oldest)
    }

    private func answer(
        _ requestID: String, _ request: [UInt8], _ response: [UInt8]
    ) -> RememberedAnswer {
        RememberedAnswer(
            requestID: requestID, milliseconds: now().millisecondsSinceEpoch, request: request,
            response: response)
    }

    /// Now, but never before the model's newest change: event times do not go backwards.
    private func time(after model: String) -> Timestamp {
        let known = snapshot.models[model]
        let times =
            (known?.records.map(\.registeredAt) ?? [])
            + (known?.aliases.values.map(\.movedAt) ?? [])
        return times.reduce(now()) { $0 < $1 ? $1 : $0 }
    }

    private func checkExpectation(
        _ request: AssayModelsV1.SetAliasRequest, _ present: AssayModelsV1.Alias?
    ) throws(RPCError) {
        let (version, generation) = (present?.version ?? 0, present?.generation ?? 0)
        guard request.expectedVersion == version, request.expectedGeneration == generation else {
            throw RPCError(
                .aborted,
                "alias \"\(request.alias)\" is at version \(version), generation \(generation), not "
                    + "at version \(request.expectedVersion), generation "
                    + "\(request.expectedGeneration)", reason: "alias_moved")
        }
    }

    /// Hash, parse and golden rows once more, before the pointer moves.
    private func reload(
        _ request: AssayModelsV1.SetAliasRequest
    ) throws -> ServingVersion {
        let records = try rows.records(request.model)
        guard let record = records.first(where: { $0.version.number == request.version }) else {
            throw RPCError(.dataLoss, "the record of version \(request.version) is missing")
        }
        let serving: ServingVersion
        do {
            serving = try load(record)
        } catch {
            throw RPCError(
                .failedPrecondition,
                "version \(request.version) cannot be loaded: \(error.reason)",
                reason: "version_damaged")
        }
        if request.alias == Predictor.defaultAlias,
            serving.goldenRowCount < Self.goldenRowsOfDefaultAlias
        {
            throw RPCError(
                .failedPrecondition,
                "version \(request.version) has \(serving.goldenRowCount) golden rows; the alias "
                    + "\"\(request.alias)\" asks for \(Self.goldenRowsOfDefaultAlias)",
                reason: "golden_rows")
        }
        return serving
    }
}
