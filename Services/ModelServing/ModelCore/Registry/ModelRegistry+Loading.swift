internal import RPC
internal import Wire

// Versions in use are loaded before anything can ask for them. Others are loaded when a call names
// them, once for all calls that do, and leave again when there is no room for them.

extension ModelRegistry {
    /// A version that could not be loaded is tried again no sooner than after this.
    static let retryMilliseconds: Int64 = 30_000
    /// The lane of loads that only calls ask for.
    static let namedLoads = "named"

    /// A version of a model, loaded if it is not. A caller that is cancelled waits no longer.
    ///
    /// What is in use and could not be loaded is tried again behind the call: others may answer for it
    /// in the time that is left.
    ///
    /// - Throws: NOT_FOUND, or UNAVAILABLE with the reason why it cannot be loaded.
    func loaded(_ name: String, _ number: UInt32) async throws(RPCError) -> ServingVersion {
        let model = try snapshot.model(name)
        if let version = model.versions[number] { return version }
        guard number > 0, number <= model.newestNumber else {
            throw ServingModel.unknown(number, of: name, newest: model.newestNumber)
        }
        if let reason = model.damage[number] {
            let mayRetry = mayRetry(model.damagedAt[number])
            let isInUse = mayRetry && model.inUse.contains(number)
            if isInUse { warm(name, [number]) }
            if isInUse || !mayRetry { throw ServingModel.damaged(number, of: name, reason) }
        }
        let place = VersionShelf.Place(model: name, version: number)
        return try await loads.wait(for: place) { load(place) }.get()
    }

    private func mayRetry(_ failure: Timestamp?) -> Bool {
        // At the start nobody waited for it.
        guard let failure else { return true }
        let passed = now().millisecondsSinceEpoch - failure.millisecondsSinceEpoch
        return passed >= Self.retryMilliseconds
    }

    /// Begins to load what is in use and not loaded.
    func warm(_ name: String, _ missing: [UInt32]) {
        for number in missing {
            let place = VersionShelf.Place(model: name, version: number)
            if loads.begin(place) { load(place) }
        }
    }

    /// What is in use waits for nothing that is not; the rest is loaded one by one, row and all.
    private func load(_ place: VersionShelf.Place) {
        Task { [self] in
            if isInUse(place) { return await loadNow(place) }
            do {
                try await loadLanes.run(Self.namedLoads) {
                    if !isAbandoned(place) { await loadNow(place) }
                }
            } catch {
                loads.settle(place, .failure(RPCError(.resourceExhausted, "\(error)")))
            }
        }
    }

    private func isInUse(_ place: VersionShelf.Place) -> Bool {
        snapshot.models[place.model]?.inUse.contains(place.version) ?? false
    }

    /// Whether nobody waits for a load any more, and nothing uses the version: it is passed over.
    private func isAbandoned(_ place: VersionShelf.Place) -> Bool {
        guard !isInUse(place), loads.abandon(place) else { return false }
        // It may have come into use while it seemed to be loading.
        if isInUse(place) { warm(place.model, [place.version]) }
        return true
    }

    private func loadNow(_ place: VersionShelf.Place) async {
        let outcome: VersionLoader.Outcome
        do {
            outcome = try await loader.load(place.model, place.version)
        } catch {
            outcome = .failure(.init(reason: "\(error)"))
        }
        show(place, outcome)
        if case .failure(let error) = outcome {
            tellFailure(
                .init(model: place.model, version: place.version, reason: error.reason))
        }
        loads.settle(
            place,
            outcome.mapError { ServingModel.damaged(place.version, of: place.model, $0.reason) })
    }

    /// Shows readers what became of a load.
    private func show(_ place: VersionShelf.Place, _ outcome: VersionLoader.Outcome) {
        amend { snapshot in
            let time = now()
            // It may have been retired meanwhile.
            guard var model = snapshot.models[place.model],
                model.states[place.version]?.hasEnded != true
            else { return [] }
            switch outcome {
            case .success(let version):
                if model.versions[place.version] == nil {
                    model.versions[place.version] = version
                }
                model.damage[place.version] = nil
                model.damagedAt[place.version] = nil
                snapshot.loads += 1
            case .failure(let error):
                model.damage[place.version] = error.reason
                model.damagedAt[place.version] = time
                snapshot.loadFailures += 1
            }
            snapshot.models[place.model] = model
            return [place.model]
        }
    }
}
