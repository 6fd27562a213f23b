import AssayMessages
import FeatureCore
import FeatureEngine
import RPC
import Redis
import TestSupport
import Testing

/// A shared store that comes back without its newest writes, as a replica or an older file does.
@Suite(
    "A shared store that lost writes", .enabled(if: RedisServer.executable != nil),
    .timeLimit(.minutes(3)))
struct FailoverTests {
    /// What is sent, recorded and drained before the loss is in the log; so it counts, once, whether
    /// it is sent again before the keeper looks, after that, or never.
    @Test(
        "counts what the log has again, once, and what came after the loss",
        arguments: [true, false], [0, 7, 15])
    func failover(isFlushed: Bool, kept: Int) async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        _ = try await server.score(payment(99))
        await server.store.flush()
        for index in 0..<kept { _ = try await server.score(payment(index)) }
        if isFlushed { await server.store.flush() }
        let snapshot = try await bench.snapshot()
        for index in kept..<20 { _ = try await server.score(payment(index)) }
        await server.store.flush()
        try await keeper.settle(bench)
        try await bench.restore(snapshot)
        // Meanwhile: new events, and some that were lost.
        let other = try await bench.server()
        for index in [20, 16, 21, 17, 22] { _ = try await other.scorePatiently(payment(index)) }
        await other.store.flush()
        try await keeper.client.connected()
        try await keeper.settle(bench)
        for index in 0..<23 {
            let reply = try await other.scorePatiently(payment(index))
            #expect(reply.outcome == .duplicate, "\(index)")
        }
        try await expectAll(24, bench, keeper, other)
        #expect(keeper.count("restored") > 0)
        await keeper.close()
        await server.close()
        await other.close()
        await bench.close()
    }

    @Test("finds one entity's lost writes where the log lost nothing")
    func oneNode() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        for index in 0..<5 { _ = try await server.score(payment(index)) }
        await server.store.flush()
        let snapshot = try await bench.snapshot("fs:{bank:c*")
        for index in 5..<12 { _ = try await server.score(payment(index)) }
        await server.store.flush()
        try await keeper.settle(bench)
        try await bench.restore(snapshot)
        let other = try await bench.server()
        for index in 12..<15 { _ = try await other.scorePatiently(payment(index)) }
        await other.store.flush()
        try await keeper.client.connected()
        try await keeper.settle(bench)
        try await expectAll(15, bench, keeper, other)
        await keeper.close()
        await server.close()
        await other.close()
        await bench.close()
    }

    @Test("finds what was lost while it was not running itself")
    func keeperDown() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        for index in 0..<5 { _ = try await server.score(payment(index)) }
        await server.store.flush()
        let snapshot = try await bench.snapshot()
        for index in 5..<12 { _ = try await server.score(payment(index)) }
        await server.store.flush()
        try await keeper.settle(bench)
        await keeper.close()
        try await bench.restore(snapshot)
        let again = try await bench.keeper(directory)
        try await again.settle(bench)
        let other = try await bench.server()
        try await expectAll(12, bench, again, other)
        await again.close()
        await server.close()
        await other.close()
        await bench.close()
    }

    @Test("what is read between a loss and its mending is flagged, and nothing before and after")
    func marked() async throws {
        let bench = try await SharedBench.start { $0.isPersistent = true }
        let server = try await bench.server()
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        let probe = Bank.payment("probe", card: "c0")
        for index in 0..<6 { #expect(try await server.score(payment(index)).isWhole) }
        await server.store.flush()
        try await keeper.settle(bench)
        let snapshot = try await bench.snapshot()
        for index in 6..<12 { #expect(try await server.score(payment(index)).isWhole) }
        await server.store.flush()
        try await keeper.settle(bench)
        await bench.redis.kill()
        let again = try await bench.redis.restarted()
        try await bench.probe.connected()
        try await bench.restore(snapshot)
        let torn = try await read(probe, server)
        #expect(torn.vector?.value("card_txn_cnt_24h") == 3)
        #expect(!torn.isWhole)
        let fresh = try await bench.server()
        #expect(try await !read(probe, fresh).isWhole)
        #expect(try await !fresh.scorePatiently(payment(12)).isWhole)
        await fresh.store.flush()
        try await keeper.client.connected()
        try await keeper.settle(bench)
        for server in [server, fresh] {
            let mended = try await read(probe, server)
            #expect(mended.vector?.value("card_txn_cnt_24h") == 7)
            #expect(mended.isWhole)
        }
        await keeper.close()
        await server.close()
        await fresh.close()
        await bench.close()
        _ = again
    }

    /// Reads until the store is back.
    private func read(
        _ event: AssayFeaturesV1.Event, _ server: SharedServer
    ) async throws -> AssayFeaturesV1.ScoreEventResponse {
        while true {
            try await server.client.connected()
            let reply = try await server.score(event, dryRun: true)
            if reply.vector?.kind("card_txn_cnt_24h") != .unavailable { return reply }
            await Task.yield()
        }
    }

    @Test("opens what was sealed under a key that was lost, and under the one made after it")
    func keys() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        _ = try await server.score(Bank.payment("first", card: "x", customer: "stranger"))
        await server.store.flush()
        let snapshot = try await bench.snapshot()
        for index in 0..<4 { _ = try await server.score(payment(index)) }
        await server.store.flush()
        try await keeper.settle(bench)
        try await bench.restore(snapshot)
        let other = try await bench.server()
        for index in 4..<8 { _ = try await other.scorePatiently(payment(index)) }
        try await server.client.connected()
        for index in 8..<12 { _ = try await server.scorePatiently(payment(index)) }
        for server in [server, other] { await server.store.flush() }
        try await keeper.client.connected()
        try await keeper.settle(bench)
        let events = try keeper.logRows().map(\.event)
        for index in 0..<12 { #expect(events.contains(payment(index)), "\(index)") }
        await keeper.close()
        await server.close()
        await other.close()
        await bench.close()
    }

    /// Two cards, one customer; each has an amount of its own, so that a sum tells which were counted.
    private func payment(_ index: Int) -> AssayFeaturesV1.Event {
        Bank.payment(
            "e\(index)", cents: 1 << Int64(index % 30), card: "c\(index % 2)", terminal: "t1")
    }

    private func expectAll(
        _ count: Int, _ bench: SharedBench, _ keeper: TestKeeper, _ server: SharedServer
    ) async throws {
        #expect(try await bench.expectBlobsEqualTheirRows(keeper) == 3 * count)
        let probe = try await server.score(Bank.payment("probe", card: "c0"), dryRun: true)
        #expect(probe.vector?.value("cust_txn_cnt_24h") == Double(count))
        #expect(try await bench.notes() == 0)
    }
}

extension AssayFeaturesV1.ScoreEventResponse {
    /// No value of the card says that events may be missing.
    fileprivate var isWhole: Bool {
        guard let status = vector?.status("card_txn_cnt_24h") else { return false }
        return !Status(byte: status).isIncomplete
    }
}

extension TestKeeper {
    func count(_ name: String) -> Int {
        keeper.statistics.counts.first { $0.name == name }?.count ?? 0
    }
}

extension SharedBench {
    /// What stands in the server's keys.
    func snapshot(_ pattern: String = "*") async throws -> [[UInt8]: [UInt8]] {
        var snapshot: [[UInt8]: [UInt8]] = [:]
        for case .bytes(let key) in try await send("KEYS", pattern).elements ?? [] {
            if case .bytes(let value) = try await probe.send(RedisCommand("DUMP", key: key)) {
                snapshot[key] = value
            }
        }
        return snapshot
    }

    /// Puts keys back as they were: all if the snapshot has all; ends all other connections.
    func restore(_ snapshot: [[UInt8]: [UInt8]]) async throws {
        let isPart = snapshot.keys.allSatisfy { $0.starts(with: Array("fs:{bank:c".utf8)) }
        if !isPart { _ = try await send("FLUSHALL") }
        for (key, value) in snapshot {
            let reply = try await probe.send(
                RedisCommand("RESTORE", key: key, Array("0".utf8), value, Array("REPLACE".utf8)))
            if let error = reply.error { throw error }
        }
        _ = try await send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    }
}
