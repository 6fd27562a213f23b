internal import AssayMessages
internal import RPC

/// The versions that an ensemble answers with, and those that these are made of, as the registry's
/// rows say.
struct EnsembleMembers: Sendable {
    typealias Place = VersionShelf.Place
    /// A version that may answer, or why there is none.
    typealias Found = Result<AssayModelsV1.VersionRecord, VersionLoader.LoadError>

    /// Each once, behind its own members.
    private var found: [(place: Place, record: Found)] = []

    func contains(_ place: Place) -> Bool { found.contains { $0.place == place } }

    mutating func add(_ place: Place, _ record: Found) {
        if !contains(place) { found.append((place, record)) }
    }

    /// Loads each once. They belong to the ensemble alone, so that it never waits for another load.
    /// Blocks.
    func load(_ artifacts: any ArtifactStore) -> Loaded {
        var loaded = Loaded()
        for (place, record) in found {
            loaded.outcomes[place] = Result { () throws(VersionLoader.LoadError) in
                try VersionLoader.load(try record.get(), artifacts, loaded)
            }
        }
        return loaded
    }

    /// What became of them.
    struct Loaded: Sendable {
        fileprivate(set) var outcomes: [Place: VersionLoader.Outcome] = [:]

        /// - Throws: why the member cannot answer.
        func find(_ model: String, _ version: UInt32) throws(RPCError) -> ServingVersion? {
            switch outcomes[Place(model: model, version: version)] {
            case .success(let version): return version
            case .failure(let error): throw RPCError(.failedPrecondition, error.reason)
            case nil: return nil
            }
        }
    }
}
