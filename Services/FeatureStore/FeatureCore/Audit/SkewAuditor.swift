internal import AssayMessages
internal import FeatureEngine
internal import Storage
internal import Synchronization
internal import Wire

/// Holds states and served vectors against the event log, slice by slice of a thousandth of the
/// entities: what serving said must be what a replay says, bit for bit.
struct SkewAuditor {
    /// Of one core.
    static let share = 0.05
    /// Events that one check reads at most.
    static let maximumEvents = 20_000
    /// Served events of an entity that are read again, the newest.
    static let servedEvents = 16
    /// A slice begins no sooner than this after the one before.
    static let pause: Duration = .seconds(1)
    /// How long an event may be on its way into the log.
    static let maximumWaits = 100
    static let wait: Duration = .milliseconds(100)
    /// Findings remembered, so that each is reported once.
    static let maximumKnown = 4_096

    private let store: EmbeddedFeatureStore
    /// The definitions that the slice at hand is audited under.
    private var set: ActiveDefinitions
    private let report: @Sendable (SkewFinding) -> Void
    private(set) var pacer: ProcessorPacer
    private var known: Set<SkewFinding> = []
    /// Of the entity at hand.
    private var found: [SkewFinding] = []

    init(
        _ store: EmbeddedFeatureStore, pacer: ProcessorPacer = ProcessorPacer(share: share),
        report: @escaping @Sendable (SkewFinding) -> Void
    ) {
        self.store = store
        set = store.active
        self.pacer = pacer
        self.report = report
    }

    /// Goes through one slice after the other, until the task is cancelled.
    mutating func run(from first: UInt64) async throws {
        var number = first
        while true {
            try await audit(EntitySample(number))
            try await pacer.rest(atLeast: Self.pause)
            number &+= 1
        }
    }

    mutating func audit(_ sample: EntitySample) async throws {
        set = store.active
        let definitions = set.definitions
        for tenant in try EntitySample.tenants(store.store) {
            for entity in definitions.entities.indices {
                var last: StateKey?
                while true {
                    let batch = try sample.entities(
                        of: entity, definitions, tenant: tenant, after: last, in: store.store)
                    for entity in batch { try await audit(entity) }
                    guard batch.count == EntitySample.batch, let end = batch.last else { break }
                    last = end.key
                }
                try await pacer.pay()
            }
        }
        store.skew.wentThrough()
    }

    /// Audits the states of one entity, then vectors that were served of it.
    ///
    /// What differs must do so twice: meanwhile its subject may have been erased.
    mutating func audit(_ entity: EntityReference) async throws {
        let first = try await findings(entity)
        guard !first.isEmpty else { return }
        for finding in try await findings(entity)
        where first.contains(where: { $0.what == finding.what }) {
            guard known.count < Self.maximumKnown, known.insert(finding).inserted else { continue }
            store.skew.differs(finding.what)
            report(finding)
            try? store.record(finding)
        }
    }

    private mutating func findings(_ entity: EntityReference) async throws -> [SkewFinding] {
        found = []
        do {
            for sequence in try await auditStates(of: entity) {
                try await auditVectors(of: sequence, entity)
            }
        } catch let skip as SkewSkip {
            store.skew.skipped(skip)
        }
        return found
    }

    // MARK: States

    /// A state as it is somewhere, up to some event.
    private struct Copy {
        let what: SkewFinding.What
        let bytes: [UInt8]
        let highest: UInt64
    }

    /// Returns the places of the newest events whose vectors are to be read again.
    private mutating func auditStates(of entity: EntityReference) async throws -> [UInt64] {
        var copies = try capture(entity)
        guard let highest = copies.map(\.highest).max() else { return [] }
        try await waitForLog(highest)
        var replay = try EntityReplay(
            of: entity, in: set.log, before: highest + 1, limit: Self.maximumEvents)
        let places = replay.places
        try await pacer.pay()
        while try replay.step() {
            for copy in copies where copy.highest == replay.state.highestSequence {
                compare(copy, replay, entity)
            }
            copies.removeAll { $0.highest == replay.state.highestSequence }
            try await pacer.pay()
        }
        for copy in copies {
            // Of a life before the present one, which a later event ended.
            if let first = places.first, copy.highest < first { continue }
            find(copy.what, entity, copy.highest, "no event of the log made it")
        }
        return places.suffix(Self.servedEvents)
    }

    /// The state in memory and the one that is stored, each with what it contains.
    private mutating func capture(_ entity: EntityReference) throws -> [Copy] {
        let cache = set.states
        let (memory, blob) = try cache.holding([entity.key]) {
            let memory = cache.stripes[cache.stripe(of: entity.key)].find(entity.key)
                .map { (bytes: $0.state.encode(), state: $0.state.highestSequence) }
            return (memory, try cache.blob(of: entity))
        }
        var copies: [Copy] = []
        if let memory, memory.state > 0 {
            copies.append(Copy(what: .state, bytes: memory.bytes, highest: memory.state))
        }
        guard let blob else { return copies }
        let empty = cache.empty(entity)
        do {
            let stored = try FeatureState(
                decoding: blob, group: empty.group, groupHash: empty.groupHash)
            copies.append(Copy(what: .blob, bytes: blob, highest: stored.highestSequence))
        } catch {
            store.skew.checked(.blob)
            find(.blob, entity, store.lastSequence.value, "it cannot be read: \(error)")
        }
        return copies
    }

    /// An event is in the states a moment before the log is on the disk.
    private mutating func waitForLog(_ sequence: UInt64) async throws {
        for _ in 0..<Self.maximumWaits {
            if try store.store.get(StorageKey.log(sequence), in: .log) != nil { return }
            try await pacer.rest(atLeast: Self.wait)
        }
    }

    private mutating func compare(
        _ copy: Copy, _ replay: EntityReplay, _ entity: EntityReference
    ) {
        store.skew.checked(copy.what)
        let expected = replay.state.encode()
        guard copy.bytes != expected else { return }
        guard !replay.hasOtherDefinitions else { return store.skew.skipped(.otherDefinitions) }
        let place = zip(copy.bytes, expected).enumerated().first { $1.0 != $1.1 }?.offset
        find(
            copy.what, entity, copy.highest,
            "\(copy.bytes.count) bytes, replayed \(expected.count); they differ from byte"
                + " \(place ?? min(copy.bytes.count, expected.count))")
    }

    // MARK: Vectors

    private mutating func auditVectors(
        of sequence: UInt64, _ entity: EntityReference
    ) async throws {
        let log = set.log
        guard let row = try log.row(sequence), !row.vectors.isEmpty else { return }
        guard !row.isErased else { throw SkewSkip.erased }
        guard row.definitionSet == log.pipeline.definitions.hash,
            let event = log.pipeline.resolved(row)
        else { throw SkewSkip.otherDefinitions }
        var readings: [EntityReading] = []
        var hasOtherDefinitions = false
        var left = Self.maximumEvents
        for named in event.entities(log.pipeline.definitions, tenant: row.tenant) {
            var replay = try EntityReplay(of: named, in: log, before: sequence, limit: left)
            left -= replay.count
            try await pacer.pay()
            while try replay.step() { try await pacer.pay() }
            hasOtherDefinitions = hasOtherDefinitions || replay.hasOtherDefinitions
            replay.begin(at: row.received.millisecondsSinceEpoch)
            readings.append(log.pipeline.reading(named, replay.state, at: event.time))
        }
        for logged in row.vectors {
            guard let differs = differs(logged, event, readings) else { continue }
            try await pacer.pay()
            guard differs else { continue }
            guard !hasOtherDefinitions else { throw SkewSkip.otherDefinitions }
            find(
                .vector, entity, sequence, "the values are not those that were served",
                subject: "\(logged.name)@\(logged.version)")
        }
    }

    /// Nil if there is no such vector any more.
    private func differs(
        _ logged: AssayFeaturesV1.LoggedVector, _ event: ResolvedEvent,
        _ readings: [EntityReading]
    ) -> Bool? {
        let pipeline = set.log.pipeline
        guard
            let position = pipeline.definitions.vector(
                named: logged.name, version: logged.version)
        else {
            store.skew.skipped(.otherDefinitions)
            return nil
        }
        store.skew.checked(.vector)
        let vector = pipeline.vectors.vector(
            pipeline.definitions.vectors[position], event: event, readings: readings,
            time: event.time)
        return vector.digest != logged.digest
    }

    // MARK: Findings

    private mutating func find(
        _ what: SkewFinding.What, _ entity: EntityReference, _ sequence: UInt64, _ reason: String,
        subject: String? = nil
    ) {
        let digits = entity.key.bytes.map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
        found.append(
            SkewFinding(
                what: what, tenant: entity.tenant,
                subject: subject ?? set.definitions.entities[entity.entity].name,
                pid: digits.joined(), sequence: sequence, reason: reason))
    }
}

extension EmbeddedFeatureStore {
    /// Holds what was served against the log, at no more than 5 % of one core, until the task is
    /// cancelled.
    ///
    /// - Parameter report: is told of each difference once.
    public func audit(report: @escaping @Sendable (SkewFinding) -> Void) async throws {
        var auditor = SkewAuditor(self, report: report)
        try await auditor.run(from: UInt64.random(in: 0..<EntitySample.slices))
    }

    /// Keeps a finding in the audit log.
    func record(_ finding: SkewFinding) throws {
        var batch = WriteBatch()
        AuditLog(store: store).add(
            AssayFeaturesV1.AuditEntry(
                time: pipeline.clock(), client: "auditor", action: "skew",
                object: "\(finding.what.rawValue) \(finding.subject) \(finding.pid)"
                    .limited(to: 128), reason: "at event \(finding.sequence): \(finding.reason)"),
            tenant: finding.tenant, to: &batch)
        try store.write(batch, sync: false)
    }
}
