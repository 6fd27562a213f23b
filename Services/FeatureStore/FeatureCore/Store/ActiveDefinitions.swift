internal import FeatureEngine
internal import Storage
internal import Wire

/// A definition set with all that an ``EmbeddedFeatureStore`` makes of it: how events and vectors
/// are read under it, and the states.
///
/// It never changes. A call takes the one in force once, and uses it to its end.
final class ActiveDefinitions: Sendable {
    let pipeline: EventPipeline
    let vault: RowVault
    let log: EventLog
    /// Shared with other sets whose groups mean the same.
    let states: StateCache
    let writer: StateWriter

    var definitions: DefinitionSet { pipeline.definitions }
    var generation: [UInt8] { states.generation }

    init(_ pipeline: EventPipeline, vault: RowVault, states: StateCache, writer: StateWriter) {
        self.pipeline = pipeline
        self.vault = vault
        self.states = states
        self.writer = writer
        log = EventLog(store: states.store, pipeline: pipeline, vault: vault) { [states] in
            states.unsavedTrail(of: $0)
        }
    }

    /// Another set over the same states: what they keep means the same in both.
    func following(_ definitions: DefinitionSet) -> ActiveDefinitions {
        let pipeline = EventPipeline(definitions, following: self.pipeline)
        return ActiveDefinitions(
            pipeline,
            vault: RowVault(definitions, keys: pipeline.keys, subjects: vault.subjects),
            states: StateCache(definitions: definitions, over: states), writer: writer)
    }
}
