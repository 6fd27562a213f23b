internal import AssayMessages
internal import FeatureEngine
internal import Storage

/// Holds the states that were made against those in force, entity by entity.
extension BackfillRun {
    func compare() async throws {
        report(.comparing)
        try await features.active.writer.flush()
        let active = features.active
        for entity in active.definitions.entities {
            comparisons[entity.name] = FeatureComparison(
                active.definitions, target.definitions, entity: entity.name)
        }
        let sample = StoredEntities(
            store: features.store, generation: active.generation,
            limit: features.configuration.backfill.sampledEntities)
        for tenant in try EntitySample.tenants(features.store) {
            for entity in comparisons.keys.sorted() {
                let keys = try sample.keys(tenant: tenant, entity: entity)
                for start in stride(from: 0, to: keys.count, by: 64) {
                    let part = keys[start..<min(start + 64, keys.count)]
                    try compare(Array(part), tenant, entity, active)
                    try await step(.compared)
                    await Task.yield()
                }
            }
        }
    }

    private func compare(
        _ keys: [StateKey], _ tenant: String, _ entity: String, _ active: ActiveDefinitions
    ) throws {
        guard let position = active.definitions.entity(named: entity) else { return }
        let now = active.pipeline.clock().millisecondsSinceEpoch
        for key in keys {
            let reference = EntityReference(
                tenant: tenant, entity: position, role: "", key: key, touches: 0)
            let state = try inForce(reference, at: now)
            guard state.version != 0 else { continue }
            expected[key] = Expected(reference: reference, entity: entity, state: state)
        }
        if let tail = features.active.tail { try drain(tail) }
        for (key, wanted) in expected {
            guard let place = target.definitions.entity(named: wanted.entity) else { continue }
            let reference = EntityReference(
                tenant: tenant, entity: place, role: "", key: key, touches: 0)
            let state = try target.states.holding([key]) {
                let state = try features.state(reference, target, at: now, before: .max).state
                try compareIfExpected(key, state)
                return state
            }
            guard expected[key] != nil,
                state.highestSequence < wanted.state.highestSequence,
                // Whoever was erased meanwhile is in neither.
                try inForce(wanted.reference, at: now).version >= wanted.state.version
            else { continue }
            try checkLacking(wanted, state, reference, at: now)
        }
        expected = [:]
    }

    private func inForce(_ entity: EntityReference, at now: Int64) throws -> FeatureState {
        let active = features.active
        return try active.states.holding([entity.key]) {
            try features.state(entity, active, at: now, before: .max).state
        }
    }

    /// Throws for states that lack events, unless these have had their time: the log has none of
    /// them any more, and what is served without them is the same.
    private func checkLacking(
        _ wanted: Expected, _ state: FeatureState, _ entity: EntityReference, at now: Int64
    ) throws {
        let life = target.states.lives[entity.entity]
        let isGone =
            life.isOver(wanted.state, at: now)
            || !features.retention.keepsEvent(wanted.state.highestSequence)
        guard state.version == 0, isGone else {
            throw BackfillDifference(
                entity: wanted.entity, key: entity.key,
                what: "its events end at \(state.highestSequence) in the new states, at"
                    + " \(wanted.state.highestSequence) in those in force")
        }
        try checkEqual(wanted, state, at: [max(now, wanted.state.clock)])
    }

    /// Compares an entity whose states have come to the same event in both generations: at the time
    /// of that event, and now.
    func compareIfExpected(_ key: StateKey, _ state: FeatureState) throws {
        guard let wanted = expected[key],
            wanted.state.highestSequence == state.highestSequence
        else { return }
        expected[key] = nil
        let now = max(state.clock, target.pipeline.clock().millisecondsSinceEpoch)
        try checkEqual(wanted, state, at: [state.clock, now])
    }

    private func checkEqual(
        _ wanted: Expected, _ state: FeatureState, at times: [Int64]
    ) throws {
        guard let comparison = comparisons[wanted.entity] else { return }
        let keys = target.pipeline.keys.key(of: wanted.reference.tenant)
        for time in times {
            let found = comparison.difference(wanted.state, state, at: time) {
                UInt64(bitPattern: keys.hash($0))
            }
            if let found {
                throw BackfillDifference(
                    entity: wanted.entity, key: wanted.reference.key, found)
            }
        }
        backfill.report {
            $0.entities += 1
            $0.values += UInt64(times.count * comparison.count)
        }
    }
}
