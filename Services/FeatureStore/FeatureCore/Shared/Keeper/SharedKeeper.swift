internal import AssayMessages
public import FeatureEngine
public import Redis
public import Storage
internal import Synchronization
public import Wire

/// The one process that takes the shared store's event log to its own disk, and finishes what servers
/// have left.
///
/// While there is none, the streams grow, and nothing else is missed. Two do no harm: the second
/// waits for the first's lease to end, and needs the first's directory.
public final class SharedKeeper: Sendable {
    public let statistics = KeeperStatistics()

    let redis: any RedisSender
    let pipeline: EventPipeline
    let states: SharedStates
    let configuration: KeeperConfiguration
    private let agreement: SharedAgreement
    private let open: @Sendable (String, StoreRetention) throws -> any KeyValueStore
    /// What ended the last round.
    private let trouble = Mutex<String?>(nil)
    private let causes = Mutex<Set<String>>([])
    let stuck = StuckWork<StreamPlace>()
    let unmended = StuckWork<StateKey>()
    /// Orders that wait for the end of a round.
    let erasures = Mutex<[PendingErasure]>([])
    /// Moves when an erasure begins or ends: what was read before is not to be recorded after.
    let erasuresSeen = Atomic<UInt64>(0)
    let isErasing = Atomic<Bool>(false)
    /// Whether this keeper has the lease.
    let isKeeping = Atomic<Bool>(false)
    private let logs = Mutex<[String: OpenLog]>([:])
    /// Names this process as the lease's owner.
    private let owner: String

    private struct OpenLog {
        let log: KeptLog
        let directory: String
        /// The lease under which the directory was found to be the right one.
        var lease: UInt64?
        /// Connections made when nothing was in doubt.
        var connections: Int?
        /// What the shared store may have lost since then.
        var doubted: ClosedRange<UInt64>?
        /// When rows past their time were let go, in hours since 1970.
        var swept: Int64?
        /// Connections made when servers were told that nothing is.
        var vouched: Int?
    }

    /// The families that each tenant's store must have.
    public static let families: [Family] = Family.allOfFeatureStore

    /// What a tenant's directory may be called: no name leaves its parent, and no two are one.
    public static func directoryName(of tenant: String) -> String {
        "tenant-" + SharedKeys.escaped(tenant)
    }

    /// - Parameters:
    ///   - owner: names this process and no other, without spaces.
    ///   - open: a tenant's store, opened once, whose rows have the times of a retention.
    public init(
        _ redis: any RedisSender, definitions: DefinitionSet,
        configuration: KeeperConfiguration = KeeperConfiguration(), owner: String,
        clock: @escaping @Sendable () -> Timestamp,
        open:
            @escaping @Sendable (
                _ tenant: String, _ retention: StoreRetention
            ) throws -> any KeyValueStore
    ) {
        self.redis = redis
        self.configuration = configuration
        self.owner = owner
        self.open = open
        pipeline = EventPipeline(
            definitions, masterKey: configuration.masterKey, clock: clock)
        states = SharedStates(definitions, cacheBytes: 0)
        agreement = SharedAgreement(definitions, masterKey: configuration.masterKey ?? .zero)
    }

    /// Checks that the shared store is one to trust events with, and that this keeper fits it.
    public func check(allowsVolatile: Bool) async throws {
        try await ServerCheck.check(redis, allowsVolatile: allowsVolatile)
        try await agreement.check(redis)
    }

    /// Works until cancelled. Whatever ends a round, the next one tries again; only the keeper's own
    /// disk ends it, and a shared store that is not the one it keeps.
    public func run() async throws {
        defer { refuseErasures() }
        while !Task.isCancelled {
            var isIdle = true
            do {
                isIdle = try await round() == 0
                trouble.withLock { $0 = nil }
            } catch let error where !Self.endsKeeper(error) {
                report(error)
            }
            if isIdle { try await Task.sleep(for: configuration.pause) }
        }
    }

    private static func endsKeeper(_ error: any Error) -> Bool {
        error is StorageError || error is UnfitServer || error is CancellationError
    }

    /// Whether an error lies in the data of one event or entity: then it holds up no other.
    static func isOfOne(_ error: any Error) -> Bool {
        switch error {
        case let error as StorageError: error.code == .corrupt
        case let error as RedisServerError: error.code == "WRONGTYPE"
        default: !(error is RedisError) && !endsKeeper(error)
        }
    }

    /// Says why something is stuck: each cause once.
    func tellStuck(_ what: String, because cause: String) {
        let isNew = causes.withLock { $0.count < 1_000 && $0.insert(cause).inserted }
        if isNew { configuration.reportFailure("\(what) is stuck: \(cause)") }
    }

    private func report(_ error: any Error) {
        statistics.failures.count()
        let text = "\(error)"
        let isNew = trouble.withLock { trouble in
            defer { trouble = text }
            return trouble != text
        }
        if isNew { configuration.reportFailure(text) }
    }

    /// Closes the stores.
    public func close() {
        for open in logs.withLock({ Array($0.values) }) { open.log.store.close() }
    }

    /// Takes what is in all partitions, and finishes what was left. Returns how much was done; 0 also
    /// while another keeper has the lease.
    @discardableResult
    public func round() async throws -> Int {
        guard let lease = try await lease() else {
            refuseErasures()
            return 0
        }
        isKeeping.store(true, ordering: .releasing)
        let now = try await time()
        var work = 0
        var backlog = 0
        var failure: (any Error)?
        for tenant in try await tenants() {
            do {
                let kept = try await keep(tenant, lease, now)
                work += kept.work
                backlog = max(backlog, kept.backlog)
            } catch let error where !Self.endsKeeper(error) {
                // The others' turn, all the same.
                failure = failure ?? error
            }
        }
        await performErasures(lease)
        statistics.stuck.store(stuck.count + unmended.count, ordering: .relaxed)
        if let failure { throw failure }
        statistics.backlog.store(backlog, ordering: .relaxed)
        return work
    }

    /// Takes what is in all partitions of a tenant, and finishes what was left.
    private func keep(
        _ tenant: String, _ lease: KeeperLease, _ now: UInt64
    ) async throws -> (work: Int, backlog: Int) {
        let keys = SharedKeys(tenant: tenant)
        let log = try await log(of: tenant, keys, lease).log
        var kept = try await take(log, keys, lease, now)
        try await makeGood(log, keys)
        try sweep(log)
        kept.work += try await mendTorn(log, now: now)
        try await vouch(log, keys)
        kept.work += try await finishOpen(log, keys, now: now)
        return kept
    }

    /// Takes what is in all partitions of a tenant.
    func take(
        _ log: KeptLog, _ keys: SharedKeys, _ lease: KeeperLease, _ now: UInt64
    ) async throws -> (work: Int, backlog: Int) {
        let directory = try await self.log(of: log.tenant, keys, lease).directory
        var all = (work: 0, backlog: 0)
        for partition in 0..<SharedKeys.partitions {
            let taken = try await drain(log, directory, keys, partition, lease, now)
            all.work += taken.work
            all.backlog = max(all.backlog, taken.backlog)
        }
        try await tellWhetherFull(log, keys)
        return all
    }

    /// Servers reject what they would put aside while there is no room for it.
    private func tellWhetherFull(_ log: KeptLog, _ keys: SharedKeys) async throws {
        var batch = WriteBatch()
        try log.quarantine.removeExpired(
            now: pipeline.clock().millisecondsSinceEpoch, from: &batch)
        if !batch.isEmpty { try log.store.write(batch, sync: false) }
        _ = try await send(
            log.quarantine.isFull
                ? RedisCommand("SET", key: keys.quarantineFull, Array("1".utf8))
                : RedisCommand("DEL", key: keys.quarantineFull))
    }

    /// A tenant's log; nil before the first round that found the tenant, and without the lease.
    func log(of tenant: String) -> KeptLog? { logs.withLock { $0[tenant]?.log } }

    /// What training sets and explanations are made from.
    package func eventLog(of tenant: String) -> EventLog? { log(of: tenant)?.eventLog }

    private func lease() async throws -> KeeperLease? {
        try await KeeperLease.acquire(redis, owner: owner, timeout: configuration.roundTrip)
    }

    private func tenants() async throws -> [String] {
        let reply = try await send(RedisCommand("SMEMBERS", key: SharedKeys.tenants))
        return (reply.elements ?? []).compactMap(\.text).sorted()
    }

    /// A tenant's log, in the directory that has all of it.
    private func log(
        of tenant: String, _ keys: SharedKeys, _ lease: KeeperLease
    ) async throws -> (log: KeptLog, directory: String) {
        var found = logs.withLock { $0[tenant] }
        if found == nil {
            try await agreement.admit(tenant, redis, timeout: configuration.roundTrip)
            let retention = StoreRetention()
            let log = try KeptLog(
                tenant: tenant, store: try open(tenant, retention), retention: retention,
                pipeline: pipeline, quarantineRows: configuration.quarantineRows,
                statistics: statistics)
            found = OpenLog(log: log, directory: try log.identity(new: owner))
        }
        guard var found else { preconditionFailure("a log was just opened") }
        if found.lease != lease.number {
            for partition in 0..<SharedKeys.partitions {
                try await check(found.log, found.directory, keys, partition)
            }
            found.lease = lease.number
        }
        let connections = redis.connectionsMade
        if found.connections != connections {
            found.doubted = try found.doubted ?? doubted(found.log)
            try await forward(found.log, keys)
            found.connections = connections
        }
        logs.withLock { $0[tenant] = found }
        return (found.log, found.directory)
    }

    /// Lets rows go that are past their time, once an hour.
    private func sweep(_ log: KeptLog) throws {
        let now = pipeline.clock().millisecondsSinceEpoch
        let hour = now / StatisticsRecorder.millisecondsPerHour
        let last = logs.withLock { $0[log.tenant]?.swept }
        logs.withLock { $0[log.tenant]?.swept = hour }
        if last != hour { try log.sweep(now: now) }
    }

    /// Looks for losses where a connection was made anew.
    private func makeGood(_ log: KeptLog, _ keys: SharedKeys) async throws {
        guard let span = logs.withLock({ $0[log.tenant]?.doubted }) else { return }
        try await findLosses(span, log, keys)
        logs.withLock { $0[log.tenant]?.doubted = nil }
    }

    /// Tells the servers that the shared store has all that the log says: until then they flag what
    /// they read from one that was started again.
    private func vouch(_ log: KeptLog, _ keys: SharedKeys) async throws {
        guard let open = logs.withLock({ $0[log.tenant] }), open.doubted == nil,
            let connections = open.connections, open.vouched != connections, try log.torn().isEmpty
        else { return }
        let server = try SharedServerID.read(try await send(RedisCommand("INFO", "server")))
        // Else it may be another than the one that was looked through.
        guard redis.connectionsMade == connections else { return }
        _ = try await send(RedisCommand("SET", key: keys.whole, server))
        logs.withLock { $0[log.tenant]?.vouched = connections }
    }

    /// What was dropped from a partition must be in this directory.
    private func check(
        _ log: KeptLog, _ directory: String, _ keys: SharedKeys, _ partition: Int
    ) async throws {
        let kept = try await send(RedisCommand("GET", key: keys.kept(partition))).text
        guard let parts = kept?.split(separator: " "), parts.count == 3 else { return }
        let drained = try log.drained(partition).flatMap {
            StreamPlace($0, partition: partition)?.sequence
        }
        let dropped = StreamPlace(Array(parts[2].utf8), partition: partition)?.sequence ?? .max
        guard parts[1] == directory, drained ?? 0 >= dropped else {
            throw UnfitServer(
                description: "the events of tenant \(log.tenant) before \(parts[2]) are in the"
                    + " keeper's directory \(parts[1]); this is \(directory), with events up to"
                    + " \(drained.map { "\($0)" } ?? "none"): start with the right one")
        }
    }

    /// The reply of a command; an error reply is thrown.
    func send(_ command: RedisCommand) async throws -> RedisValue {
        let reply = try await redis.send(command, timeout: configuration.roundTrip)
        if let error = reply.error { throw error }
        return reply
    }

    // MARK: Draining

    /// Takes a partition's new rows to the disk, then drops from the shared store what has been there
    /// for long enough.
    private func drain(
        _ log: KeptLog, _ directory: String, _ keys: SharedKeys, _ partition: Int,
        _ lease: KeeperLease, _ now: UInt64
    ) async throws -> (work: Int, backlog: Int) {
        var last = try log.drained(partition)
        var work = 0
        while true {
            let start = last.map { [UInt8(ascii: "(")] + $0 } ?? [UInt8(ascii: "-")]
            let reply = try await send(
                RedisCommand(
                    "XRANGE", key: keys.rows(partition), start, [UInt8(ascii: "+")],
                    Array("COUNT".utf8), Array("\(configuration.batch)".utf8)))
            let found = reply.elements ?? []
            let entries = found.compactMap { StreamEntry($0) }
            statistics.damaged.count(found.count - entries.count)
            guard !entries.isEmpty else { break }
            try await forget(entries, of: log)
            try log.keep(
                try await SharedSubjects.wrapped(
                    try log.unknownSubjects(entries), log.tenant, redis, configuration.roundTrip))
            try log.take(entries, partition: partition)
            last = entries.last?.id
            work += entries.count
            guard found.count == configuration.batch else { break }
            _ = try await self.lease()
        }
        let backlog = try await trim(directory, keys, partition, lease, now, last)
        return (work, backlog)
    }

    /// Removes the notes of finished events from the journals of their entities, before the records
    /// count as taken: an end between the two leaves none behind.
    private func forget(_ entries: [StreamEntry], of log: KeptLog) async throws {
        var notes: [[UInt8]: Set<UInt64>] = [:]
        for entry in entries where entry.kind == StreamEntry.applied {
            // One that is damaged is counted where it is taken.
            let record = try? AssayFeaturesV1.AppliedRow(
                decoding: entry.bytes, door: .strict, limits: .stored)
            guard let record else { continue }
            for entity in record.entities {
                guard let key = StateKey(bytes: entity.pid) else { continue }
                let state = states.key(entity.entity, key, tenant: log.tenant)
                notes[state, default: []].insert(record.sequence)
            }
        }
        guard !notes.isEmpty else { return }
        let replies = try await redis.send(
            states.forget(notes), timeout: configuration.roundTrip)
        // Where something else stands there are no notes.
        let errors = replies.lazy.compactMap(\.error).filter { $0.code != "WRONGTYPE" }
        if let error = errors.first { throw error }
    }

    private func trim(
        _ directory: String, _ keys: SharedKeys, _ partition: Int, _ lease: KeeperLease,
        _ now: UInt64, _ drained: [UInt8]?
    ) async throws -> Int {
        guard let drained, let last = StreamPlace(drained, partition: partition) else { return 0 }
        let life = UInt64(max(0, configuration.rowLife.milliseconds))
        let first =
            last.milliseconds + life <= now ? last.id : Array("\(now - min(now, life))-0".utf8)
        let replies = try await redis.send(
            [
                SharedScripts.trim.command(
                    keys: [keys.rows(partition), keys.kept(partition)],
                    [lease.fence, Array(directory.utf8), first]),
                RedisCommand("XLEN", key: keys.rows(partition)),
            ], timeout: configuration.roundTrip)
        // Also if nothing may be trimmed: then it grows.
        let waiting = Int(replies[1].integer ?? 0)
        statistics.waits(waiting, in: partition, of: keys.tenant)
        if let error = replies[0].error { throw error }
        statistics.trimmed.count(Int(replies[0].integer ?? 0))
        return waiting
    }

    /// The shared store's clock, in milliseconds: the one that its stream ids are made from.
    func time() async throws -> UInt64 {
        let reply = try await send(RedisCommand("TIME"))
        guard let parts = reply.elements, parts.count == 2,
            let seconds = parts[0].text.flatMap(UInt64.init),
            let microseconds = parts[1].text.flatMap(UInt64.init), seconds < 1 << 40
        else { throw UnfitServer(description: "the server tells no time") }
        return seconds * 1_000 + microseconds / 1_000
    }
}
