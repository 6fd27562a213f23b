internal import AssayMessages
internal import FeatureEngine
internal import Storage
internal import Wire

extension SharedKeeper {
    /// A row of the log as the event that it is; nil if its type is defined no longer.
    func scoring(_ row: AssayFeaturesV1.LogRow) -> Scoring? {
        guard let resolved = pipeline.resolved(row) else { return nil }
        return Scoring(
            pipeline: pipeline, event: row.event, tenant: row.tenant, vectors: [], resolved: resolved,
            entities: resolved.entities(pipeline.definitions, tenant: row.tenant),
            received: row.received, references: row.references)
    }

    /// The state that events give an entity, in this order; nil where a row is missing or an event
    /// does not name the entity.
    private func fold(
        _ sequences: [UInt64], of entity: EntityReference, _ log: KeptLog
    ) throws -> FeatureState? {
        var state = states.empty(entity)
        for sequence in sequences {
            guard let row = try log.row(sequence), let scoring = scoring(row),
                let found = scoring.entities.first(where: { $0.key == entity.key })
            else { return nil }
            _ = state.apply(
                scoring.resolved.engineEvent, touches: found.touches, sequence: sequence,
                delivery: .first)
        }
        return state
    }

    /// The state, built again from the log if its blob is damaged.
    func readable(_ loaded: LoadedState, _ log: KeptLog) throws -> LoadedState {
        guard loaded.state == nil, !loaded.blob.isEmpty else { return loaded }
        let name = pipeline.definitions.entities[loaded.entity.entity].name
        let trail = try log.trail(of: loaded.entity.key, entity: name)
        var rebuilt = loaded
        rebuilt.state = try fold(trail.map(\.sequence), of: loaded.entity, log)
        if rebuilt.state != nil { statistics.rebuilt.count() }
        return rebuilt
    }

    // MARK: Uncertain events

    /// What the log says of an event that a state's ring no longer reaches back to.
    enum Claim {
        /// The event made this version.
        case version(UInt64)
        /// The event was not applied.
        case none
        /// Records may still be on their way: to be asked again.
        case undecided
    }

    /// Events applied to find the order that explains one state, at most.
    private static let maximumApplications = 500_000

    /// A version that no applied record claims belongs to an event whose record was never written
    /// (11.4); without such a gap the event was not applied. Where more events than one could have
    /// made it, the state tells: it is the fold of its events in the order of their versions.
    ///
    /// All rows of the streams are on the disk by now. Of younger events a record may be on its way;
    /// their versions are in the state's ring, or beside versions as young.
    func claim(
        of place: StreamPlace, on entity: EntityReference, _ state: FeatureState, _ log: KeptLog,
        _ round: KeeperRound
    ) throws -> Claim {
        let name = pipeline.definitions.entities[entity.entity].name
        let trail = try log.trail(of: entity.key, entity: name)
        var made = Dictionary(trail.map { ($0.version, $0.sequence) }) { a, _ in a }
        made.merge(state.recent.map { ($0.version, $0.sequence) }) { a, _ in a }
        made.merge(round.made[entity.key] ?? [:]) { a, _ in a }
        let candidates = try candidates(entity, known: Set(made.values), log, round)
        guard let known = made.keys.min(), state.version - known < 1 << 24 else {
            return .undecided
        }
        // A life begins with a version that is its event's sequence.
        let isWhole = made[known] == known
        let start = candidates.first { $0 < known && known - $0 <= UInt64(candidates.count) }
        let first = isWhole ? known : start ?? known
        let gaps = (first...state.version).filter { made[$0] == nil }
        guard !gaps.isEmpty else { return .none }
        for gap in gaps {
            let above = made.filter { $0.key > gap }.min { $0.key < $1.key }?.value
            let neighbour = StreamPlace(sequence: above ?? state.highestSequence)
            guard isSettled(neighbour, round) else { return .undecided }
        }
        var folds = max(1, Self.maximumApplications / (made.count + gaps.count))
        let found = try assign(gaps[...], candidates[...], made, &folds) { made in
            let ordered = made.sorted { $0.key < $1.key }.map(\.value)
            return try fold(ordered, of: entity, log) == state
        }
        guard let found else {
            // No order of the events that are left explains the state: writes were lost.
            statistics.disagreements.count()
            return .version(gaps[0])
        }
        let version = found.first { $0.value == place.sequence }?.key
        return version.map(Claim.version) ?? .none
    }

    /// Sequences of open events of the entity whose part in its state is not known.
    private func candidates(
        _ entity: EntityReference, known: Set<UInt64>, _ log: KeptLog, _ round: KeeperRound
    ) throws -> [UInt64] {
        try round.open.map(\.sequence).sorted().filter { sequence in
            guard !known.contains(sequence), let row = try log.row(sequence),
                let scoring = scoring(row)
            else { return false }
            return scoring.entities.contains { $0.key == entity.key }
        }
    }

    /// Tries the candidates in the gaps, both ascending, until the whole fits. Which of them are in
    /// the state is the question; their order there hardly ever shows in it.
    private func assign(
        _ gaps: ArraySlice<UInt64>, _ candidates: ArraySlice<UInt64>, _ made: [UInt64: UInt64],
        _ folds: inout Int, fits: ([UInt64: UInt64]) throws -> Bool
    ) throws -> [UInt64: UInt64]? {
        guard let gap = gaps.first else {
            folds -= 1
            return try fits(made) ? made : nil
        }
        for index in candidates.indices where folds > 0 {
            guard candidates.endIndex - index >= gaps.count else { break }
            var longer = made
            longer[gap] = candidates[index]
            let found = try assign(
                gaps.dropFirst(), candidates[(index + 1)...], longer, &folds, fits: fits)
            if let found { return found }
        }
        return nil
    }
}
