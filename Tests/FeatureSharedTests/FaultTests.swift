import AssayMessages
import FeatureCore
import FeatureEngine
import NIOCore
import RPC
import Redis
import TestSupport
import Testing

/// What is served while the shared store fails: every value flagged, none made up, and all well again
/// afterwards without a restart.
@Suite(
    "A shared store that fails", .enabled(if: RedisServer.executable != nil),
    .timeLimit(.minutes(3)))
struct FaultTests {
    /// Nothing of a state is in the vector; what the event itself says is.
    private func expectUnavailable(_ reply: AssayFeaturesV1.ScoreEventResponse) throws {
        #expect(reply.outcome == .notRecorded)
        #expect(reply.receipt.durability == .unspecified)
        let vector = try #require(reply.vector)
        #expect(vector.degraded)
        #expect(vector.kind("amount") == .present)
        for name in Bank.names where name != "amount" && !name.hasPrefix("term") {
            #expect(vector.kind(name) == .unavailable, "\(name)")
        }
    }

    /// Sends until the store is back, and returns the first reply that is recorded.
    private func recovered(
        _ server: SharedServer, _ event: AssayFeaturesV1.Event
    ) async throws -> AssayFeaturesV1.ScoreEventResponse {
        while true {
            try await server.client.connected()
            let reply = try await server.scorePatiently(event)
            if reply.outcome != .notRecorded { return reply }
            await Task.yield()
        }
    }

    @Test("killed: values are unavailable until it is back, then they are what they were")
    func killed() async throws {
        let bench = try await SharedBench.start { $0.isPersistent = true }
        let server = try await bench.server()
        for index in 0..<5 { _ = try await server.score(Bank.payment("e\(index)")) }
        await server.store.flush()
        await bench.redis.kill()
        for index in 0..<3 {
            try expectUnavailable(try await server.score(Bank.payment("lost\(index)")))
        }
        let read = try await server.score(Bank.payment("read"), dryRun: true)
        #expect(read.vector?.kind("card_txn_cnt_24h") == .unavailable)
        let again = try await bench.redis.restarted()
        let reply = try await recovered(server, Bank.payment("e5"))
        #expect(reply.outcome == .applied)
        #expect(reply.vector?.value("card_txn_cnt_24h") == 5)
        await server.close()
        await bench.close()
        _ = again
    }

    @Test("blackholed: a call waits for its round trip and no longer, and the store is found again")
    func blackholed() async throws {
        let bench = try await SharedBench.start()
        let proxy = try await FaultyProxy.start(to: bench.redis.port, group: SharedBench.group)
        let server = try await bench.server(
            port: proxy.port,
            client: {
                $0.connection.stallTimeout = .milliseconds(100)
                $0.connection.connectTimeout = .milliseconds(200)
            })
        _ = try await server.score(Bank.payment("e1"))
        proxy.set(.blackhole)
        for index in 0..<10 {
            try expectUnavailable(try await server.score(Bank.payment("lost\(index)")))
        }
        proxy.set(.fair)
        let reply = try await recovered(server, Bank.payment("e2"))
        #expect(reply.vector?.value("card_txn_cnt_24h") == 1)
        await server.close()
        await proxy.close()
        await bench.close()
    }

    @Test("slow: a reply that comes too late is no reply, and what it did is found by the next one")
    func slow() async throws {
        let bench = try await SharedBench.start()
        let proxy = try await FaultyProxy.start(to: bench.redis.port, group: SharedBench.group)
        let server = try await bench.server(port: proxy.port) { $0.roundTrip = .milliseconds(25) }
        // Tenant and subject are known from now on: what is known ends with a new connection.
        while server.client.connectionsMade < 2 { await Task.yield() }
        _ = try await server.score(Bank.payment("e0"))
        proxy.set(.slow(.milliseconds(50)))
        try expectUnavailable(try await server.score(Bank.payment("e1")))
        proxy.set(.fair)
        // The event got its place in the log: the keeper finishes it, and it counts once.
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        try await keeper.settle(bench)
        #expect(try await recovered(server, Bank.payment("e1")).outcome == .duplicate)
        let reply = try await recovered(server, Bank.payment("e2"))
        #expect(reply.vector?.value("card_txn_cnt_24h") == 2)
        await keeper.close()
        await server.close()
        await proxy.close()
        await bench.close()
    }

    @Test("full: nothing is recorded, what is read is flagged, and there is room again later")
    func full() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        _ = try await server.score(Bank.payment("e1"))
        await server.store.flush()
        _ = try await bench.send("CONFIG", "SET", "maxmemory", "1mb")
        let reply = try await server.score(Bank.payment("e2"))
        #expect(reply.outcome == .notRecorded)
        let status = try #require(reply.vector?.status("card_txn_cnt_24h"))
        #expect(status & Status.Flags.incomplete.rawValue != 0)
        #expect(reply.vector?.value("card_txn_cnt_24h") == 1)
        _ = try await bench.send("CONFIG", "SET", "maxmemory", "0")
        #expect(try await server.score(Bank.payment("e2")).outcome == .applied)
        await server.close()
        await bench.close()
    }

    @Test("read-only: nothing is recorded, what is read is flagged, until it takes writes again")
    func readOnly() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        _ = try await server.score(Bank.payment("e1"))
        await server.store.flush()
        // As a master that was demoted is, as long as it has not found the new one.
        _ = try await bench.send("REPLICAOF", "127.0.0.1", "1")
        for index in 0..<5 {
            try await server.client.connected()
            let reply = try await server.score(Bank.payment("lost\(index)"))
            #expect(reply.outcome == .notRecorded)
            let status = try #require(reply.vector?.status("card_txn_cnt_24h"))
            let isFlagged = status & Status.Flags.incomplete.rawValue != 0
            #expect(isFlagged || reply.vector?.kind("card_txn_cnt_24h") == .unavailable)
        }
        _ = try await bench.send("REPLICAOF", "NO", "ONE")
        // Logged where a connection to the read-only server ended in the middle.
        let reply = try await recovered(server, Bank.payment("e2"))
        #expect([.applied, .logged].contains(reply.outcome))
        #expect(reply.vector?.value("card_txn_cnt_24h") == 1)
        let lost = try await recovered(server, Bank.payment("lost0"))
        #expect([.applied, .logged].contains(lost.outcome))
        await server.close()
        await bench.close()
    }

    @Test("a log that no keeper takes refuses further events when it is full")
    func logFull() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server { $0.maximumRows = 2 }
        var refused = 0
        for index in 0..<60 {
            do {
                _ = try await server.score(Bank.payment("e\(index)"))
            } catch let error as RPCError {
                #expect(error.code == .resourceExhausted)
                refused += 1
            }
        }
        #expect(refused > 0)
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        try await keeper.settle(bench)
        #expect(try await server.score(Bank.payment("later")).outcome == .applied)
        await keeper.close()
        await server.close()
        await bench.close()
    }

    @Test("a damaged blob is never read as empty, and the keeper builds it again from the log")
    func damaged() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        for index in 0..<100 { _ = try await server.score(Bank.payment("e\(index)", cents: 1)) }
        await server.store.flush()
        let keys = try await bench.send("KEYS", "fs:{bank:card:*").elements ?? []
        let key = try #require(keys.first?.text)
        guard case .bytes(var blob) = try await bench.send("HGET", key, "b") else { return }
        blob[blob.count / 2] ^= 4
        _ = try await bench.probe.send(
            RedisCommand("HSET", key: Array(key.utf8), Array("b".utf8), blob))
        let fresh = try await bench.server()
        let reply = try await fresh.score(Bank.payment("new"))
        #expect(reply.outcome == .logged)
        #expect(reply.vector?.kind("card_txn_cnt_24h") == .unavailable)
        #expect(reply.vector?.value("cust_txn_cnt_24h") == 100)
        try await keeper.settle(bench)
        let after = try await fresh.score(Bank.payment("probe"), dryRun: true)
        #expect(after.vector?.value("card_txn_cnt_24h") == 101)
        #expect(after.vector?.value("card_amt_sum_24h") == 1_100)
        await keeper.close()
        await server.close()
        await fresh.close()
        await bench.close()
    }
}
