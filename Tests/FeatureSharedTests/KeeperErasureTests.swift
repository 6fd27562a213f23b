import AssayMessages
import FeatureEngine
import RPC
import Redis
import TestSupport
import Testing
import Wire

@testable import FeatureCore

@Suite(
    "Erasures at the keeper", .enabled(if: RedisServer.executable != nil), .timeLimit(.minutes(3)))
struct KeeperErasureTests {
    private func order(_ id: String) -> AssayFeaturesV1.EraseSubjectRequest {
        AssayFeaturesV1.EraseSubjectRequest(
            requestID: id, entity: "customer", key: ["anna"], reason: "asked for")
    }

    private func proof(_ sealed: [UInt8]) throws -> AssayFeaturesV1.ErasureProof {
        try SealedRecord.open(sealed)
    }

    private func payment(_ id: String) -> AssayFeaturesV1.Event {
        Bank.payment(id, card: "card-of-anna", customer: "anna")
    }

    @Test("wait for no event that can never be finished, and erase it as it is")
    func stuck() async throws {
        let bench = try await SharedBench.start()
        let (server, ending) = (try await bench.server(), try await SharedServer.ending(bench))
        for index in 0..<4 { _ = try await server.score(payment("e\(index)")) }
        #expect(try await ending.score(payment("left")).outcome == .logged)
        // Another's key stands where a state was; and an event that the store has lost.
        for case .bytes(let key) in try await bench.send("KEYS", "fs:{bank:card:*}:state:*")
            .elements ?? []
        {
            _ = try await bench.probe.send(RedisCommand("DEL", key: key))
            _ = try await bench.probe.send(
                RedisCommand("SADD", key: key, Array("a foreign thing".utf8)))
        }
        _ = try await bench.send("ZADD", "fs:{bank:log:3}:open", "0", "1000000000000-0")
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory) { $0.pause = .milliseconds(1) }
        try await keeper.keeper.round()
        let service = FeatureService(
            KeeperFeatureStore(keeper.keeper, recordingThrough: server.store))
        let rounds = Task { try await keeper.keeper.run() }
        let sealed = try await service.eraseSubject(order("r1"), context: SharedServer.context)
        #expect(try proof(sealed.proof).rows == 5)
        // Others go on.
        #expect(try await server.score(Bank.payment("other")).outcome == .applied)
        rounds.cancel()
        _ = try? await rounds.value
        try await keeper.keeper.round()
        #expect(keeper.keeper.statistics.stuck.load(ordering: .relaxed) == 2)
        let key = server.store.pipeline.keys.key(of: SharedBench.tenant)
        let anna = [
            key.pid(entity: "customer", key: "anna").bytes,
            key.pid(entity: "card", key: "card-of-anna").bytes,
        ]
        let rows = try keeper.logRows()
        #expect(rows.count == 6)
        #expect(rows.allSatisfy { row in row.entities.allSatisfy { !anna.contains($0.pid) } })
        #expect(rows.allSatisfy { row in row.sealed.allSatisfy { !anna.contains($0.subject) } })
        await keeper.close()
        await ending.close()
        await server.close()
        await bench.close()
    }

    @Test("say so when events from before them are not finished in time, and hold up nobody")
    func unfinished() async throws {
        let bench = try await SharedBench.start()
        let (server, ending) = (try await bench.server(), try await SharedServer.ending(bench))
        #expect(try await ending.score(payment("left")).outcome == .logged)
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory) { configuration in
            configuration.pause = .milliseconds(1)
            configuration.openLimit = .seconds(3_600)
            configuration.erasureLimit = .milliseconds(1)
        }
        try await keeper.keeper.round()
        let service = FeatureService(
            KeeperFeatureStore(keeper.keeper, recordingThrough: server.store))
        let rounds = Task { try await keeper.keeper.run() }
        let refused = await #expect(throws: RPCError.self) {
            try await service.eraseSubject(order("r1"), context: SharedServer.context)
        }
        #expect(refused?.reason == "EVENTS_OPEN")
        #expect(refused?.code == .unavailable)
        rounds.cancel()
        _ = try? await rounds.value
        // Nobody works on it any more: nobody is to wait.
        let closed = await #expect(throws: RPCError.self) {
            try await service.eraseSubject(order("r1"), context: SharedServer.context)
        }
        #expect(closed?.reason == "NOT_THE_KEEPER")
        await keeper.close()
        await ending.close()
        await server.close()
        await bench.close()
    }

    @Test("take no harm from what is no entity among the subject's")
    func hostileEntities() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        _ = try await server.score(payment("e1"))
        for case .bytes(let key) in try await bench.send("KEYS", "fs:{bank:subject:*}:keys")
            .elements ?? []
        {
            for member in [[UInt8](repeating: 0, count: 17), [], [255], Array("\u{3}card".utf8)] {
                _ = try await bench.probe.send(RedisCommand("SADD", key: key, member))
            }
        }
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory) { $0.pause = .milliseconds(1) }
        try await keeper.settle(bench)
        let service = FeatureService(
            KeeperFeatureStore(keeper.keeper, recordingThrough: server.store))
        let rounds = Task { try await keeper.keeper.run() }
        let sealed = try await service.eraseSubject(order("r1"), context: SharedServer.context)
        #expect(try proof(sealed.proof).entities == 2)
        rounds.cancel()
        _ = try? await rounds.value
        await keeper.close()
        await server.close()
        await bench.close()
    }
}
