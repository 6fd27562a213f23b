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
    /// Shared with other sets whose groups mean the same, as are the next two.
    let states: StateCache
    let writer: StateWriter
    let position: AppliedPosition
    /// Not nil: takes every event that is recorded, for states that are made for other definitions.
    let tail: EventTail?

    var definitions: DefinitionSet { pipeline.definitions }
    var generation: [UInt8] { states.generation }

    init(
        _ pipeline: EventPipeline, vault: RowVault, states: StateCache, writer: StateWriter,
        position: AppliedPosition, tail: EventTail? = nil
    ) {
        self.pipeline = pipeline
        self.vault = vault
        self.states = states
        self.writer = writer
        self.position = position
        self.tail = tail
        log = EventLog(store: states.store, pipeline: pipeline, vault: vault) { [states] in
            states.unsavedTrail(of: $0)
        }
    }

    /// A set with states of its own.
    convenience init(
        _ pipeline: EventPipeline, vault: RowVault, records: RecordWriter,
        store: any KeyValueStore, position: AppliedPosition, cacheBytes: Int, roundEvents: Int
    ) {
        let states = StateCache(
            definitions: pipeline.definitions, store: store,
            maximumBytes: cacheBytes)
        let pace = StateWriter.Pace(round: roundEvents, dirtyBytes: cacheBytes / 4)
        let writer = StateWriter(cache: states, records: records, pace: pace) { position.value }
        self.init(pipeline, vault: vault, states: states, writer: writer, position: position)
    }

    /// Another set over the same states: what they keep means the same in both.
    func following(_ definitions: DefinitionSet) -> ActiveDefinitions {
        let pipeline = EventPipeline(definitions, following: self.pipeline)
        return ActiveDefinitions(
            pipeline,
            vault: RowVault(definitions, keys: pipeline.keys, subjects: vault.subjects),
            states: StateCache(definitions: definitions, over: states), writer: writer,
            position: position)
    }

    /// The same, and what is recorded goes to `tail` too.
    func with(_ tail: EventTail?) -> ActiveDefinitions {
        ActiveDefinitions(
            pipeline, vault: vault, states: states, writer: writer, position: position, tail: tail)
    }
}
