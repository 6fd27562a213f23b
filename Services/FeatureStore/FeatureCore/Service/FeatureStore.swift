package import AssayMessages
internal import RPC
package import Wire

/// What keeps events and states: one process by itself, or many that share a store.
///
/// What happens to an event before and after it is kept is the same for all: ``EventPipeline``.
package protocol FeatureStore: Sendable {
    /// What is in force now. A call takes it once, at its beginning.
    var pipeline: EventPipeline { get }
    var statistics: StoreStatistics { get }
    /// All events; nil where another process keeps them.
    var eventLog: EventLog? { get }

    /// How many erasures have ended: what was read before one is not to be recorded after it.
    var erasures: UInt64 { get }

    /// The log, the events kept aside and what was served, where each tenant has its own.
    func eventLog(of tenant: String) throws -> EventLog?
    func quarantine(of tenant: String) throws -> Quarantine?
    func servedStatistics(of tenant: String) throws -> StatisticsStore?

    /// Gives an event its place: claims its id, reads its entities and applies it, with nothing
    /// between the read and the apply. Events that one caller begins one after the other apply in
    /// that order.
    ///
    /// Throws ABORTED while another call has the id, ALREADY_EXISTS if the id is known with other
    /// content, RESOURCE_EXHAUSTED when too much is under way.
    func begin(_ scoring: Scoring) async throws -> Recording

    /// The entities as they are, for a call that records nothing. One that the store cannot answer
    /// for has no values.
    ///
    /// - Parameters:
    ///   - pipeline: of the definitions that the entities are named under.
    ///   - time: what the features are read at, in milliseconds.
    ///   - now: when the call came.
    func readings(
        of entities: [EntityReference], under pipeline: EventPipeline, at time: Int64,
        now: Timestamp
    ) async -> [EntityReading]

    /// What was said of an event that was recorded before under its id; nil if the id is new.
    ///
    /// Throws as `begin` does.
    func known(_ scoring: Scoring) async throws -> AssayFeaturesV1.ScoreEventResponse?

    /// Keeps an event aside for a person to look at. False if there is no room for more.
    ///
    /// Throws ABORTED while another call has its id.
    func setAside(_ scoring: Scoring) async throws -> Bool

    /// Whether an event is taken whose references `recorded` did not find: they are looked for where
    /// older events are.
    var findsReferencesLater: Bool { get }

    /// The row of the event that was recorded under an id; nil if there is none, or none any more.
    func recorded(_ id: String, tenant: String) async throws -> AssayFeaturesV1.LogRow?

    /// Events kept aside; nil if this store has none of its own.
    var quarantine: Quarantine? { get }

    /// What was served by hour; nil if this store keeps none.
    var servedStatistics: StatisticsStore? { get }

    /// Erases a subject and returns the sealed proof; again, the same proof.
    func erase(_ order: ErasureOrder) async throws -> [UInt8]

    /// Forbids the erasure of a subject for a reason, or allows it again without one.
    func hold(_ order: ErasureOrder) async throws

    /// Which definitions are in force, and what is under way.
    var definitionStatus: DefinitionStatus { get }

    /// Brings other definitions into force; again, says what became of it.
    func apply(_ order: DefinitionOrder) async throws -> DefinitionStatus

    /// An event of the quarantine is recorded: it is no longer there, and the audit log says why.
    func released(
        _ id: String, tenant: String, audit: AssayFeaturesV1.AuditEntry) async throws
}

extension FeatureStore {
    package func eventLog(of tenant: String) throws -> EventLog? { eventLog }
    package func quarantine(of tenant: String) throws -> Quarantine? { quarantine }
    package func servedStatistics(of tenant: String) throws -> StatisticsStore? {
        servedStatistics
    }
}

/// A store that keeps no quarantine and no sealed rows of its own.
extension FeatureStore {
    package var quarantine: Quarantine? { nil }

    package var servedStatistics: StatisticsStore? { nil }

    package var findsReferencesLater: Bool { false }

    package func erase(_ order: ErasureOrder) async throws -> [UInt8] { throw notHere("erasure") }

    package func hold(_ order: ErasureOrder) async throws { throw notHere("erasure") }

    package func released(
        _ id: String, tenant: String, audit: AssayFeaturesV1.AuditEntry
    ) async throws { throw notHere("quarantine") }

    package var definitionStatus: DefinitionStatus {
        DefinitionStatus(
            active: pipeline.definitions.hash, generation: pipeline.definitions.generation,
            backfill: nil)
    }

    package func apply(_ order: DefinitionOrder) async throws -> DefinitionStatus {
        throw RPCError(
            .failedPrecondition,
            "servers of a shared store take their definitions from a folder when they start: give"
                + " all of them the new folder, one after the other", reason: "SHARED_STORE")
    }

    private func notHere(_ what: String) -> RPCError { .askTheKeeper(what) }
}

extension RPCError {
    /// What none of the servers of a shared store can do by itself.
    static func askTheKeeper(_ what: String) -> RPCError {
        RPCError(
            .failedPrecondition,
            "\(what) is not with the servers of a shared store: ask its keeper",
            reason: "ASK_THE_KEEPER")
    }
}

/// An event that has its place in the log, on its way to the durability its receipt names.
package enum Recording: Sendable {
    case done(AssayFeaturesV1.ScoreEventResponse)
    case underway(@Sendable () async -> AssayFeaturesV1.ScoreEventResponse)

    /// Returns when the event is durable, or when it is known not to be.
    package func response() async -> AssayFeaturesV1.ScoreEventResponse {
        switch self {
        case .done(let response): response
        case .underway(let wait): await wait()
        }
    }
}

extension FeatureStore {
    package var eventLog: EventLog? { nil }
    package var erasures: UInt64 { 0 }
}
