import AssayMessages
import FeatureEngine
import RPC
import Redis
import Storage
import TestSupport
import Testing
import Wire

@testable import FeatureCore

@Suite(
    "People in a shared store", .enabled(if: RedisServer.executable != nil), .timeLimit(.minutes(3))
)
struct SharedPrivacyTests {
    private static let names = ["card-of-anna", "anna", "shop-till"]

    private func payment(_ id: String, offset: Int64 = 0) -> AssayFeaturesV1.Event {
        Bank.payment(
            id, card: Self.names[0], customer: Self.names[1], terminal: Self.names[2],
            offset: offset)
    }

    /// All keys and values of the shared store, as bytes.
    private func everything(_ bench: SharedBench) async throws -> [[UInt8]] {
        var found: [[UInt8]] = []
        for case .bytes(let key) in try await bench.send("KEYS", "*").elements ?? [] {
            found.append(key)
            let dump = try await bench.probe.send(RedisCommand("TYPE", key: key)).text
            let read: RedisCommand =
                switch dump {
                case "string": RedisCommand("GET", key: key)
                case "stream": RedisCommand("XRANGE", key: key, Array("-".utf8), Array("+".utf8))
                case "zset": RedisCommand("ZRANGE", key: key, Array("0".utf8), Array("-1".utf8))
                case "hash": RedisCommand("HGETALL", key: key)
                default: RedisCommand("SMEMBERS", key: key)
                }
            collect(try await bench.probe.send(read), &found)
        }
        return found
    }

    private func collect(_ value: RedisValue, _ found: inout [[UInt8]]) {
        if case .bytes(let bytes) = value { found.append(bytes) }
        for element in value.elements ?? [] { collect(element, &found) }
    }

    private func expectNoNames(_ values: [[UInt8]]) {
        // A terminal is nobody's.
        for name in Self.names[..<2] {
            let digits = Array(name.utf8)
            #expect(!values.contains { $0.firstRange(of: digits) != nil }, "\(name)")
        }
    }

    @Test("stand nowhere by name: not in Redis, not on the keeper's disk, not when put aside")
    func sealed() async throws {
        let bench = try await SharedBench.start()
        let key = try #require(MasterKey(hex: String(repeating: "5a", count: 32)))
        let servers = [
            try await bench.server { $0.masterKey = key },
            try await bench.server { $0.masterKey = key },
        ]
        for index in 0..<6 { _ = try await servers[index % 2].score(payment("e\(index)")) }
        // Too early: it waits for a person.
        let aside = try await servers[0].score(payment("early", offset: 3_600))
        #expect(aside.outcome == .quarantined)
        for server in servers { await server.store.flush() }
        expectNoNames(try await everything(bench))
        let row = try await servers[1].store.recorded("e3", tenant: SharedBench.tenant)
        #expect(row?.event == payment("e3"))
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory) { $0.masterKey = key }
        try await keeper.settle(bench)
        for family in ["log", "ids", "trail", "quarantine", "subject"] {
            let rows = try keeper.storage.rows(Family(family), limit: 1_000)
            #expect(!rows.isEmpty, "\(family)")
            expectNoNames(rows.flatMap { [$0.key, $0.value] })
        }
        #expect(try keeper.logRows().map(\.event).contains(payment("e5")))
        await keeper.close()
        for server in servers { await server.close() }
        await bench.close()
    }

    @Test(
        "are erased from both, features of others stay, and a server that knew the key seals anew")
    func erased() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        let service = FeatureService(
            KeeperFeatureStore(keeper.keeper, recordingThrough: server.store))
        for index in 0..<4 {
            _ = try await server.score(payment("e\(index)"))
            _ = try await server.score(Bank.payment("o\(index)", terminal: Self.names[2]))
        }
        await server.store.flush()
        try await keeper.settle(bench)
        let order = AssayFeaturesV1.EraseSubjectRequest(
            requestID: "r1", entity: "customer", key: [Self.names[1]], reason: "asked for")
        // Erasures are done within rounds.
        let rounds = Task { try await keeper.keeper.run() }
        let proof = try await service.eraseSubject(order, context: SharedServer.context).proof
        #expect(try await service.eraseSubject(order, context: SharedServer.context).proof == proof)
        let gone = try await server.score(payment("probe"), dryRun: true)
        #expect(gone.vector?.value("card_txn_cnt_24h") == 0)
        #expect(gone.vector?.value("cust_txn_cnt_24h") == 0)
        #expect(gone.vector?.value("term_txn_cnt_24h") == 8)
        // The server knew the key that is gone.
        #expect(try await server.score(payment("after")).outcome == .applied)
        let row = try await server.store.recorded("after", tenant: SharedBench.tenant)
        #expect(row?.event == payment("after"))
        let held = AssayFeaturesV1.HoldSubjectRequest(
            entity: "customer", key: [Self.names[1]], reason: "case 7")
        _ = try await service.holdSubject(held, context: SharedServer.context)
        let refused = await #expect(throws: RPCError.self) {
            try await service.eraseSubject(
                AssayFeaturesV1.EraseSubjectRequest(
                    requestID: "r2", entity: "customer", key: [Self.names[1]], reason: "again"),
                context: SharedServer.context)
        }
        #expect(refused?.code == .failedPrecondition)
        rounds.cancel()
        _ = try? await rounds.value
        await server.store.flush()
        try await keeper.settle(bench)
        let rows = try keeper.logRows()
        #expect(rows.count == 9)
        let pid = service.store.pipeline.keys.key(of: SharedBench.tenant)
            .pid(entity: "customer", key: Self.names[1]).bytes
        #expect(rows.count { $0.entities.contains { $0.pid == pid } } == 1)
        await keeper.close()
        await server.close()
        await bench.close()
    }

    @Test("wait at the keeper when their events are put aside, until a person releases them")
    func released() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        let service = FeatureService(
            KeeperFeatureStore(keeper.keeper, recordingThrough: server.store))
        let asked = await #expect(throws: RPCError.self) {
            try await server.service.listQuarantine(
                AssayFeaturesV1.ListQuarantineRequest(), context: SharedServer.context)
        }
        #expect(asked?.code == .failedPrecondition)
        #expect(asked?.message.contains("ask its keeper") == true)
        #expect(try await server.score(payment("early", offset: 3_600)).outcome == .quarantined)
        try await keeper.settle(bench)
        let listed = try await service.listQuarantine(
            AssayFeaturesV1.ListQuarantineRequest(), context: SharedServer.context)
        #expect(listed.events.map(\.event.id) == ["early"])
        let reply = try await service.releaseQuarantined(
            AssayFeaturesV1.ReleaseQuarantinedRequest(
                eventID: "early", time: payment("").time, reason: "a clock was wrong"),
            context: SharedServer.context)
        #expect(reply.receipt.outcome == .applied)
        let left = try await service.listQuarantine(
            AssayFeaturesV1.ListQuarantineRequest(), context: SharedServer.context)
        #expect(left.events.isEmpty)
        let vector = try await server.score(payment("probe"), dryRun: true).vector
        #expect(vector?.value("card_txn_cnt_24h") == 1)
        await keeper.close()
        await server.close()
        await bench.close()
    }

    @Test("say what they served to the keeper, which adds it up")
    func statistics() async throws {
        let bench = try await SharedBench.start()
        let servers = [try await bench.server(), try await bench.server()]
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        let service = FeatureService(
            KeeperFeatureStore(keeper.keeper, recordingThrough: servers[0].store))
        for index in 0..<10 { _ = try await servers[index % 2].score(payment("e\(index)")) }
        for server in servers { await server.store.flush() }
        try await keeper.settle(bench)
        let request = AssayFeaturesV1.StatsRequest(
            vector: Bank.vector, from: Timestamp(seconds: 1_759_990_000)!,
            to: Timestamp(seconds: 1_760_010_000)!)
        for _ in 0..<2 {
            let stats = try await service.stats(request, context: SharedServer.context)
            #expect(stats.vectors == 10)
            #expect(stats.features.count == Bank.names.count)
            // What was drained is not drained again.
            try await keeper.settle(bench)
        }
        await keeper.close()
        for server in servers { await server.close() }
        await bench.close()
    }
}
