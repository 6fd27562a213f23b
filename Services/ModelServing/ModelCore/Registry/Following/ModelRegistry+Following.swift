internal import AssayMessages
internal import RPC

// What other processes change in a shared store.

extension ModelRegistry {
    /// Shows a chain as its rows stand now, with what others did to it.
    ///
    /// - Returns: whether anything was new.
    @discardableResult
    func refresh(_ chain: String) async throws -> Bool {
        let known = known(chain)
        guard let picture = try await rows.picture(of: chain, behind: known),
            picture.sequence > known.sequence
        else { return false }
        // What is in use now is able to answer before it shows; what was in use answers until then.
        var shown = snapshot
        shown.show(picture)
        var loaded: [UInt32: VersionLoader.Outcome] = [:]
        for number in shown.models[chain]?.missing ?? [] {
            loaded[number] = try await loader.load(chain, number, isUrgent: true)
        }
        publish(picture, loaded)
        return true
    }

    /// Shows what led to a head, if others led there.
    func catchUp(_ chain: String, to head: RegistryHead) async throws {
        guard head.nextSequence - 1 > known(chain).sequence else { return }
        try await refresh(chain)
    }

    /// Chains of which more is shown than the store still has, sorted.
    func lostChains() async throws -> [String] {
        let snapshot = snapshot
        let names = Array(snapshot.models.keys) + Array(snapshot.sharedSequences.keys)
        return try await Self.translated {
            var lost: [String] = []
            for name in names.sorted() {
                let sequence = try await rows.head(name).nextSequence - 1
                if sequence < known(name, in: snapshot).sequence { lost.append(name) }
            }
            return lost
        }
    }

    /// Recovers anew, from a store that is another one than before and has lost nothing.
    func startOver() async throws {
        let recovered = try await Self.recover(loader)
        defer { bell.ring() }
        amend { snapshot in
            let names = Set(snapshot.models.keys).union(recovered.models.keys)
            let before = snapshot
            snapshot = recovered
            snapshot.generation = before.generation + 1
            snapshot.loads += before.loads
            snapshot.loadFailures += before.loadFailures
            return names
        }
    }

    /// Shows readers a chain as it stands in the store.
    private func publish(_ picture: ChainPicture, _ loaded: [UInt32: VersionLoader.Outcome]) {
        defer { bell.ring() }
        amend { snapshot in
            let before = snapshot.generation
            snapshot.show(picture, loaded)
            guard snapshot.generation != before else { return [] }
            refreshAssignments(&snapshot)
            return snapshot.models[picture.chain] == nil ? [] : [picture.chain]
        }
    }

    func known(_ chain: String) -> ChainPicture.Known { known(chain, in: snapshot) }

    private func known(
        _ chain: String, in snapshot: RegistrySnapshot
    ) -> ChainPicture.Known {
        if RegistryTransaction.isShared(chain) {
            return ChainPicture.Known(sequence: snapshot.sharedSequences[chain] ?? 0)
        }
        let model = snapshot.models[chain]
        return ChainPicture.Known(
            sequence: model?.sequence ?? 0, version: model?.newestNumber ?? 0)
    }
}
