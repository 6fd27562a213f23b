internal import AssayMessages
internal import FeatureEngine
internal import Redis
internal import Synchronization

/// An event that is in the log and not yet in all its entities' states: what is known of it grows
/// until its applied record can be written.
final class OpenEvent: Sendable {
    let event: EngineEvent
    let place: StreamPlace
    let started: Duration
    private let keys: SharedKeys
    private let scoring: Scoring
    private let pipeline: EventPipeline
    private let vectors: [AssayFeaturesV1.LoggedVector]

    private struct State {
        var versions: [UInt64?]
        var missing: Int
        var isLost = false
    }

    private let state: Mutex<State>

    init(
        _ event: SharedEvent, _ place: StreamPlace, _ pipeline: EventPipeline,
        _ response: AssayFeaturesV1.ScoreEventResponse, versions: [UInt64?]
    ) {
        self.event = event.scoring.resolved.engineEvent
        self.place = place
        self.pipeline = pipeline
        started = event.started
        keys = event.keys
        scoring = event.scoring
        vectors = response.vectors.map(AssayFeaturesV1.LoggedVector.init)
        state = Mutex(State(versions: versions, missing: versions.count { $0 == nil }))
    }

    /// The position among the event's entities made this version. True for the last that was missing.
    func made(_ version: UInt64, at index: Int) -> Bool {
        state.withLock { state in
            guard state.versions[index] == nil else { return false }
            state.versions[index] = version
            state.missing -= 1
            return state.missing == 0 && !state.isLost
        }
    }

    /// One of its entities will not be brought up here. True the first time.
    func lost() -> Bool {
        state.withLock { state in
            defer { state.isLost = true }
            return !state.isLost
        }
    }

    /// The applied record and the end of the event's openness.
    var closing: RedisCommand {
        let versions = state.withLock { $0.versions }
        let record = AssayFeaturesV1.AppliedRow(
            sequence: place.sequence,
            entities: pipeline.loggedEntities(scoring, versions.map { $0 ?? 0 }),
            vectors: vectors)
        return keys.finish(place, record.encoded())
    }
}
