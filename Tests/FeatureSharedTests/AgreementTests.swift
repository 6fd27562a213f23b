import FeatureCore
import FeatureEngine
import RPC
import Redis
import TestSupport
import Testing

@Suite(
    "Processes of one shared store", .enabled(if: RedisServer.executable != nil),
    .timeLimit(.minutes(2)))
struct AgreementTests {
    private func key(_ digit: Character) throws -> MasterKey {
        try #require(MasterKey(hex: String(repeating: digit, count: 64)))
    }

    @Test("need one master key: another is refused at the start")
    func masterKey() async throws {
        let bench = try await SharedBench.start()
        let (one, other) = (try key("1"), try key("2"))
        let first = try await bench.server { $0.masterKey = one }
        let second = try await bench.server { $0.masterKey = one }
        let refused = await #expect(throws: UnfitServer.self) {
            try await bench.server { $0.masterKey = other }
        }
        #expect(refused?.description.contains("another master key") == true)
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory) { $0.masterKey = other }
        await #expect(throws: UnfitServer.self) {
            try await keeper.keeper.check(allowsVolatile: true)
        }
        await keeper.close()
        await first.close()
        await second.close()
        await bench.close()
    }

    @Test("need definitions of one generation: another is refused, before and after it has started")
    func generation() async throws {
        let bench = try await SharedBench.start()
        // It starts while there is no tenant yet, with definitions whose states hold more.
        let early = try await bench.server(definitions: Bank.definitions(windows: "1h, 24h, 7d"))
        let server = try await bench.server()
        _ = try await server.score(Bank.payment("e1"))
        let error = await #expect(throws: RPCError.self) {
            try await early.score(Bank.payment("e2"))
        }
        #expect(error?.code == .failedPrecondition)
        let read = try await early.score(Bank.payment("e2"), dryRun: true)
        #expect(read.vector?.kind("card_txn_cnt_24h") == .unavailable)
        let refused = await #expect(throws: UnfitServer.self) {
            try await bench.server(definitions: Bank.definitions(windows: "1h, 24h, 7d"))
        }
        #expect(refused?.description.contains("one generation") == true)
        await early.close()
        await server.close()
        await bench.close()
    }

    @Test("may have definitions that differ in words alone")
    func words() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        _ = try await server.score(Bank.payment("e1"))
        let other = try await bench.server(definitions: Bank.definitions(owner: "others"))
        let reply = try await other.score(Bank.payment("e2"))
        #expect(reply.vector?.value("card_txn_cnt_24h") == 1)
        await other.close()
        await server.close()
        await bench.close()
    }
}
