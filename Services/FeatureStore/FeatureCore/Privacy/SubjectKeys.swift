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

    fileprivate struct Known {
        let key: SubjectKey
        var entities: Set<StateKey> = []
    }

    fileprivate struct Place: Hashable {
        let tenant: String
        let subject: StateKey

        /// Of two tenants no subjects are the same.
        func hash(into hasher: inout Hasher) { subject.hash(into: &hasher) }
        func _rawHashValue(seed: Int) -> Int { subject._rawHashValue(seed: seed) }
    }

    private let store: any KeyValueStore
    private let keys: TenantKeys
    private let known = Mutex(Kept())
    /// Times that fields were under another key than their subject's: must stay 0.
    let otherKeys = Atomic<Int>(0)

    /// What is in memory. A table that is full makes place by dropping the half that was not used
    /// longest, so nobody has to keep an order.
    fileprivate struct Kept {
        var subjects = RecentTable<Place, Known>(maximumKept)
        /// Keys that were made here: until their rows are in the store they are nowhere else, so
        /// they do not give way to keys that are only read. An event makes a few, and few thousand
        /// events wait for the store.
        var made = RecentTable<Place, SubjectKey>(maximumKept)
        /// Counts what was forgotten: what was read before may be gone.
        var forgotten = 0
    }

    init(store: any KeyValueStore, keys: TenantKeys) {
        self.store = store
        self.keys = keys
    }

    /// What becomes known once a batch is on its way.
    struct Pending {
        fileprivate var keys: [Place: SubjectKey] = [:]
        fileprivate var entities: [(place: Place, entity: StateKey)] = []
        fileprivate var isEmpty: Bool { keys.isEmpty && entities.isEmpty }
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
        let (kept, forgotten) = known.withLock { known in
            (known.subjects[place]?.key ?? known.made[place], known.forgotten)
        }
        if let kept { return kept }
        let stored = try store.get(StorageKey.subject(subject, tenant: tenant), in: .subject)
        guard let stored, !stored.isEmpty else { return nil }
        let key = try keys.key(of: tenant).unwrap(Self.wrapped(in: stored)[0], of: subject)
        known.withLock { known in
            if known.forgotten == forgotten { known.keep(key, at: place) }
        }
        return key
    }

    /// The key of the subject that something was sealed with, as far as it is here; else the first
    /// of its keys. Nil if the subject has none.
    func key(of subject: StateKey, tenant: String, opening sealed: [UInt8]) throws -> SubjectKey? {
        guard let key = try key(of: subject, tenant: tenant) else { return nil }
        guard !key.hasSealed(sealed), subject != .nobody else { return key }
        return try all(of: subject, tenant: tenant).first { $0.hasSealed(sealed) } ?? key
    }

    /// All keys of a subject: more than one if a shared store has lost the first.
    func all(of subject: StateKey, tenant: String) throws -> [SubjectKey] {
        let stored = try store.get(StorageKey.subject(subject, tenant: tenant), in: .subject)
        return try Self.wrapped(in: stored ?? []).map {
            try keys.key(of: tenant).unwrap($0, of: subject)
        }
    }

    /// The keys of a subject as they are stored, one behind the other.
    static func wrapped(in stored: [UInt8]) -> [[UInt8]] {
        let size = TenantKey.wrappedBytes
        guard !stored.isEmpty else { return [] }
        // One that is damaged does not open.
        guard stored.count % size == 0 else { return [stored] }
        return stride(from: 0, to: stored.count, by: size).map { Array(stored[$0..<$0 + size]) }
    }

    /// An entity, its type and its subject.
    struct Owned {
        let entity: StateKey
        let type: Int
        let subject: StateKey
    }

    /// Adds entities to those of their subjects, as far as they are not known to be there.
    ///
    /// - Parameter name: of an entity type.
    func add(
        _ owned: [Owned], tenant: String, _ batch: inout WriteBatch, _ pending: inout Pending,
        name: (Int) -> String
    ) {
        for new in known.withLock({ Self.new(owned, tenant: tenant, &$0.subjects) }) {
            let key = StorageKey.subject(
                new.subject, tenant: tenant, type: name(new.type), entity: new.entity)
            // Perhaps once more, after it was forgotten: that costs less than looking for it.
            batch.put(key, [], in: .subject)
            pending.entities.append((Place(tenant: tenant, subject: new.subject), new.entity))
        }
    }

    private static func new(
        _ owned: [Owned], tenant: String, _ known: inout RecentTable<Place, Known>
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
        guard !pending.isEmpty else { return }
        known.withLock { known in
            for (place, key) in pending.keys {
                known.made[place] = key
                known.keep(key, at: place)
            }
            for (place, entity) in pending.entities {
                known.subjects.change(place) { $0.entities.insert(entity) }
            }
        }
    }

    /// Forgets an erased subject's key. It is gone from the store already: whoever reads it now finds
    /// none, and whoever read it before does not keep it.
    func forget(_ subject: StateKey, tenant: String) {
        let place = Place(tenant: tenant, subject: subject)
        known.withLock { known in
            known.subjects[place] = nil
            known.made[place] = nil
            known.forgotten += 1
        }
    }
}

extension SubjectKeys.Kept {
    fileprivate mutating func keep(_ key: SubjectKey, at place: SubjectKeys.Place) {
        if subjects[place] == nil { subjects[place] = SubjectKeys.Known(key: key) }
    }
}
