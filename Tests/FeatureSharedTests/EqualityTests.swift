import AssayMessages
import FeatureEngine
import Foundation
import RPC
import Redis
import Storage
import TestSupport
import Testing
import Wire

@testable import FeatureCore

/// One value: brute force over the raw events, the embedded store, the shared store and a replay give
/// the same bits, in vectors and in states.
@Suite("One value", .timeLimit(.minutes(30)))
struct EqualityTests {
    private static let environment = ProcessInfo.processInfo.environment
    /// `ASSAY_LOGS` runs more of them, `ASSAY_SEED` others.
    static let logs = UInt64(environment["ASSAY_LOGS"] ?? "") ?? 24
    static let firstSeed = UInt64(environment["ASSAY_SEED"] ?? "") ?? 0
    static let writers: UInt64 = 16

    @Test("is what every store, a replay and brute force say of random logs")
    func randomLogs() async throws {
        let ways = try await Ways()
        let total = try await withThrowingTaskGroup(of: Compared.self) { group in
            for writer in 0..<Self.writers {
                group.addTask {
                    var total = Compared()
                    for log in stride(from: writer, to: Self.logs, by: Int(Self.writers)) {
                        total += try await ways.compare(seed: Self.firstSeed &+ log)
                    }
                    return total
                }
            }
            return try await group.reduce(into: Compared()) { $0 += $1 }
        }
        let states = try await ways.compareStates(total)
        #expect(total.applied > Int(Self.logs) && total.values > total.applied && states > 0)
        print(
            "\(Self.logs) random logs from seed \(Self.firstSeed), \(ways.names): \(total.sent)"
                + " events sent, \(total.applied) applied, \(total.values) values and \(states)"
                + " states of each equal")
        await ways.close()
    }
}

/// What was held against each other.
private struct Compared: Sendable {
    var sent = 0
    var applied = 0
    var values = 0
    /// Blobs of replays with the sequences that each store gave the events.
    var embedded: [[UInt8]] = []
    var shared: [[UInt8]] = []
    /// Digests of the vectors, by event id.
    var digests: [String: [UInt8]] = [:]

    static func += (a: inout Compared, b: Compared) {
        a.sent += b.sent
        a.applied += b.applied
        a.values += b.values
        a.embedded += b.embedded
        a.shared += b.shared
        a.digests.merge(b.digests) { a, _ in a }
    }
}

/// The stores that are compared; without a Redis server the shared one is left out.
private final class Ways: Sendable {
    let set: DefinitionSet
    let vector: VectorDefinition
    let directory: TemporaryDirectory
    let storage: RocksDBStore
    let store: EmbeddedFeatureStore
    let embedded: FeatureService
    let bench: SharedBench?
    let servers: [SharedServer]

    init() async throws {
        set = try RandomPayments.definitions()
        vector = try set.vector(called: "everything@1")
        directory = try TemporaryDirectory()
        storage = try RocksDBStore(
            directory: directory.path + "/embedded", families: EmbeddedFeatureStore.families)
        var configuration = FeatureStoreConfiguration()
        configuration.masterKey = .zero
        configuration.durability = .written
        store = try await EmbeddedFeatureStore.open(
            storage, definitions: set, configuration: configuration,
            clock: { SharedBench.now })
        embedded = FeatureService(store)
        guard RedisServer.executable != nil else {
            (bench, servers) = (nil, [])
            return
        }
        let bench = try await SharedBench.start()
        self.bench = bench
        var servers: [SharedServer] = []
        for _ in 0..<2 { servers.append(try await bench.server(definitions: set)) }
        self.servers = servers
    }

    var names: String {
        bench == nil
            ? "brute force, embedded, replay (there is no Redis server here)"
            : "brute force, embedded, shared, replay"
    }

    func close() async {
        for server in servers { await server.close() }
        await bench?.close()
        storage.close()
    }

    /// Scores one log, with cards and accounts of its own, in all ways.
    func compare(seed: UInt64) async throws -> Compared {
        var log = RandomPayments(seed: seed)
        var folds = [
            EventFold(set, tenant: SharedBench.tenant), EventFold(set, tenant: SharedBench.tenant),
        ]
        var oracle = AggregateOracle(set)
        var compared = Compared()
        for (number, event) in log.events().enumerated() {
            compared.sent += 1
            let comment = Comment(rawValue: "seed \(seed), event \(number)")
            var replies = [try? await score(event)]
            if !servers.isEmpty {
                let server = servers[number % servers.count]
                replies.append(try? await server.scorePatiently(event, RandomPayments.vector))
            }
            for (index, reply) in replies.enumerated() {
                let sequence = reply?.receipt.sequence ?? 0
                let replayed = try folds[index].score(
                    event, vector, received: SharedBench.now.millisecondsSinceEpoch,
                    sequence: sequence > 0 ? sequence : nil)
                // No reply: the same id with other content.
                #expect(reply?.receipt.outcome ?? .rejected == replayed.outcome, comment)
                #expect(reply?.vectors == replies[0]?.vectors, comment)
                #expect(reply?.receipt.problems == replies[0]?.receipt.problems, comment)
                guard let served = reply?.vectors.first, replayed.outcome != .duplicate
                else { continue }
                #expect(served.values.count == vector.columns.count, comment)
                #expect(served.digest == replayed.vector?.digest, comment)
                #expect(served.status == replayed.vector?.status, comment)
                if let difference = oracle.difference(served, vector, event) {
                    Issue.record("\(comment): \(difference)")
                }
            }
            guard let reply = replies[0], reply.receipt.outcome != .duplicate else { continue }
            compared.values += reply.vectors.first?.values.count ?? 0
            guard reply.receipt.outcome == .applied else { continue }
            oracle.add(event)
            compared.applied += 1
            compared.digests[event.id] = reply.vectors.first?.digest
        }
        compared.embedded = folds[0].states.blobs
        if !servers.isEmpty { compared.shared = folds[1].states.blobs }
        return compared
    }

    private func score(
        _ event: AssayFeaturesV1.Event
    ) async throws -> AssayFeaturesV1.ScoreEventResponse {
        try await embedded.scoreEvent(
            AssayFeaturesV1.ScoreEventRequest(event: event, vectors: [RandomPayments.vector]),
            context: SharedServer.context)
    }

    /// Holds the stored blobs against the replays', and the shared ones against the keeper's rows.
    /// Returns how many there are.
    func compareStates(_ total: Compared) async throws -> Int {
        try await store.flush()
        let blobs = try storage.rows("state", limit: 1_000_000).map(\.value)
        #expect(Set(blobs) == Set(total.embedded))
        #expect(blobs.count == total.embedded.count)
        guard let bench else { return blobs.count }
        for server in servers { await server.store.flush() }
        #expect(try await bench.blobs() == Set(total.shared))
        #expect(total.shared.count == blobs.count)
        let keeper = try await bench.keeper(directory, definitions: set)
        try await keeper.settle(bench)
        try await bench.expectBlobsEqualTheirRows(keeper, definitions: set)
        let rows = try keeper.logRows()
        #expect(rows.count == total.applied)
        for row in rows {
            #expect(row.vectors.first?.digest == total.digests[row.event.id], "\(row.event.id)")
        }
        await keeper.close()
        return blobs.count
    }
}

extension SharedBench {
    /// The blobs of all states.
    func blobs() async throws -> Set<[UInt8]> {
        let keys = try await send("KEYS", "fs:{*}:state:*").elements ?? []
        var blobs: Set<[UInt8]> = []
        for case .bytes(let key) in keys {
            if case .bytes(let blob) = try await probe.send(
                RedisCommand("HGET", key: key, StateField.blob))
            {
                blobs.insert(blob)
            }
        }
        return blobs
    }
}
