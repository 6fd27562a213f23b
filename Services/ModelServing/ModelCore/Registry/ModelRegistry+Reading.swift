package import AssayMessages
internal import RPC

extension ModelRegistry {
    static let pageLimit = 1_000
    static let modelPageLimit = 200

    /// A version with its manifest.
    package func version(
        _ reference: AssayModelsV1.VersionRef
    ) async throws -> AssayModelsV1.VersionRecord {
        let snapshot = snapshot
        let model = try snapshot.model(reference.model)
        guard reference.version == 0 || reference.alias.isEmpty else {
            throw RPCError.invalid("alias", "give a version or an alias, not both")
        }
        var number = reference.version
        if number == 0 {
            let alias = reference.alias.isEmpty ? Predictor.defaultAlias : reference.alias
            number = try snapshot.alias(alias, of: reference.model).version
        }
        return try await Self.translated {
            var record = try await record(reference.model, number, model)
            let state = model.state(of: record.version)
            record.version = state.shown(record.version)
            record.state = state
            return record
        }
    }

    func record(
        _ name: String, _ number: UInt32, _ model: RegistrySnapshot.Model
    ) async throws -> AssayModelsV1.VersionRecord {
        guard let record = try await rows.record(name, number) else {
            throw RPCError(
                .notFound,
                "model \"\(name)\" has versions 1 to \(model.records.count), not \(number)",
                reason: "version_unknown")
        }
        return record
    }

    /// Versions below a number, newest last, and all aliases.
    package func versions(
        _ request: AssayModelsV1.ListVersionsRequest
    ) throws -> AssayModelsV1.VersionPage {
        let model = try snapshot.model(request.model)
        let end =
            request.before == 0
            ? model.records.count
            : min(
                model.records.count, Int(request.before) - 1)
        return AssayModelsV1.VersionPage(
            versions: model.records[..<end].suffix(Self.limit(request.limit))
                .map { model.state(of: $0).shown($0) },
            aliases: model.aliasList)
    }

    /// Models behind a name, in the order of their names.
    package func models(
        _ request: AssayModelsV1.ListModelsRequest
    ) -> AssayModelsV1.ModelPage {
        let models = snapshot.models.filter { $0.key > request.after }
            .sorted { $0.key < $1.key }.prefix(
                min(Self.limit(request.limit), Self.modelPageLimit))
        return AssayModelsV1.ModelPage(
            models: models.map { name, model in
                AssayModelsV1.ModelSummary(
                    model: name, versions: UInt32(model.records.count),
                    changedAt: model.changedAt, sequence: model.sequence,
                    aliases: model.aliasList)
            })
    }

    /// Events of a model, oldest first. Looks at no more than ten pages at once: what is asked for may be
    /// rare.
    package func history(
        _ request: AssayModelsV1.HistoryRequest
    ) async throws -> AssayModelsV1.EventPage {
        let isShared = RegistryTransaction.isShared(request.model)
        var newest = isShared ? 0 : try snapshot.model(request.model).sequence
        let limit = Self.limit(request.limit)
        return try await Self.translated {
            // What models share is in no model's picture: its head knows.
            if isShared { newest = try await rows.head(request.model).nextSequence - 1 }
            var page = AssayModelsV1.EventPage()
            var last = request.after
            for _ in 0..<10 where page.events.count < limit && last < newest {
                let events = try await rows.events(
                    request.model, after: last, limit: Self.pageLimit)
                guard !events.isEmpty else { break }
                for event in events where page.events.count < limit {
                    last = event.sequence
                    if request.concerns(event) { page.events.append(event) }
                }
            }
            page.next = last < newest ? last : 0
            return page
        }
    }

    private static func limit(_ wanted: UInt32) -> Int {
        wanted == 0 ? pageLimit : min(Int(wanted), pageLimit)
    }
}

extension RegistrySnapshot.Model {
    var aliasList: [AssayModelsV1.Alias] {
        Array(aliases.values.sorted { $0.alias < $1.alias }.prefix(100))
    }
}

extension AssayModelsV1.HistoryRequest {
    fileprivate func concerns(_ event: AssayModelsV1.Event) -> Bool {
        (alias.isEmpty || event.alias == alias) && (version == 0 || event.version == version)
    }
}
