internal import FeatureEngine
internal import Redis
internal import Synchronization

/// Gathers the events of relaxed entities, so that one busy entity costs one write for many events.
///
/// What is gathered and not written when the process ends is still open in the log, and the keeper
/// applies it.
final class RelaxedGatherer: Sendable {
    /// Events gathered at most; further ones are left to the keeper.
    static let maximumEvents = 65_536
    /// Entities read and written in one round trip each.
    private static let batch = 64

    /// One event of one entity: `index` is the entity's position among the event's.
    private struct Part {
        let event: OpenEvent
        let index: Int
        let touches: UInt64

        var sequence: UInt64 { event.place.sequence }

        func apply(to state: inout FeatureState, _ delivery: Delivery) -> Applied {
            state.apply(event.event, touches: touches, sequence: sequence, delivery: delivery)
        }
    }

    private struct Gathered {
        let entity: EntityReference
        /// When the first of its events came.
        let since: Duration
        var parts: [Part] = []
    }

    /// When an entity's turn comes.
    private struct Turn {
        let key: StateKey
        let since: Duration
    }

    private struct PendingWrite {
        let gathered: Gathered
        let write: BlobWrite
    }

    private struct Pending {
        var entities: [StateKey: Gathered] = [:]
        var count = 0
        /// In the order of their times; those written before their turn are passed over.
        var turns: [Turn] = []

        mutating func add(_ part: Part, _ entity: EntityReference, _ now: Duration) -> Int {
            if entities[entity.key] == nil {
                entities[entity.key] = Gathered(entity: entity, since: now)
                turns.append(Turn(key: entity.key, since: now))
            }
            entities[entity.key]?.parts.append(part)
            count += 1
            return entities[entity.key]?.parts.count ?? 0
        }

        mutating func take(_ key: StateKey) -> Gathered? {
            guard let taken = entities.removeValue(forKey: key) else { return nil }
            count -= taken.parts.count
            return taken
        }

        /// Those that came at that time or before.
        mutating func take(until time: Duration) -> [Gathered] {
            let due = turns.prefix { $0.since <= time }
            turns.removeFirst(due.count)
            return due.compactMap { turn in
                entities[turn.key]?.since == turn.since ? take(turn.key) : nil
            }
        }
    }

    private let pending = Mutex(Pending())
    private let states: SharedStates
    private let redis: any RedisSender
    private let configuration: SharedStoreConfiguration
    private let activity: SharedStoreActivity
    private let uptime: @Sendable () -> Duration

    init(
        _ states: SharedStates, _ redis: any RedisSender,
        configuration: SharedStoreConfiguration, activity: SharedStoreActivity,
        uptime: @escaping @Sendable () -> Duration
    ) {
        self.states = states
        self.redis = redis
        self.configuration = configuration
        self.activity = activity
        self.uptime = uptime
    }

    /// Events gathered and not yet on their way.
    var count: Int { pending.withLock { $0.count } }

    /// Takes an event for its relaxed entities. Returns entities that have enough to be written now.
    func add(
        _ open: OpenEvent, _ relaxed: [EntityReference], _ event: SharedEvent
    ) -> [StateKey]? {
        let all = event.scoring.entities
        let isFull = pending.withLock { $0.count + relaxed.count > Self.maximumEvents }
        guard !isFull else {
            leave(open)
            return nil
        }
        var full: [StateKey] = []
        let now = uptime()
        pending.withLock { pending in
            for entity in relaxed {
                guard let index = all.firstIndex(where: { $0.key == entity.key }) else { continue }
                let part = Part(event: open, index: index, touches: entity.touches)
                if pending.add(part, entity, now) == configuration.gatherCount {
                    full.append(entity.key)
                }
            }
        }
        return full.isEmpty ? nil : full
    }

    /// Writes everything gathered so far.
    func flush() async {
        let all = pending.withLock { pending in
            defer { pending = Pending() }
            return Array(pending.entities.values)
        }
        await write(all)
    }

    /// Writes what is gathered for these entities.
    func flush(_ keys: [StateKey]) async {
        await write(pending.withLock { pending in keys.compactMap { pending.take($0) } })
    }

    /// Writes the entities whose first event has waited for the interval.
    func flushDue() async {
        let time = uptime() - configuration.gatherInterval
        await write(pending.withLock { $0.take(until: time) })
    }

    // MARK: Writing

    private func write(_ gathered: [Gathered]) async {
        var rest = gathered[...]
        while !rest.isEmpty {
            await writeBatch(Array(rest.prefix(Self.batch)))
            rest = rest.dropFirst(Self.batch)
        }
    }

    private func writeBatch(_ gathered: [Gathered]) async {
        // They stay among the decoded ones: events read them meanwhile.
        let loaded = await states.load(
            toWrite: gathered.map(\.entity), redis, timeout: configuration.roundTrip)
        guard let loaded else { return gathered.forEach(leave) }
        var pending: [PendingWrite] = []
        for (gathered, loaded) in zip(gathered, loaded) {
            if let write = await prepare(gathered, loaded) { pending.append(write) }
        }
        for _ in 0..<SharedStates.maximumAttempts where !pending.isEmpty {
            guard
                let replies = try? await redis.send(
                    pending.map(\.write.command), timeout: configuration.roundTrip)
            else { break }
            let sent = pending
            pending = []
            var closing: [RedisCommand] = []
            for (sent, reply) in zip(sent, replies) {
                switch BlobWrite.outcome(reply) {
                case .written:
                    states.written(sent.write)
                    closing += written(sent.gathered, sent.write.made)
                case .conflict(let newer):
                    activity.conflicts.count()
                    let entity = sent.gathered.entity
                    let loaded = states.load(entity, newer) ?? LoadedState(entity: entity)
                    if let write = await prepare(sent.gathered, loaded) { pending.append(write) }
                case .refused: leave(sent.gathered)
                }
            }
            await close(closing)
        }
        for entity in pending { leave(entity.gathered) }
    }

    /// Applies what is gathered for one entity, in the order of the log; nil if nothing is left of it.
    ///
    /// Events that are no longer fresh are the keeper's: it may have applied them already.
    private func prepare(_ gathered: Gathered, _ loaded: LoadedState) async -> PendingWrite? {
        var loaded = loaded
        guard var state = loaded.state else {
            leave(gathered)
            return nil
        }
        loaded.state = nil
        let now = uptime()
        var taken: [Part] = []
        var uncertain: [Part] = []
        var made: [MadeVersion] = []
        for part in gathered.parts.sorted(by: { $0.sequence < $1.sequence }) {
            guard now - part.event.started < configuration.ownership else {
                leave(part.event)
                continue
            }
            switch part.apply(to: &state, .again) {
            case .applied(let version):
                taken.append(part)
                made.append(MadeVersion(sequence: part.sequence, version: version))
            case .alreadyApplied: leave(part.event)
            case .uncertain: uncertain.append(part)
            }
        }
        for part in await missing(uncertain, gathered.entity) {
            _ = part.apply(to: &state, .first)
            taken.append(part)
            made.append(MadeVersion(sequence: part.sequence, version: state.version))
        }
        guard !taken.isEmpty else { return nil }
        let rest = Gathered(entity: gathered.entity, since: gathered.since, parts: taken)
        return PendingWrite(gathered: rest, write: states.write(loaded, state, made: made))
    }

    /// Those that the state just read has not, of those its ring no longer tells about.
    private func missing(_ parts: [Part], _ entity: EntityReference) async -> [Part] {
        guard !parts.isEmpty else { return [] }
        let standings = try? await states.standings(
            of: parts.map(\.event.place), on: entity, redis, timeout: configuration.roundTrip)
        guard let standings else {
            for part in parts { leave(part.event) }
            return []
        }
        for (part, standing) in zip(parts, standings) where standing != .missing {
            leave(part.event)
        }
        return zip(parts, standings).filter { $0.1 == .missing }.map(\.0)
    }

    private func written(_ gathered: Gathered, _ made: [MadeVersion]) -> [RedisCommand] {
        activity.gatheredWrites.count()
        activity.gatheredEvents.count(made.count)
        return zip(gathered.parts, made).compactMap { part, made in
            part.event.made(made.version, at: part.index) ? part.event.closing : nil
        }
    }

    private func close(_ commands: [RedisCommand]) async {
        var rest = commands[...]
        while !rest.isEmpty {
            _ = try? await redis.send(Array(rest.prefix(512)))
            rest = rest.dropFirst(512)
        }
    }

    private func leave(_ gathered: Gathered) {
        for part in gathered.parts { leave(part.event) }
    }

    private func leave(_ event: OpenEvent) {
        if event.lost() { activity.leftOpen.count() }
    }
}
