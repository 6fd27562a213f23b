import AssayMessages
import FeatureEngine
import RPC
import Redis
import TestSupport
import Testing

@testable import FeatureCore

@Suite(
    "Relaxed entities", .enabled(if: RedisServer.executable != nil), .timeLimit(.minutes(3)))
struct RelaxedTests {
    private func count(_ server: SharedServer, _ name: String) -> Int {
        server.store.activity.counts.first { $0.name == name }?.count ?? -1
    }

    @Test("many events are one write; readers see the stored blob, flagged, with its version")
    func gathered() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        for index in 0..<50 {
            let reply = try await server.score(
                Bank.payment("e\(index)", card: "c\(index)", customer: nil, terminal: "t1"))
            #expect(reply.outcome == .applied)
            let status = try #require(reply.vector?.status("term_txn_cnt_24h"))
            #expect(status & Status.Flags.eventual.rawValue != 0)
            #expect(reply.vector?.value("term_txn_cnt_24h") == 0)
            #expect(reply.entities.first { $0.entity == "terminal" }?.version == 0)
        }
        #expect(try await bench.openEvents() == 50)
        await server.store.flush()
        #expect(count(server, "gathered_writes") == 1)
        #expect(count(server, "gathered_events") == 50)
        #expect(try await bench.openEvents() == 0)
        let after = try await server.score(
            Bank.payment("after", card: "c9", terminal: "t1"), dryRun: true)
        #expect(after.vector?.value("term_txn_cnt_24h") == 50)
        let version = try #require(after.entities.first { $0.entity == "terminal" }?.version)
        #expect(version > 1 << 60)
        await server.close()
        await bench.close()
    }

    @Test("two hundred and fifty-six events are written at once, without waiting for more")
    func full() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server { $0.gatherCount = 8 }
        for index in 0..<8 {
            _ = try await server.score(Bank.payment("e\(index)", card: nil, terminal: "t1"))
        }
        await server.store.background.finished()
        #expect(count(server, "gathered_writes") == 1)
        #expect(try await bench.openEvents() == 0)
        await server.close()
        await bench.close()
    }

    @Test("servers that gather for one entity lose nothing to each other")
    func race() async throws {
        let bench = try await SharedBench.start()
        var servers: [SharedServer] = []
        for _ in 0..<3 { servers.append(try await bench.server()) }
        let all = servers
        await withTaskGroup(of: Void.self) { tasks in
            for index in 0..<300 {
                tasks.addTask {
                    let payment = Bank.payment(
                        "e\(index)", cents: 1, card: "c\(index)", customer: "p\(index)",
                        terminal: "t\(index % 2)")
                    await #expect(throws: Never.self) {
                        let reply = try await all[index % all.count].score(payment)
                        #expect([.applied, .logged].contains(reply.outcome))
                    }
                    if index % 20 == 0 { await all[index % all.count].store.flush() }
                }
            }
        }
        await withTaskGroup(of: Void.self) { tasks in
            for server in all { tasks.addTask { await server.store.flush() } }
        }
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        try await keeper.settle(bench)
        for terminal in ["t0", "t1"] {
            let probe = try await all[0].score(
                Bank.payment("probe", card: nil, terminal: terminal), dryRun: true)
            #expect(probe.vector?.value("term_txn_cnt_24h") == 150)
        }
        #expect(try await bench.expectBlobsEqualTheirRows(keeper) == 900)
        for server in all { await server.close() }
        await keeper.close()
        await bench.close()
    }
}
