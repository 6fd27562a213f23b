internal import AssayMessages

extension ModelRegistry {
    typealias LoadError = VersionLoader.LoadError

    /// The picture that the store holds: every chain verified, every version in use loaded.
    static func recover(_ loader: VersionLoader) async throws -> RegistrySnapshot {
        var snapshot = RegistrySnapshot()
        for chain in try await loader.rows.chains() {
            guard let picture = try await loader.rows.picture(of: chain) else { continue }
            var loaded: [UInt32: VersionLoader.Outcome] = [:]
            snapshot.show(picture)
            for number in snapshot.models[chain]?.missing ?? [] {
                loaded[number] = try await loader.load(chain, number, isUrgent: true)
            }
            snapshot.take(loaded, of: chain)
            snapshot.models[chain]?.refreshLanes()
        }
        try snapshot.refreshAssignments()
        return snapshot
    }

    /// Reads the artifact (which hashes it again), parses, compiles and replays it, and so its members
    /// if it is an ensemble.
    func load(_ record: AssayModelsV1.VersionRecord) async throws -> VersionLoader.Outcome {
        let members = try await loader.members(of: record)
        return try await work(bytes: 0) { [artifacts] in
            Result { () throws(LoadError) in
                try VersionLoader.load(record, artifacts, members.load(artifacts))
            }
        }
    }
}

extension RegistrySnapshot {
    /// Shows a chain as its rows say it stands; what is newer already stays.
    ///
    /// - Parameter loaded: what became of versions that were loaded for it.
    mutating func show(
        _ picture: ChainPicture, _ loaded: [UInt32: VersionLoader.Outcome] = [:]
    ) {
        guard !RegistryTransaction.isShared(picture.chain) else { return showShared(picture) }
        var model = models[picture.chain] ?? Model()
        guard picture.sequence > model.sequence else { return }
        generation += picture.sequence - model.sequence
        for version in picture.versions where version.number > model.newestNumber {
            model.records.append(version)
        }
        model.states = picture.states
        for (number, state) in picture.states where state.hasEnded {
            model.versions[number] = nil
            model.damage[number] = nil
        }
        model.aliases = picture.aliases
        model.experiments = picture.experiments
        for shadow in picture.shadows { model.shadows[shadow.specification.shadow] = shadow }
        model.changed(to: picture.sequence, at: picture.changedAt)
        models[picture.chain] = model
        take(loaded, of: picture.chain)
    }

    /// Shows what became of versions that were loaded. Those that answer already go on to.
    mutating func take(_ loaded: [UInt32: VersionLoader.Outcome], of chain: String) {
        guard var model = models[chain] else { return }
        for (number, outcome) in loaded where model.versions[number] == nil {
            switch outcome {
            case .success(let version):
                model.versions[number] = version
                model.damage[number] = nil
                loads += 1
            case .failure(let error):
                model.damage[number] = error.reason
                loadFailures += 1
            }
        }
        models[chain] = model
    }

    private mutating func showShared(_ picture: ChainPicture) {
        let known = sharedSequences[picture.chain] ?? 0
        guard picture.sequence > known else { return }
        generation += picture.sequence - known
        sharedSequences[picture.chain] = picture.sequence
        if picture.chain == RegistryTransaction.sharedChain { holdouts = picture.holdouts }
    }
}
