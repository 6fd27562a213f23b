import AssayMessages
import FeatureCore
import FeatureEngine
import RPC
import Redis
import Synchronization
import TestSupport
import Testing
import Wire

@Suite("The keeper", .enabled(if: RedisServer.executable != nil), .timeLimit(.minutes(3)))
struct KeeperTests {
    @Test("takes the log to its disk, with what each event made, and trims the streams")
    func drains() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        for index in 0..<40 {
            _ = try await server.score(Bank.payment("e\(index)", card: "c\(index % 4)"))
        }
        _ = try await server.score(Bank.payment("early", offset: 3_600))
        await server.store.flush()
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        try await keeper.settle(bench)
        #expect(try keeper.storage.rows("log", limit: 100).count == 40)
        #expect(try keeper.storage.rows("ids", limit: 100).count == 40)
        #expect(try keeper.storage.rows("trail", limit: 100).count == 80)
        #expect(try keeper.storage.rows("quarantine", limit: 100).count >= 1)
        try await bench.expectBlobsEqualTheirRows(keeper)
        var left = 0
        for partition in 0..<16 {
            left += Int(
                try await bench.send("XLEN", "fs:{bank:log:\(partition)}:rows").integer ?? 0)
        }
        // The last row of each stream stays.
        #expect(left <= 16)
        await keeper.close()
        await server.close()
        await bench.close()
    }

    @Test("goes on where it was after its own end")
    func restart() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        let directory = try TemporaryDirectory()
        for round in 0..<3 {
            for index in 0..<10 { _ = try await server.score(Bank.payment("e\(round).\(index)")) }
            await server.store.flush()
            let keeper = try await bench.keeper(directory, owner: "keeper")
            try await keeper.settle(bench)
            #expect(try keeper.storage.rows("log", limit: 100).count == 10 * (round + 1))
            try await bench.expectBlobsEqualTheirRows(keeper)
            await keeper.close()
        }
        await server.close()
        await bench.close()
    }

    @Test("two do no harm: the second waits, and another directory is refused")
    func two() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        for index in 0..<20 { _ = try await server.score(Bank.payment("e\(index)")) }
        await server.store.flush()
        let (first, second) = (try TemporaryDirectory(), try TemporaryDirectory())
        let one = try await bench.keeper(first, owner: "one")
        let two = try await bench.keeper(second, owner: "two")
        try await one.settle(bench)
        #expect(try await two.keeper.round() == 0)
        #expect(try two.storage.rows("log", limit: 100).isEmpty)
        // The first one's lease ends.
        _ = try await bench.send("DEL", "fs:{keeper}:lease")
        let refused = await #expect(throws: UnfitServer.self) { try await two.keeper.round() }
        #expect(refused?.description.contains("start with the right one") == true)
        // The second has the lease by now: the first comes back, and is fenced off meanwhile.
        #expect(try await one.keeper.round() == 0)
        await one.close()
        await two.close()
        await server.close()
        await bench.close()
    }

    @Test("events that can never be finished hide none that can")
    func stuck() async throws {
        let bench = try await SharedBench.start()
        // In the log, and in no state.
        let server = try await bench.server(sender: { FaultySender($0, fails: .beforeSend, at: 2) })
        let early = (0..<130).flatMap { index in
            (0..<16).map { ("fs:{bank:log:\($0)}:open", "1000000000000-\(index)") }
        }
        for (key, id) in early { _ = try await bench.send("ZADD", key, "0", id) }
        #expect(try await server.score(Bank.payment("e1")).outcome == .logged)
        await server.store.flush()
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        try await keeper.keeper.round()
        // Nobody waits for a clock to go on: the event is a moment old by the second round.
        while keeper.keeper.statistics.finished.load(ordering: .relaxed) == 0 {
            try await keeper.keeper.round()
        }
        let statistics = keeper.keeper.statistics
        #expect(statistics.finished.load(ordering: .relaxed) == 1)
        #expect(statistics.stuck.load(ordering: .relaxed) == early.count)
        #expect(statistics.damaged.load(ordering: .relaxed) == early.count)
        let reader = try await bench.server()
        let probe = try await reader.score(Bank.payment("probe"), dryRun: true)
        #expect(probe.vector?.value("card_txn_cnt_24h") == 1)
        await keeper.close()
        await reader.close()
        await server.close()
        await bench.close()
    }

    @Test("a shared store that refuses the keeper's commands is told of, once, with its words")
    func refused() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        #expect(try await server.score(Bank.payment("e1")).outcome == .applied)
        await server.store.flush()
        let told = Mutex<[String]>([])
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory) { configuration in
            configuration.pause = .milliseconds(1)
            configuration.reportFailure = { line in told.withLock { $0.append(line) } }
        }
        for partition in 0..<16 {
            _ = try await bench.send("DEL", "fs:{bank:log:\(partition)}:rows")
            _ = try await bench.send("SET", "fs:{bank:log:\(partition)}:rows", "no stream")
        }
        let work = Task { try await keeper.keeper.run() }
        while keeper.keeper.statistics.failures.load(ordering: .relaxed) < 3 {
            await Task.yield()
        }
        work.cancel()
        _ = try? await work.value
        #expect(told.withLock(\.count) == 1)
        #expect(told.withLock { $0 }.first?.contains("WRONGTYPE") == true)
        await keeper.close()
        await server.close()
        await bench.close()
    }

    @Test("rows that no server writes are counted, and stop nobody")
    func hostileRows() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        _ = try await server.score(Bank.payment("e1"))
        let strange = [
            ("e", "nonsense"), ("a", ""), ("q", "\u{7F}\u{0}"), ("z", "?"),
            ("s", String(repeating: "\0", count: 12)),
        ]
        for (name, value) in strange {
            for partition in 0..<16 {
                _ = try await bench.send(
                    "XADD", "fs:{bank:log:\(partition)}:rows", "*", name, value)
            }
        }
        _ = try await bench.send("ZADD", "fs:{bank:log:3}:open", "0", "not a place")
        _ = try await bench.send("ZREM", "fs:{bank:log:3}:open", "not a place")
        _ = try await server.score(Bank.payment("e2"))
        await server.store.flush()
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        try await keeper.settle(bench)
        #expect(try keeper.storage.rows("log", limit: 100).count == 2)
        let damaged = keeper.keeper.statistics.counts.first { $0.name == "damaged" }?.count
        #expect(damaged == 80)
        await keeper.close()
        await server.close()
        await bench.close()
    }
}
