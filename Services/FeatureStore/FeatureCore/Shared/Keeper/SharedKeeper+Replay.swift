internal import AssayMessages
internal import FeatureEngine
internal import Storage
internal import Wire

extension SharedKeeper {
    /// A row of the log as the event that it is; nil if its type is defined no longer.
    func scoring(_ row: AssayFeaturesV1.LogRow) -> Scoring? {
        guard let resolved = pipeline.resolved(row) else { return nil }
        return Scoring(
            pipeline: pipeline, event: row.event, tenant: row.tenant, vectors: [],
            resolved: resolved,
            entities: resolved.entities(pipeline.definitions, tenant: row.tenant),
            received: row.received, references: row.references)
    }

    /// The state that events give an entity; nil where a row is missing, an event does not name the
    /// entity, or the versions have a gap.
    func fold(
        _ history: [MadeVersion], of entity: EntityReference, _ log: KeptLog
    ) throws -> FeatureState? {
        var state = states.empty(entity)
        for made in history {
            guard let row = try log.row(made.sequence), let scoring = scoring(row),
                let found = scoring.entities.first(where: { $0.key == entity.key }),
                state.nextVersion(sequence: made.sequence) == made.version
            else { return nil }
            _ = state.apply(
                scoring.resolved.engineEvent, touches: found.touches, sequence: made.sequence,
                delivery: .first)
        }
        return state
    }

    /// The state, built again from the log if its blob is damaged.
    func readable(_ loaded: LoadedState, _ log: KeptLog) async throws -> LoadedState {
        guard loaded.state == nil, !loaded.blob.isEmpty else { return loaded }
        let history = try await history(of: loaded.entity, log)
        var rebuilt = loaded
        rebuilt.state = try fold(history, of: loaded.entity, log)
        if rebuilt.state != nil { statistics.rebuilt.count() }
        return rebuilt
    }

    /// The events of the entity's present life with the versions they made, ascending: those whose
    /// records are on the disk, and those that are still in its journal.
    private func history(
        of entity: EntityReference, _ log: KeptLog
    ) async throws -> [MadeVersion] {
        let name = pipeline.definitions.entities[entity.entity].name
        let notes = try await states.journal(
            of: entity, redis, timeout: configuration.roundTrip)
        let recorded = try log.trail(of: entity.key, entity: name)
        let all = Set(recorded + notes).sorted { $0.version < $1.version }
        return Array(all[(all.lastIndex(where: \.isBirth) ?? 0)...])
    }
}
