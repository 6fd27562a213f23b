import AssayMessages
import FeatureCore
import FeatureEngine
import RPC
import Redis
import TestSupport
import Testing

@Suite(
    "A payment through the shared store", .enabled(if: RedisServer.executable != nil),
    .timeLimit(.minutes(3)))
struct PaymentTests {
    @Test("the vector is as it was before the event, and the next event sees it on any server")
    func readBeforeApply() async throws {
        let bench = try await SharedBench.start()
        let (one, other) = (try await bench.server(), try await bench.server())
        let first = try await one.score(Bank.payment("e1", cents: 4_995, offset: -30))
        #expect(first.outcome == .applied)
        #expect(first.receipt.durability == .memory)
        #expect(first.receipt.sequence > 1 << 60)
        #expect(first.vector?.value("amount") == 4_995)
        #expect(first.vector?.kind("card_txn_cnt_24h") == .empty)
        #expect(first.vector?.kind("term_txn_cnt_24h") == .absent)
        let second = try await other.score(Bank.payment("e2", cents: 5))
        #expect(second.vector?.value("card_txn_cnt_1h") == 1)
        #expect(second.vector?.value("card_amt_sum_24h") == 4_995)
        // The first event of an entity gives its state the version of the event's sequence.
        #expect(second.entities.map(\.version) == [first.receipt.sequence, first.receipt.sequence])
        let third = try await one.score(Bank.payment("e3"), dryRun: true)
        #expect(third.vector?.value("card_txn_cnt_24h") == 2)
        #expect(third.entities.first?.version == first.receipt.sequence + 1)
        await one.close()
        await other.close()
        await bench.close()
    }

    @Test("the same id again gives the stored vectors bit for bit and counts once")
    func duplicate() async throws {
        let bench = try await SharedBench.start()
        let (one, other) = (try await bench.server(), try await bench.server())
        let first = try await one.score(Bank.payment("e1"))
        _ = try await one.score(Bank.payment("e2"))
        await one.store.flush()
        for server in [one, other] {
            let again = try await server.score(Bank.payment("e1"))
            #expect(again.outcome == .duplicate)
            #expect(again.receipt.sequence == first.receipt.sequence)
            #expect(again.vectors == first.vectors)
        }
        let counted = try await one.score(Bank.payment("probe"), dryRun: true)
        #expect(counted.vector?.value("card_txn_cnt_24h") == 2)
        #expect(try await bench.openEvents() == 0)
        await one.close()
        await other.close()
        await bench.close()
    }

    @Test("when the reply is no longer kept, a duplicate has no vectors rather than new ones")
    func replyGone() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        _ = try await server.score(Bank.payment("e1"))
        await server.store.flush()
        let keys = try await bench.send("KEYS", "*:served:*").elements ?? []
        #expect(keys.count == 1)
        for key in keys { _ = try await bench.send("DEL", key.text ?? "") }
        let again = try await server.score(Bank.payment("e1"))
        #expect(again.outcome == .duplicate)
        #expect(again.vectors.isEmpty)
        await server.close()
        await bench.close()
    }

    @Test("the same id with other content is refused with the fields that differ")
    func contradiction() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        _ = try await server.score(Bank.payment("e1"))
        let error = await #expect(throws: RPCError.self) {
            _ = try await server.score(Bank.payment("e1", cents: 7, customer: nil, offset: 1))
        }
        #expect(error?.code == .alreadyExists)
        for field in ["/event/time", "/event/fields/amount", "/event/fields/customer_id"] {
            #expect(error?.message.contains(field) == true)
        }
        #expect(error?.message.contains("card_id") == false)
        await server.close()
        await bench.close()
    }

    @Test("an id that another server is recording is ABORTED, to be tried again in 20 ms")
    func inFlight() async throws {
        let bench = try await SharedBench.start()
        // This one never gets further than its place in the log.
        let stuck = try await bench.server(sender: { FaultySender($0, fails: .beforeSend, at: 2) })
        let other = try await bench.server()
        #expect(try await stuck.score(Bank.payment("e1")).outcome == .logged)
        let error = await #expect(throws: RPCError.self) {
            _ = try await other.score(Bank.payment("e1"))
        }
        #expect(error?.code == .aborted)
        #expect(error?.retryAfter == .milliseconds(20))
        await stuck.close()
        await other.close()
        await bench.close()
    }

    @Test("servers that race for one card each see exactly the events before their own")
    func race() async throws {
        let bench = try await SharedBench.start()
        var servers: [SharedServer] = []
        for _ in 0..<3 { servers.append(try await bench.server()) }
        let all = servers
        let replies = try await withThrowingTaskGroup(
            of: AssayFeaturesV1.ScoreEventResponse.self
        ) { tasks in
            for index in 0..<240 {
                tasks.addTask {
                    try await all[index % all.count].score(Bank.payment("e\(index)", cents: 1))
                }
            }
            return try await tasks.reduce(into: []) { $0.append($1) }
        }
        let applied = replies.filter { $0.outcome == .applied }
        let seen = applied.compactMap { $0.vector?.value("card_txn_cnt_24h") }
        #expect(Set(seen).count == seen.count)
        for reply in applied {
            let count = reply.vector?.value("card_txn_cnt_24h") ?? -1
            #expect(reply.vector?.value("card_amt_sum_24h") == count)
        }
        // Who lost eight times in a row left its event to the keeper.
        let open = try await bench.openEventsAfterFlush(all)
        #expect(open == replies.filter { $0.outcome == .logged }.count)
        let probe = try await all[0].score(Bank.payment("probe"), dryRun: true)
        #expect(probe.vector?.value("card_txn_cnt_24h") == Double(240 - open))
        let conflicts = all.map { $0.store.activity.counts.first { $0.name == "conflicts" }?.count }
        #expect(conflicts.compactMap { $0 }.reduce(0, +) > 0)
        for server in all { await server.close() }
        await bench.close()
    }

    @Test("a server is refused that would drop states, or lose events at its end")
    func refusals() async throws {
        let volatile = try await SharedBench.start()
        let error = await #expect(throws: UnfitServer.self) {
            _ = try await volatile.server { $0.allowsVolatile = false }
        }
        #expect(error?.description.contains("append-only file") == true)
        let durable = try await SharedBench.start { $0.isPersistent = true }
        let fine = try await durable.server { $0.allowsVolatile = false }
        await fine.close()
        _ = try await durable.send("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        let evicting = await #expect(throws: UnfitServer.self) { _ = try await durable.server() }
        #expect(evicting?.description.contains("allkeys-lru") == true)
        let replica = try await SharedBench.start {
            $0.arguments = ["--replicaof", "127.0.0.1", "\(durable.redis.port)"]
        }
        let reading = await #expect(throws: UnfitServer.self) { _ = try await replica.server() }
        #expect(reading?.description.contains("a replica, which takes no writes") == true)
        let node = try await SharedBench.start { $0.arguments = ["--cluster-enabled", "yes"] }
        _ = try await node.send("CLUSTER", "ADDSLOTSRANGE", "0", "16382")
        let partial = await #expect(throws: UnfitServer.self) { _ = try await node.server() }
        #expect(partial?.description.contains("one of several nodes of a cluster") == true)
        for bench in [volatile, durable, replica, node] { await bench.close() }
    }

    @Test("every script's keys are in one slot of a cluster")
    func cluster() async throws {
        let bench = try await SharedBench.start { $0.arguments = ["--cluster-enabled", "yes"] }
        _ = try await bench.send("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        while try await bench.send("CLUSTER", "INFO").text?.contains("cluster_state:ok") != true {
            await Task.yield()
        }
        let server = try await bench.server()
        for index in 0..<20 {
            let payment = Bank.payment("e\(index)", card: "c\(index)", terminal: "t\(index % 3)")
            #expect(try await server.score(payment).outcome == .applied)
        }
        await server.store.flush()
        #expect(try await bench.openEvents() == 0)
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        try await keeper.settle(bench)
        #expect(keeper.keeper.statistics.counts.first { $0.name == "drained" }?.count == 20)
        await keeper.close()
        await server.close()
        await bench.close()
    }

    @Test(
        "with a replica an event is replicated; without enough of them it is in memory, and counted"
    )
    func replicas() async throws {
        let bench = try await SharedBench.start()
        let replica = try await RedisServer.start {
            $0.arguments = ["--replicaof", "127.0.0.1", "\(bench.redis.port)"]
        }
        while try await bench.send("INFO", "replication").text?.contains("state=online") != true {
            await Task.yield()
        }
        let server = try await bench.server {
            $0.replicas = 1
            $0.replicaWait = .seconds(20)
        }
        #expect(try await server.score(Bank.payment("e1")).receipt.durability == .replicated)
        let greedy = try await bench.server {
            $0.replicas = 2
            $0.replicaWait = .milliseconds(10)
        }
        let reply = try await greedy.score(Bank.payment("e2"))
        #expect(reply.outcome == .applied)
        #expect(reply.receipt.durability == .memory)
        #expect(greedy.store.activity.counts.first { $0.name == "unreplicated" }?.count == 1)
        await server.close()
        await greedy.close()
        await bench.close()
        _ = replica
    }
}

extension SharedBench {
    func openEventsAfterFlush(_ servers: [SharedServer]) async throws -> Int {
        for server in servers { await server.store.flush() }
        return try await openEvents()
    }
}
