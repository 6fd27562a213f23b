import AssayMessages
import FeatureEngine
import RPC
import Redis
import TestSupport
import Testing
import Wire

@testable import FeatureCore

@Suite(
    "What the keeper answers for a shared store", .enabled(if: RedisServer.executable != nil),
    .timeLimit(.minutes(3)))
struct KeeperAnswersTests {
    private func service(_ keeper: TestKeeper, _ server: SharedServer) -> FeatureService {
        FeatureService(KeeperFeatureStore(keeper.keeper, recordingThrough: server.store))
    }

    @Test("explains a value by the events that it counts")
    func explain() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        for index in 0..<4 {
            _ = try await server.score(Bank.payment("e\(index)", card: "c\(index % 2)"))
        }
        await server.store.flush()
        try await keeper.settle(bench)
        let served = try await server.score(Bank.payment("probe", card: "c0"), dryRun: true)
        let explained = try await service(keeper, server).explain(
            AssayFeaturesV1.ExplainRequest(
                feature: "card_txn_cnt_24h", keys: WireMap([("card", "c0")])),
            context: SharedServer.context)
        #expect(explained.value == 2)
        #expect(explained.value == served.vector?.value("card_txn_cnt_24h"))
        #expect(explained.eventIds == ["e0", "e2"])
        await keeper.close()
        await server.close()
        await bench.close()
    }

    @Test("keeps what was read before an erasure from being recorded after it")
    func readBefore() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory) { $0.pause = .milliseconds(1) }
        _ = try await server.score(Bank.payment("e1"))
        await server.store.flush()
        try await keeper.settle(bench)
        let atKeeper = service(keeper, server)
        // As a release does, and a label of an earlier payment.
        let read = try await atKeeper.scoring(
            Bank.payment("e2"), tenant: SharedBench.tenant, readAfter: atKeeper.store.erasures)
        let other = try await server.service.scoring(
            Bank.payment("e3"), tenant: SharedBench.tenant, readAfter: server.store.erasures)
        let rounds = Task { try await keeper.keeper.run() }
        _ = try await atKeeper.eraseSubject(
            AssayFeaturesV1.EraseSubjectRequest(
                requestID: "r1", entity: "customer", key: ["p1"], reason: "asked for"),
            context: SharedServer.context)
        rounds.cancel()
        _ = try? await rounds.value
        let released = await #expect(throws: RPCError.self) {
            try await atKeeper.store.begin(read)
        }
        #expect(released?.reason == "ERASURE")
        let labelled = await #expect(throws: RPCError.self) {
            try await server.store.begin(other)
        }
        #expect(labelled?.reason == "ERASURE")
        #expect(try await server.score(Bank.payment("e4")).outcome == .applied)
        await keeper.close()
        await server.close()
        await bench.close()
    }

    @Test("asks the replicas before it says that somebody is erased")
    func replicas() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory) { configuration in
            configuration.pause = .milliseconds(1)
            configuration.replicas = 1
            configuration.replicaWait = .milliseconds(1)
        }
        _ = try await server.score(Bank.payment("e1"))
        await server.store.flush()
        try await keeper.settle(bench)
        let rounds = Task { try await keeper.keeper.run() }
        let refused = await #expect(throws: RPCError.self) {
            try await service(keeper, server).eraseSubject(
                AssayFeaturesV1.EraseSubjectRequest(
                    requestID: "r1", entity: "customer", key: ["p1"], reason: "asked for"),
                context: SharedServer.context)
        }
        #expect(refused?.reason == "NOT_REPLICATED")
        rounds.cancel()
        _ = try? await rounds.value
        await keeper.close()
        await server.close()
        await bench.close()
    }

    @Test("seals again what it adds to a row, behind what nobody opens any more")
    func sealedAgain() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        _ = try await server.score(Bank.payment("e1"))
        await server.store.flush()
        try await keeper.settle(bench)
        let log = try #require(keeper.keeper.log(of: SharedBench.tenant))
        var row = try #require(try log.recorded("e1"))
        let entities = try #require(keeper.keeper.scoring(row)).entities
        let erased = server.store.pipeline.keys.key(of: SharedBench.tenant)
            .pid(entity: "customer", key: "erased")
        row.sealed = [AssayFeaturesV1.SealedFields(subject: erased.bytes, fields: [1])]
        try log.complete(row, entities)
        #expect(try log.recorded("e1")?.event == Bank.payment("e1"))
        await keeper.close()
        await server.close()
        await bench.close()
    }

    @Test("lets the log and what was served go when their time is over")
    func retention() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        _ = try await server.score(Bank.payment("e1"))
        await server.store.flush()
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        try await keeper.settle(bench)
        let sequence = try #require(try keeper.logRows().first?.sequence)
        let young = try #require(keeper.keeper.log(of: SharedBench.tenant))
        #expect(young.retention.keepsEvent(sequence))
        #expect(try !keeper.storage.rows("stats", limit: 10).isEmpty)
        await keeper.close()
        let later = try #require(Timestamp(seconds: 1_760_000_000 + 401 * 86_400))
        let again = try await bench.keeper(directory, now: later)
        try await again.settle(bench)
        let old = try #require(again.keeper.log(of: SharedBench.tenant))
        #expect(!old.retention.keepsEvent(sequence))
        #expect(try again.storage.rows("stats", limit: 10).isEmpty)
        await again.close()
        await server.close()
        await bench.close()
    }

    @Test("takes what comes after a loss to a server whose clock is behind")
    func clockBehind() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        _ = try await server.score(Bank.payment("e1"))
        await server.store.flush()
        let rows = (0..<16).map { "fs:{bank:log:\($0)}:rows" }
        for key in rows { _ = try await bench.send("XADD", key, "8000000000000-0", "m", "") }
        try await keeper.settle(bench)
        for key in rows { _ = try await bench.send("DEL", key) }
        let made = [keeper.client.connectionsMade, server.client.connectionsMade]
        _ = try await bench.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        while keeper.client.connectionsMade == made[0] || server.client.connectionsMade == made[1] {
            await Task.yield()
        }
        try await keeper.client.connected()
        try await server.client.connected()
        try await keeper.keeper.round()
        #expect(try await server.scorePatiently(Bank.payment("e2")).outcome == .applied)
        await server.store.flush()
        try await keeper.settle(bench)
        #expect(try keeper.logRows().map(\.event.id).sorted() == ["e1", "e2"])
        await keeper.close()
        await server.close()
        await bench.close()
    }

    @Test("keeps one tenant's counts out of another's")
    func counts() {
        let recorder = StatisticsRecorder()
        for tenant in ["a", "b", "b"] {
            recorder.record(
                tenant: tenant, vector: "v@1", values: [1], status: [0], isCategory: [false],
                now: 0)
        }
        #expect(recorder.take(of: "a").map(\.value.vectors) == [1])
        #expect(recorder.take(of: "a").isEmpty)
        #expect(recorder.take().map(\.value.vectors) == [2])
    }
}

@Suite(
    "A keeper without room", .enabled(if: RedisServer.executable != nil), .timeLimit(.minutes(3)))
struct FullQuarantineTests {
    private func label(_ id: String) -> AssayFeaturesV1.Event {
        AssayFeaturesV1.Event(
            id: id, type: "fraud_label", time: SharedBench.now,
            fields: WireMap([("payment_id", .text("of-\(id)"))]))
    }

    @Test("keeps events that it cannot put aside, until there is room, and servers take no more")
    func full() async throws {
        let bench = try await SharedBench.start()
        let definitions = try DefinitionCompiler.compile([
            DefinitionParser.parse(ReferenceTests.text, file: "test.yaml")
        ])
        let server = try await bench.server(definitions: definitions)
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory, definitions: definitions) {
            $0.quarantineRows = 1
        }
        func send(_ id: String) async -> AssayFeaturesV1.Receipt? {
            await server.service.record([label(id)], isLoggedOnly: false, tenant: "bank").first
        }
        for index in 0..<3 { #expect(await send("l\(index)")?.outcome == .logged) }
        await server.store.flush()
        while keeper.keeper.statistics.stuck.load(ordering: .relaxed) < 2 {
            try await keeper.keeper.round()
        }
        try await keeper.keeper.round()
        #expect(try keeper.logRows().count == 2)
        #expect(try await bench.openEvents() == 2)
        let refused = await send("l4")
        #expect(refused?.outcome == .notRecorded)
        #expect(refused?.problems.map(\.rule) == ["quarantine_full"])
        await keeper.close()
        let roomy = try await bench.keeper(directory, definitions: definitions)
        try await roomy.settle(bench)
        #expect(try roomy.logRows().isEmpty)
        #expect(await send("l4")?.outcome == .logged)
        await roomy.close()
        await server.close()
        await bench.close()
    }
}

@Suite(
    "What a user of the shared store may do", .enabled(if: RedisServer.executable != nil),
    .timeLimit(.minutes(3)))
struct PermissionTests {
    /// As docs/OPERATING.md has it.
    private static let rights = [
        "~fs:*", "-@all", "+@string", "+@hash", "+@set", "+@sortedset", "+@stream", "+@scripting",
        "+@connection", "+del", "+exists", "+expire", "+pexpire", "+persist", "+info", "+time",
        "+wait",
    ]

    private func allow(_ rights: [String], _ bench: SharedBench) async throws {
        let words = ["ACL", "SETUSER", "default"] + rights
        let reply = try await bench.probe.send(RedisCommand(words.map { Array($0.utf8) }))
        if let error = reply.error { throw error }
    }

    @Test("a command that is refused shows at the start, by its name")
    func refused() async throws {
        for name in ["hset", "xadd", "zrange"] {
            let bench = try await SharedBench.start()
            try await allow(["-\(name)"], bench)
            let refused = await #expect(throws: UnfitServer.self) { try await bench.server() }
            #expect(refused?.description.contains(name.uppercased()) == true)
            await bench.close()
        }
    }

    @Test("those that the operator's manual names are enough")
    func enough() async throws {
        let bench = try await SharedBench.start()
        try await allow(["resetkeys"] + Self.rights, bench)
        let server = try await bench.server()
        for index in 0..<3 {
            #expect(try await server.score(Bank.payment("e\(index)")).outcome == .applied)
        }
        await server.store.flush()
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        try await keeper.keeper.check(allowsVolatile: true)
        try await keeper.settle(bench)
        #expect(try keeper.logRows().count == 3)
        #expect(keeper.count("failures") == 0)
        await keeper.close()
        await server.close()
        await bench.close()
    }
}
