internal import RPC
internal import Wire

// Versions in use are loaded before anything can ask for them. Others are loaded when a call names
// them, once for all calls that do, and leave again when there is no room for them.

extension ModelRegistry {
    /// A version that could not be loaded is tried again no sooner than after this.
    static let retryMilliseconds: Int64 = 30_000

    /// A version of a model, loaded if it is not. A caller that is cancelled waits no longer.
    ///
    /// - Throws: NOT_FOUND, or UNAVAILABLE with the reason why it cannot be loaded.
    func loaded(_ name: String, _ number: UInt32) async throws(RPCError) -> ServingVersion {
        let model = try snapshot.model(name)
        if let version = model.versions[number] { return version }
        guard number > 0, number <= model.newestNumber else {
            throw ServingModel.unknown(number, of: name, newest: model.newestNumber)
        }
        if let reason = model.damage[number], !mayRetry(model.damagedAt[number]) {
            throw ServingModel.damaged(number, of: name, reason)
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

    private func load(_ place: VersionShelf.Place) {
        Task { [self] in
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
                outcome.mapError { ServingModel.damaged(place.version, of: place.model, $0.reason) }
            )
        }
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
