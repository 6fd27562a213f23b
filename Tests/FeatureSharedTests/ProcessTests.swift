import AssayMessages
import Foundation
import RPC
import Redis
import Storage
import Synchronization
import TestSupport
import Testing
import Wire

@testable import FeatureCore

/// The shared store as it is run: processes that are killed while they work.
@Suite(
    "Processes over one Redis", .enabled(if: RedisServer.executable != nil),
    .timeLimit(.minutes(3)))
struct ProcessTests {
    private static let events = 400

    /// Servers come and go under the callers.
    private final class Fleet: Sendable {
        private let servers: Mutex<[SharedProcesses.Server]>
        let acknowledged = Atomic<Int>(0)

        init(_ servers: [SharedProcesses.Server]) { self.servers = Mutex(servers) }

        subscript(index: Int) -> SharedProcesses.Server {
            servers.withLock { $0[index % $0.count] }
        }

        func replace(_ index: Int, _ server: SharedProcesses.Server) {
            servers.withLock { $0[index] = server }
        }
    }

    /// Each has an amount of its own, so that a sum tells which were counted.
    private func event(_ index: Int) -> AssayFeaturesV1.Event {
        Bank.payment(
            "e\(index)", cents: Int64(1_000 + index * index), card: "c\(index % 5)",
            customer: "p\(index % 3)", terminal: "t\(index % 2)",
            offset: Int64(Date().timeIntervalSince1970) - 1_760_000_000 - 60)
    }

    @Test("count every acknowledged event once, whichever of them is killed")
    func killed() async throws {
        let redis = try await RedisServer.start { $0.isPersistent = true }
        let processes = try SharedProcesses(redis: redis)
        let events = (0..<Self.events).map(event)
        let fleet = Fleet([try await processes.server(), try await processes.server()])
        var keeper = try await processes.keeper()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for caller in 0..<8 {
                tasks.addTask {
                    for index in stride(from: caller, to: events.count, by: 8) {
                        try await send(events[index], to: fleet, from: index)
                        fleet.acknowledged.add(1, ordering: .relaxed)
                    }
                }
            }
            try await reached(50, fleet)
            await kill(fleet[0].process)
            try await reached(100, fleet)
            fleet.replace(0, try await processes.server())
            await kill(keeper)
            try await reached(200, fleet)
            await kill(fleet[1].process)
            fleet.replace(1, try await processes.server())
            keeper = try await processes.keeper()
            try await tasks.waitForAll()
        }
        let bench = try await SharedBench(redis)
        try await eventually { try await bench.openEvents() == 0 }
        // All of them are known, to both.
        for (index, event) in events.enumerated() where index % 7 == 0 {
            #expect(try await fleet[index].score(event).outcome == .duplicate)
        }
        try await expectCountedOnce(events, fleet)
        // A keeper that is asked to end takes what there is.
        keeper.terminate()
        #expect(await keeper.end() == .exit(0))
        try expectKept(events, processes)
        for index in 0..<2 { await fleet[index].close() }
        await bench.close()
    }

    /// As a caller does who must know that the event is recorded.
    private func send(
        _ event: AssayFeaturesV1.Event, to fleet: Fleet, from index: Int
    ) async throws {
        for attempt in 0..<1_000 {
            do {
                let reply = try await fleet[index + attempt].score(event)
                if [.applied, .logged, .duplicate].contains(reply.outcome) { return }
                #expect(reply.outcome == .notRecorded)
            } catch let error as RPCError
                where [.unavailable, .aborted, .deadlineExceeded].contains(error.code)
            {
                // Once more, to the other one.
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("\(event.id) was never recorded")
    }

    private func expectCountedOnce(
        _ events: [AssayFeaturesV1.Event], _ fleet: Fleet
    ) async throws {
        for card in 0..<5 {
            let mine = stride(from: card, to: Self.events, by: 5)
            let cents = mine.reduce(0) { $0 + 1_000 + $1 * $1 }
            for server in 0..<2 {
                let vector = try await fleet[server].answer(event(card), dryRun: true).vector
                #expect(vector?.value("card_txn_cnt_24h") == Double(Self.events / 5))
                #expect(vector?.value("card_amt_sum_24h") == Double(cents))
            }
        }
        for terminal in 0..<2 {
            let vector = try await fleet[0].answer(event(terminal), dryRun: true).vector
            #expect(vector?.value("term_txn_cnt_24h") == Double(Self.events / 2))
        }
    }

    /// Each event has one row on the keeper's disk, and one version of each of its entities.
    private func expectKept(
        _ events: [AssayFeaturesV1.Event], _ processes: SharedProcesses
    ) throws {
        let storage = try RocksDBStore(
            directory: "\(processes.keeperDirectory)/\(SharedKeeper.directoryName(of: "bank"))",
            families: SharedKeeper.families)
        defer { storage.close() }
        #expect(try storage.rows("log", limit: 10_000).count == events.count)
        #expect(try storage.rows("ids", limit: 10_000).count == events.count)
        #expect(try storage.rows("trail", limit: 10_000).count == 3 * events.count)
    }

    @Test("say what is wrong with the shared store, and do not start")
    func refuse() async throws {
        let redis = try await RedisServer.start(password: "secret") {
            $0.arguments = ["--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"]
        }
        let processes = try SharedProcesses(redis: redis)
        let nobody = try FreePort.find()
        let key = ["--master-key", "\(processes.folder.path)/key"]
        try await expectRefused(
            processes, ["--redis", "redis://127.0.0.1:\(redis.port)"],
            says: "--master-key is needed")
        try await expectRefused(
            processes, ["--redis", "127.0.0.1:\(redis.port)"] + key,
            says: "must begin with redis://")
        try await expectRefused(
            processes, processes.store, says: "does not let us in")
        try await expectRefused(
            processes, processes.store, password: "wrong", says: "WRONGPASS")
        try await expectRefused(
            processes, processes.store, password: "secret", says: "maxmemory-policy is allkeys-lru")
        try await expectRefused(
            processes, ["--redis", "redis://127.0.0.1:\(nobody)"] + key,
            says: "redis://127.0.0.1:\(nobody) cannot be reached")
        await redis.kill()
    }

    private func expectRefused(
        _ processes: SharedProcesses, _ arguments: [String], password: String? = nil,
        says text: String
    ) async throws {
        let process = try processes.start(arguments, password: password)
        let end = await process.end()
        #expect(end != .exit(0))
        #expect(process.standardError.contains(text), "\(process.standardError)")
        #expect(!process.standardOutput.contains("ready"))
    }

    @Test("outlive their Redis, and serve again when it is back")
    func outage() async throws {
        let redis = try await RedisServer.start { $0.isPersistent = true }
        let processes = try SharedProcesses(redis: redis)
        let server = try await processes.server()
        let fleet = Fleet([server])
        try await send(event(0), to: fleet, from: 0)
        await redis.kill()
        let lost = try await server.answer(event(5))
        #expect(lost.outcome == .notRecorded)
        #expect(lost.vector?.kind("card_txn_cnt_24h") == .unavailable)
        let again = try await redis.restarted()
        try await send(event(5), to: fleet, from: 0)
        let vector = try await server.answer(event(10), dryRun: true).vector
        #expect(vector?.value("card_txn_cnt_24h") == 2)
        #expect(server.process.isRunning)
        await server.close()
        await again.kill()
    }

    private func kill(_ process: ChildProcess) async {
        process.kill()
        #expect(await process.end() == .signal(SIGKILL))
    }

    private func reached(_ count: Int, _ fleet: Fleet) async throws {
        while fleet.acknowledged.load(ordering: .relaxed) < count {
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    private func eventually(_ isSo: () async throws -> Bool) async throws {
        for _ in 0..<600 where try await !isSo() { try await Task.sleep(for: .milliseconds(50)) }
        #expect(try await isSo())
    }
}
