import AssayMessages
import FeatureEngine
import Redis
import TestSupport
import Testing

@testable import FeatureCore

@Suite(
    "States that a server wrote itself", .enabled(if: RedisServer.executable != nil),
    .timeLimit(.minutes(3)))
struct OwnStateTests {
    /// A server whose commands are watched.
    private func watched(
        _ bench: SharedBench
    ) async throws -> (server: SharedServer, sender: WatchingSender) {
        var made: WatchingSender?
        let server = try await bench.server(sender: {
            let sender = WatchingSender($0)
            made = sender
            return sender
        })
        return (server, try #require(made))
    }

    /// What went out for one payment, until its reply.
    private func pipelines(
        _ server: SharedServer, _ sender: WatchingSender, _ event: AssayFeaturesV1.Event,
        sees count: Double
    ) async throws -> [[String]] {
        await server.store.flush()
        _ = sender.take()
        let reply = try await server.score(event)
        #expect(reply.outcome == .applied)
        #expect(reply.vector?.value("card_txn_cnt_24h") == count)
        #expect(reply.vector?.value("cust_amt_sum_24h") == count * 1_000)
        return Array(sender.take().prefix(4))
    }

    @Test("are not asked for again until somebody else has written them")
    func trust() async throws {
        let bench = try await SharedBench.start()
        let (server, sender) = try await watched(bench)
        let other = try await bench.server()
        _ = try await server.score(Bank.payment("e0"))
        let own = try await pipelines(server, sender, Bank.payment("e1"), sees: 1)
        #expect(own.prefix(2) == [["EVALSHA"], ["EVALSHA", "EVALSHA"]])
        #expect(try await other.score(Bank.payment("e2")).outcome == .applied)
        // The write finds out, and the second one is made from what it was told.
        let late = try await pipelines(server, sender, Bank.payment("e3"), sees: 3)
        #expect(
            late.prefix(3) == [
                ["EVALSHA"], ["EVALSHA", "EVALSHA"], ["EVALSHA", "EVALSHA"],
            ])
        let careful = try await pipelines(server, sender, Bank.payment("e4"), sees: 4)
        #expect(careful.prefix(2) == [["EVALSHA", "HGET", "HGET"], ["EVALSHA", "EVALSHA"]])
        let again = try await pipelines(server, sender, Bank.payment("e5"), sees: 5)
        #expect(again.prefix(2) == [["EVALSHA"], ["EVALSHA", "EVALSHA"]])
        await server.close()
        await other.close()
        await bench.close()
    }

    @Test("are asked for where they are only read")
    func readOnly() async throws {
        let bench = try await SharedBench.start()
        let (server, other) = (try await bench.server(), try await bench.server())
        _ = try await server.score(Bank.payment("e1"))
        _ = try await other.score(Bank.payment("e2"))
        let read = try await server.score(Bank.payment("e3"), dryRun: true)
        #expect(read.vector?.value("card_txn_cnt_24h") == 2)
        await server.close()
        await other.close()
        await bench.close()
    }

    @Test("are flagged incomplete where nobody was asked and the write did not tell")
    func lostWrite() async throws {
        let bench = try await SharedBench.start()
        let (server, sender) = try await watched(bench)
        let other = try await bench.server()
        _ = try await server.score(Bank.payment("e1"))
        _ = try await other.score(Bank.payment("e2"))
        sender.loseWrites()
        let reply = try await server.score(Bank.payment("e3"))
        #expect(reply.outcome == .logged)
        for name in ["card_txn_cnt_24h", "cust_amt_sum_24h"] {
            let status = try #require(reply.vector?.status(name))
            #expect(status & Status.Flags.incomplete.rawValue != 0, "\(name)")
        }
        // Those that were lost are asked for from then on, and say what there is.
        let next = try await server.score(Bank.payment("e4"))
        #expect(next.outcome == .logged)
        #expect(next.vector?.value("card_txn_cnt_24h") == 2)
        let status = try #require(next.vector?.status("card_txn_cnt_24h"))
        #expect(status & Status.Flags.incomplete.rawValue == 0)
        await server.close()
        await other.close()
        await bench.close()
    }

    @Test("of relaxed entities are gathered into without a look, and into what others wrote")
    func relaxed() async throws {
        let bench = try await SharedBench.start()
        let (server, sender) = try await watched(bench)
        let other = try await bench.server()
        func terminal(_ id: String) -> AssayFeaturesV1.Event {
            Bank.payment(id, card: nil, customer: nil, terminal: "t1")
        }
        _ = try await server.score(terminal("e1"))
        await server.store.flush()
        _ = try await server.score(terminal("e2"))
        _ = sender.take()
        await server.store.gatherer.flush()
        // The server's keeper may set a mark meanwhile.
        #expect(sender.take().first(where: { $0 != ["SET"] }) == ["EVALSHA"])
        _ = try await other.score(terminal("e3"))
        await other.store.flush()
        _ = try await server.score(terminal("e4"))
        await server.store.flush()
        let read = try await other.score(terminal("e5"), dryRun: true)
        #expect(read.vector?.value("term_txn_cnt_24h") == 4)
        #expect(try await bench.openEvents() == 0)
        await server.close()
        await other.close()
        await bench.close()
    }
}
