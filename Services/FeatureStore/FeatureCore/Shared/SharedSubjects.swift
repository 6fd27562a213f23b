internal import AssayMessages
internal import FeatureEngine
internal import Redis
internal import Synchronization

/// The subjects' keys as they lie in the shared store, wrapped by the tenant's key, and which entities
/// belong to each: what erasure goes by.
///
/// A subject that this process has seen before costs nothing; another one costs a round trip. An
/// erasure destroys the key in the shared store and then moves the tenant's epochs up, one in each
/// partition of the log. A row carries the epoch that its keys were found under, and gets no place in
/// the log if that is over: so nothing is sealed under a key that is gone.
final class SharedSubjects: Sendable {
    /// Subjects whose keys are kept unwrapped.
    static let maximumKept = 131_072

    private struct Place: Hashable {
        let tenant: String
        let subject: StateKey
    }

    private struct Known {
        let key: SubjectKey
        var entities: Set<StateKey> = []
    }

    private struct State {
        var known: [Place: Known] = [:]
        /// By tenant: an epoch per partition.
        var epochs: [String: [String]] = [:]
        /// How often everything known was forgotten.
        var forgotten = 0
        /// Those that had been made when what is known was found.
        var connections = 0
    }

    /// What keys found from now on may be used for.
    struct Ticket {
        let tenant: String
        /// Of the partition of the event's row.
        let epoch: String
        let forgotten: Int
        fileprivate let connections: Int
    }

    /// Moves with each erasure that this process hears of.
    var forgotten: Int { state.withLock(\.forgotten) }

    private let state = Mutex(State())
    private let definitions: DefinitionSet
    private let keys: TenantKeys
    private let redis: any RedisSender
    private let timeout: Duration

    init(
        _ definitions: DefinitionSet, keys: TenantKeys, _ redis: any RedisSender,
        timeout: Duration
    ) {
        self.definitions = definitions
        self.keys = keys
        self.redis = redis
        self.timeout = timeout
    }

    // MARK: Epochs

    func ticket(_ tenant: String, partition: Int) -> Ticket {
        let connections = redis.connectionsMade
        return state.withLock { state in
            if state.connections != connections {
                // A store that a new connection leads to may have lost keys.
                state.known.removeAll(keepingCapacity: true)
                state.connections = connections
            }
            return Ticket(
                tenant: tenant, epoch: state.epochs[tenant]?[partition] ?? "0",
                forgotten: state.forgotten, connections: connections)
        }
    }

    /// There was an erasure: what is known may be gone.
    func moved(_ tenant: String, partition: Int, to epoch: String) {
        state.withLock { state in
            var epochs =
                state.epochs[tenant] ?? Array(repeating: "0", count: SharedKeys.partitions)
            guard epochs[partition] != epoch else { return }
            epochs[partition] = epoch
            state.epochs[tenant] = epochs
            state.known.removeAll(keepingCapacity: true)
            state.forgotten += 1
        }
    }

    // MARK: Keys

    /// The keys that a row needs, made where there are none; and its entities are their subjects' from
    /// now on.
    func keys(
        for parted: PersonalRows.Parted, _ ticket: Ticket
    ) async throws -> [StateKey: SubjectKey] {
        var found: [StateKey: SubjectKey] = [:]
        var unknown: [StateKey: [SubjectKeys.Owned]] = [:]
        state.withLock { state in
            for part in parted.personal where part.subject != .nobody {
                let place = Place(tenant: ticket.tenant, subject: part.subject)
                found[part.subject] = state.known[place]?.key
                if found[part.subject] == nil { unknown[part.subject] = [] }
            }
            for owned in parted.owned {
                let place = Place(tenant: ticket.tenant, subject: owned.subject)
                if state.known[place]?.entities.contains(owned.entity) == true { continue }
                unknown[owned.subject, default: []].append(owned)
            }
        }
        found[.nobody] = keys.key(of: ticket.tenant).common
        guard !unknown.isEmpty else { return found }
        return found.merging(try await fetch(unknown, ticket)) { _, new in new }
    }

    private func fetch(
        _ unknown: [StateKey: [SubjectKeys.Owned]], _ ticket: Ticket
    ) async throws -> [StateKey: SubjectKey] {
        let tenant = keys.key(of: ticket.tenant)
        let names = SharedKeys(tenant: ticket.tenant)
        let subjects = unknown.keys.sorted()
        var commands: [RedisCommand] = []
        let fresh = subjects.map { _ in SubjectKey.random() }
        for (subject, key) in zip(subjects, fresh) {
            let wrapped = try tenant.wrap(key, of: subject)
            commands.append(RedisCommand("SETNX", key: names.subjectKey(subject), wrapped))
            commands.append(RedisCommand("GET", key: names.subjectKey(subject)))
            let members = (unknown[subject] ?? []).map { owned in
                Erasure.Entity(
                    type: definitions.entities[owned.type].name, key: owned.entity
                ).bytes
            }
            commands.append(
                members.isEmpty
                    ? RedisCommand("PING")
                    : RedisCommand(
                        [Array("SADD".utf8), names.subjectEntities(subject)] + members))
        }
        let replies = try await redis.send(commands, timeout: timeout)
        if let error = replies.lazy.compactMap(\.error).first { throw error }
        var found: [StateKey: SubjectKey] = [:]
        for (index, subject) in subjects.enumerated() {
            if replies[3 * index] == .integer(1) {
                found[subject] = fresh[index]
            } else if case .bytes(let stored) = replies[3 * index + 1] {
                found[subject] = try tenant.unwrap(stored, of: subject)
            }
        }
        keep(found, unknown, ticket)
        return found
    }

    private func keep(
        _ found: [StateKey: SubjectKey], _ owned: [StateKey: [SubjectKeys.Owned]],
        _ ticket: Ticket
    ) {
        state.withLock { state in
            // An erasure came between: whether these keys are from before or after nobody knows.
            guard state.forgotten == ticket.forgotten,
                state.connections == ticket.connections
            else { return }
            if state.known.count >= Self.maximumKept {
                state.known.removeAll(keepingCapacity: true)
            }
            for (subject, key) in found {
                let place = Place(tenant: ticket.tenant, subject: subject)
                state.known[place, default: Known(key: key)].entities.formUnion(
                    (owned[subject] ?? []).map(\.entity))
            }
        }
    }

    /// Opens a row of the shared log. What belongs to an erased subject stays closed.
    func open(_ row: inout AssayFeaturesV1.LogRow, _ rows: PersonalRows) async throws {
        let tenant = row.tenant
        let subjects = row.sealed.compactMap { StateKey(bytes: $0.subject) }
        let wrapped = try await Self.wrapped(Set(subjects), tenant, redis, timeout)
        try rows.open(&row) { subject, _ in
            if subject == .nobody { return keys.key(of: tenant).common }
            return try wrapped[subject].map { try keys.key(of: tenant).unwrap($0, of: subject) }
        }
    }

    /// The keys of subjects as they are stored, as far as there are any.
    static func wrapped(
        _ subjects: Set<StateKey>, _ tenant: String, _ redis: any RedisSender,
        _ timeout: Duration
    ) async throws -> [StateKey: [UInt8]] {
        let names = SharedKeys(tenant: tenant)
        let subjects = subjects.subtracting([.nobody]).sorted()
        guard !subjects.isEmpty else { return [:] }
        let replies = try await redis.send(
            subjects.map { RedisCommand("GET", key: names.subjectKey($0)) }, timeout: timeout)
        var found: [StateKey: [UInt8]] = [:]
        for (subject, reply) in zip(subjects, replies) {
            if let error = reply.error { throw error }
            if case .bytes(let bytes) = reply { found[subject] = bytes }
        }
        return found
    }
}

extension PersonalRows {
    /// Puts the personal fields of a row back sealed, before its sequence is known.
    func seal(
        _ parted: Parted, into row: inout AssayFeaturesV1.LogRow, _ keys: [StateKey: SubjectKey]
    ) throws(PrivacyError) {
        for part in parted.personal {
            guard let key = keys[part.subject] else { throw .damagedKey }
            let plain = AssayFeaturesV1.PersonalFields(fields: part.fields).encoded()
            let sealed = try key.seal(
                plain, sequence: Self.earlySequence(row), place: UInt32(row.sealed.count))
            row.sealed.append(
                AssayFeaturesV1.SealedFields(
                    subject: part.subject.bytes, event: UInt32(part.event), fields: sealed,
                    early: true))
        }
    }
}
