import AssayMessages
import FeatureEngine
import RPC
import Redis
import Storage
import Synchronization
import TestSupport
import Testing
import Wire

@testable import FeatureCore

/// What one event or entity has wrong with it is its own affair: the keeper goes on with all others,
/// also after a start.
@Suite(
    "The keeper, and data that is damaged", .enabled(if: RedisServer.executable != nil),
    .timeLimit(.minutes(3)))
struct KeeperDamageTests {
    @Test("finishes a label with a field that is not in its own definitions")
    func newerField() async throws {
        let bench = try await SharedBench.start()
        func definitions(_ text: String) throws -> DefinitionSet {
            try DefinitionCompiler.compile([DefinitionParser.parse(text, file: "test.yaml")])
        }
        let newer = ReferenceTests.text.replacing(
            "refers_to: {payment: payment_id}}",
            with: "refers_to: {payment: payment_id}, fields: {note: string}}")
        #expect(newer != ReferenceTests.text)
        let server = try await bench.server(definitions: definitions(newer))
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(
            directory, definitions: definitions(ReferenceTests.text))
        let payment = AssayFeaturesV1.Event(
            id: "p1", type: "payment", time: SharedBench.now,
            fields: WireMap([("terminal_id", .text("t1"))]))
        var label = AssayFeaturesV1.Event(
            id: "l1", type: "fraud_label", time: SharedBench.now,
            fields: WireMap([("payment_id", .text("p1")), ("note", .text("seen"))]))
        // The label comes first, and is left to the keeper.
        let first = await server.service.record([label], isLoggedOnly: false, tenant: "bank")
        #expect(first.map(\.outcome) == [.logged])
        _ = await server.service.record([payment], isLoggedOnly: false, tenant: "bank")
        await server.store.flush()
        try await keeper.settle(bench)
        label.id = "l2"
        _ = await server.service.record([label], isLoggedOnly: false, tenant: "bank")
        await server.store.flush()
        try await keeper.settle(bench)
        let rows = try keeper.logRows().filter { $0.event.type == "fraud_label" }
        #expect(rows.map(\.event.id) == ["l1", "l2"])
        #expect(rows.allSatisfy { $0.references.map(\.id) == ["p1"] })
        #expect(rows.allSatisfy { $0.event.fields["note"] == .text("seen") })
        #expect(keeper.keeper.statistics.stuck.load(ordering: .relaxed) == 0)
        await keeper.close()
        await server.close()
        await bench.close()
    }

    @Test("keeps no subject's key that does not open, and takes the rows all the same")
    func damagedKey() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        _ = try await server.score(Bank.payment("e1"))
        for case .bytes(let key) in try await bench.send("KEYS", "*:dek").elements ?? [] {
            _ = try await bench.probe.send(RedisCommand("SET", key: key, Array("nonsense".utf8)))
        }
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        for index in 2..<5 {
            _ = try await server.score(Bank.payment("e\(index)"))
            await server.store.flush()
            try await keeper.settle(bench)
        }
        #expect(try keeper.logRows().count == 4)
        #expect(keeper.count("damaged") > 0)
        await keeper.close()
        await server.close()
        await bench.close()
    }

    @Test("starts over rows that are sealed under another key than the subject's")
    func otherKey() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        for index in 0..<3 { _ = try await server.score(Bank.payment("e\(index)")) }
        await server.store.flush()
        try await keeper.settle(bench)
        let key = server.store.pipeline.keys.key(of: SharedBench.tenant)
        let subject = key.pid(entity: "customer", key: "p1")
        var batch = WriteBatch()
        batch.put(
            StorageKey.subject(subject, tenant: SharedBench.tenant),
            try key.wrap(.random(), of: subject), in: .subject)
        try keeper.storage.write(batch, sync: true)
        await keeper.close()
        // What was recorded last is looked at again.
        let again = try await bench.keeper(directory)
        _ = try await server.score(Bank.payment("e3"))
        await server.store.flush()
        try await again.settle(bench)
        #expect(try again.logRows().count == 4)
        await again.close()
        await server.close()
        await bench.close()
    }

    @Test("leaves a state that cannot be built again as it is, says so once, and goes on")
    func unmended() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        let told = Mutex<[String]>([])
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory) { configuration in
            configuration.reportFailure = { line in told.withLock { $0.append(line) } }
        }
        for index in 0..<3 { _ = try await server.score(Bank.payment("e\(index)")) }
        await server.store.flush()
        try await keeper.settle(bench)
        let log = try #require(keeper.keeper.log(of: SharedBench.tenant))
        let row = try #require(try log.recorded("e1"))
        var batch = WriteBatch()
        batch.delete(StorageKey.log(row.sequence), in: .log)
        try keeper.storage.write(batch, sync: true)
        let card = server.store.pipeline.keys.key(of: SharedBench.tenant)
            .pid(entity: "card", key: "c1")
        try log.tear([card: "card"])
        for index in 3..<6 {
            _ = try await server.score(Bank.payment("e\(index)", card: "c2"))
            await server.store.flush()
            try await keeper.settle(bench)
        }
        #expect(try keeper.logRows().count == 5)
        #expect(try log.torn()[card] != nil)
        #expect(keeper.keeper.statistics.stuck.load(ordering: .relaxed) == 1)
        #expect(told.withLock(\.count) == 1)
        #expect(told.withLock { $0 }.first?.contains("a state of card of bank is stuck") == true)
        await keeper.close()
        await server.close()
        await bench.close()
    }

    @Test("serves other tenants where the streams of one are none")
    func otherTenants() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        _ = try await server.score(Bank.payment("e1"))
        await server.store.flush()
        _ = try await bench.send("SADD", "fs:{tenants}", "aaa")
        _ = try await bench.send("SET", "fs:{aaa:log:0}:rows", "no stream")
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        await #expect(throws: RedisServerError.self) { try await keeper.keeper.round() }
        #expect(try keeper.logRows().count == 1)
        await keeper.close()
        await server.close()
        await bench.close()
    }
}
