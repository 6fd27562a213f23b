import AssayMessages
import FeatureCore
import FeatureEngine
import Foundation
import RPC
import Storage
import Synchronization
import Wire

/// The measurements within this process.
struct Bench: Sendable {
    let definitions: DefinitionSet
    let references: [AssayFeaturesV1.VectorRef]
    let load: LoadShape
    let history: Int
    let events: Int

    /// When the measured events happen; the history is before.
    static let start: Int64 = 1_760_000_000_000
    static let past: Int64 = 6 * 86_400_000

    /// One thread, rows made and thrown away.
    func engine() async throws {
        let (store, clock) = try await open(NoStore(), .written)
        try await record(store, clock, load, count: history)
        let result = try await score(store, clock, load, count: events)
        print("engine only, one thread, no disk: \(result)")
        Verdict.print(
            .atLeast(
                10_000, "events for a second of one core", "engine",
                1e6 / (result.cost ?? .infinity)))
        print(
            "memory: \(store.stateBytes / max(1, store.stateCount)) bytes a state over"
                + " \(store.stateCount) states")
        for (entity, count, bytes) in store.statesByEntity {
            print("  \(entity): \(bytes / count) bytes each of \(count)")
        }
    }

    /// Events held against the definitions, and the entities they name found: no state is touched.
    func resolve() throws {
        let clock = BenchClock()
        let pipeline = EventPipeline(definitions, masterKey: nil, clock: { clock.now })
        var random = SeededGenerator(seed: 2)
        let made = (0..<events).map { load.event("s\($0)", at: Self.start, &random) }
        var entities = 0
        let processor = Processor.seconds
        for event in made {
            entities += try pipeline.scoring(event, tenant: Self.tenant).entities.count
        }
        let cost = (Processor.seconds - processor) / Double(max(1, events)) * 1e6
        print(
            String(format: "validation: %.1f µs CPU an event", cost)
                + ", \(entities / max(1, events)) entities found")
        Verdict.print(.atMost(20, "µs", "validation of an event takes", cost))
    }

    /// Vectors of many keys at once, without events.
    func reads() async throws {
        let (store, clock) = try await open(NoStore(), .written)
        try await record(store, clock, load, count: history)
        let service = FeatureService(store)
        var random = SeededGenerator(seed: 3)
        let now = LoadShape.timestamp(Self.start)
        let requests = (0..<max(1, events / 100)).map { _ in
            AssayFeaturesV1.GetVectorsRequest(
                vector: references[0],
                rows: (0..<100).map { _ in
                    AssayFeaturesV1.VectorRow(keys: load.keys(&random))
                }, time: now)
        }
        var latencies: [Duration] = []
        let processor = Processor.seconds
        let began = ContinuousClock.now
        for request in requests {
            let sent = ContinuousClock.now
            _ = try await service.getVectors(request, context: Self.context)
            latencies.append(sent.duration(to: .now))
        }
        let result = Result(
            latencies, elapsed: began.duration(to: .now), processor: Processor.seconds - processor)
        print("GetVectors of 100 rows, in process (a call is an event here): \(result)")
        Verdict.print(.atMost(10, "p99", result.quantile(0.99)))
    }

    /// One caller after the other, with RocksDB.
    func store(_ durability: EventDurability) async throws {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "assay-feature-bench-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let disk = try RocksDBStore(
            directory: directory, families: EmbeddedFeatureStore.families,
            options: EmbeddedFeatureStore.storageOptions)
        let (store, clock) = try await open(disk, durability)
        try await record(store, clock, load, count: history)
        let background = Task { try await store.run() }
        let result = try await score(store, clock, load, count: events)
        background.cancel()
        print("store in process, one caller, \(durability.rawValue): \(result)")
        Verdict.print(.atMost(durability == .written ? 1 : 5, "p99", result.quantile(0.99)))
        if durability == .written { Verdict.print(.atMost(0.3, "p50", result.quantile(0.5))) }
        let start = ContinuousClock.now
        try await store.flush()
        let unsaved = start.duration(to: .now)
        store.crash(disk)
        let again = ContinuousClock.now
        let (recovered, _) = try await open(
            try RocksDBStore(directory: directory, families: EmbeddedFeatureStore.families),
            durability)
        print(
            "  storing all changed states: \(Result.milliseconds(unsaved)) ms; opening again:"
                + " \(Result.milliseconds(again.duration(to: .now))) ms")
        try await recovered.close()
    }

    // MARK: Pieces

    func open(
        _ disk: any KeyValueStore, _ durability: EventDurability
    ) async throws -> (EmbeddedFeatureStore, BenchClock) {
        var configuration = FeatureStoreConfiguration()
        configuration.cacheBytes = 16 << 30
        configuration.durability = durability
        let clock = BenchClock()
        let store = try await EmbeddedFeatureStore.open(
            disk, definitions: definitions, configuration: configuration, clock: { clock.now })
        return (store, clock)
    }

    private static let tenant = "bench"
    static let context = ServerContext(
        method: AssayFeaturesV1.FeatureStore.scoreEvent,
        caller: Caller(tenant: tenant, client: "bench"))

    /// Events over the days before the start.
    func record(
        _ store: EmbeddedFeatureStore, _ clock: BenchClock, _ load: LoadShape, count: Int
    ) async throws {
        let service = FeatureService(store)
        var random = SeededGenerator(seed: 1)
        for first in stride(from: 0, to: count, by: 500) {
            let batch = (first..<min(first + 500, count)).map { index in
                let time = Self.start - Self.past + Self.past * Int64(index) / Int64(count)
                return load.event("h\(index)", at: time, &random)
            }
            if let last = batch.last { clock.set(last.time) }
            let reply = try await service.ingestEvents(
                AssayFeaturesV1.IngestEventsRequest(batchID: "b\(first)", events: batch),
                context: Self.context)
            if let bad = reply.receipts.first(where: { $0.outcome != .applied }) {
                throw RPCError(.internal, "an event of the load was not applied: \(bad)")
            }
        }
        try await store.flush()
    }

    func score(
        _ store: EmbeddedFeatureStore, _ clock: BenchClock, _ load: LoadShape, count: Int
    ) async throws -> Result {
        try await score(store, clock, requests(load, 0..<count))
    }

    /// The measured events of these numbers, which happen one millisecond after the other.
    func requests(
        _ load: LoadShape, _ numbers: Range<Int>
    ) -> [AssayFeaturesV1.ScoreEventRequest] {
        var random = SeededGenerator(seed: 2 + UInt64(numbers.lowerBound))
        return numbers.map { number in
            AssayFeaturesV1.ScoreEventRequest(
                event: load.event("s\(number)", at: Self.start + Int64(number), &random),
                vectors: references)
        }
    }

    func score(
        _ store: EmbeddedFeatureStore, _ clock: BenchClock,
        _ requests: [AssayFeaturesV1.ScoreEventRequest]
    ) async throws -> Result {
        let service = FeatureService(store)
        if let last = requests.last { clock.set(last.event.time) }
        var latencies: [Duration] = []
        latencies.reserveCapacity(requests.count)
        let processor = Processor.seconds
        let began = ContinuousClock.now
        for request in requests {
            let sent = ContinuousClock.now
            let reply = try await service.scoreEvent(request, context: Self.context)
            latencies.append(sent.duration(to: .now))
            guard reply.receipt.outcome == .applied else {
                throw RPCError(.internal, "an event of the load was not applied: \(reply.receipt)")
            }
        }
        return Result(
            latencies, elapsed: began.duration(to: .now), processor: Processor.seconds - processor)
    }
}

/// Latencies and processor time of one measurement.
struct Result: CustomStringConvertible {
    let count: Int
    let elapsed: Duration
    /// Seconds; nil if they are another process's.
    let processor: Double?
    let latencies: [Duration]
    private let sorted: [Duration]

    init(_ latencies: [Duration], elapsed: Duration, processor: Double? = nil) {
        count = latencies.count
        self.elapsed = elapsed
        self.processor = processor
        self.latencies = latencies
        sorted = latencies.sorted()
    }

    /// Microseconds of processor time for each event.
    var cost: Double? { processor.map { $0 / Double(max(1, count)) * 1e6 } }

    var rate: Double { Double(count) / (elapsed / .seconds(1)) }

    func quantile(_ share: Double) -> Duration {
        sorted.isEmpty ? .zero : sorted[min(count - 1, Int(Double(count) * share))]
    }

    static func milliseconds(_ duration: Duration) -> String {
        String(format: "%.3f", duration / .milliseconds(1))
    }

    var description: String {
        let cost = cost.map { String(format: " %.1f µs CPU an event,", $0) } ?? ""
        return "\(Int(rate)) events/s,\(cost)"
            + " p50 \(Self.milliseconds(quantile(0.5))) ms, p99 \(Self.milliseconds(quantile(0.99))) ms"
    }
}

/// Processor time of this process.
enum Processor {
    static var seconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}

/// Ingest time as the load sets it.
final class BenchClock: Sendable {
    private let time = Mutex(LoadShape.timestamp(Bench.start))

    var now: Timestamp { time.withLock { $0 } }
    func set(_ now: Timestamp) { time.withLock { $0 = now } }
}

/// Takes everything and keeps nothing.
struct NoStore: KeyValueStore {
    func get(_ key: [UInt8], in family: Family) throws(StorageError) -> [UInt8]? { nil }
    func write(_ batches: [WriteBatch], sync: Bool) throws(StorageError) {}
    func scan(
        _ family: Family, _ range: KeyRange, reversed: Bool,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Bool
    ) throws {}
    func close() {}
}

extension EmbeddedFeatureStore {
    /// As if the process had ended here.
    fileprivate func crash(_ disk: RocksDBStore) { disk.close() }
}
