internal import Storage
internal import Synchronization

/// The keys of the subjects, and which entities belong to each: what erasure goes by.
///
/// Family `subject`: `tenant, subject → wrapped key` and `tenant, subject, entity type, entity →
/// nothing`. A subject is always one of its event's entities, whose lock is held while the event
/// is recorded, so nobody makes a second key for it.
final class SubjectKeys: Sendable {
    /// Subjects whose keys are kept unwrapped.
    static let maximumKept = 65_536

    private struct Known {
        let key: SubjectKey
        var entities: Set<StateKey> = []
    }

    fileprivate struct Place: Hashable {
        let tenant: String
        let subject: StateKey
    }

    private let store: any KeyValueStore
    private let keys: TenantKeys
    private let known = Mutex<[Place: Known]>([:])

    init(store: any KeyValueStore, keys: TenantKeys) {
        self.store = store
        self.keys = keys
    }

    /// What becomes known once a batch is on its way.
    struct Pending {
        fileprivate var keys: [Place: SubjectKey] = [:]
        fileprivate var entities: [(place: Place, entity: StateKey)] = []
    }

    /// The subject's key, made and added to the batch if there is none.
    func key(
        of subject: StateKey, tenant: String, _ batch: inout WriteBatch, _ pending: inout Pending
    ) throws -> SubjectKey {
        let place = Place(tenant: tenant, subject: subject)
        if let key = pending.keys[place] { return key }
        if let key = try key(of: subject, tenant: tenant) { return key }
        let key = SubjectKey.random()
        batch.put(
            StorageKey.subject(subject, tenant: tenant),
            try keys.key(of: tenant).wrap(key, of: subject), in: .subject)
        pending.keys[place] = key
        return key
    }

    /// Nil if the subject has no key, or none any more.
    func key(of subject: StateKey, tenant: String) throws -> SubjectKey? {
        // What is nobody's is the tenant's.
        if subject == .nobody { return keys.key(of: tenant).common }
        let place = Place(tenant: tenant, subject: subject)
        if let known = known.withLock({ $0[place]?.key }) { return known }
        let stored = try store.get(StorageKey.subject(subject, tenant: tenant), in: .subject)
        guard let stored else { return nil }
        let key = try keys.key(of: tenant).unwrap(stored, of: subject)
        keep(key, at: place)
        return key
    }

    /// An entity, its type and its subject.
    struct Owned {
        let entity: StateKey
        let type: Int
        let subject: StateKey
    }

    /// Adds entities to those of their subjects, as far as they are new there.
    ///
    /// - Parameter name: of an entity type.
    func add(
        _ owned: [Owned], tenant: String, _ batch: inout WriteBatch, _ pending: inout Pending,
        name: (Int) -> String
    ) throws {
        for new in known.withLock({ Self.new(owned, tenant: tenant, $0) }) {
            let key = StorageKey.subject(
                new.subject, tenant: tenant, type: name(new.type), entity: new.entity)
            if try store.get(key, in: .subject) == nil { batch.put(key, [], in: .subject) }
            pending.entities.append((Place(tenant: tenant, subject: new.subject), new.entity))
        }
    }

    private static func new(
        _ owned: [Owned], tenant: String, _ known: [Place: Known]
    ) -> [Owned] {
        var last: (subject: StateKey, entities: Set<StateKey>)?
        return owned.filter { pair in
            if last?.subject != pair.subject {
                let place = Place(tenant: tenant, subject: pair.subject)
                last = (pair.subject, known[place]?.entities ?? [])
            }
            return last.map { !$0.entities.contains(pair.entity) } ?? true
        }
    }

    /// The batch is submitted: what it adds is there for those who come next.
    func confirm(_ pending: Pending) {
        for (place, key) in pending.keys { keep(key, at: place) }
        known.withLock { known in
            for (place, entity) in pending.entities { known[place]?.entities.insert(entity) }
        }
    }

    /// Forgets an erased subject's key.
    func forget(_ subject: StateKey, tenant: String) {
        known.withLock { $0[Place(tenant: tenant, subject: subject)] = nil }
    }

    /// A full table begins anew: that costs each subject one read, and nobody has to keep an order.
    private func keep(_ key: SubjectKey, at place: Place) {
        known.withLock { known in
            if known.count >= Self.maximumKept { known.removeAll(keepingCapacity: true) }
            if known[place] == nil { known[place] = Known(key: key) }
        }
    }
}
