import AssayMessages
import TestSupport
import Testing

@testable import FeatureCore

@Suite(
    "What a shared server keeps of its calls", .enabled(if: RedisServer.executable != nil),
    .timeLimit(.minutes(3)))
struct ServedTests {
    @Test("a server whose statistics nobody takes gathers none")
    func statistics() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        #expect(try await server.score(Bank.payment("e1")).outcome == .applied)
        server.store.dropStatistics()
        #expect(server.store.pipeline.quality.recorder.take().isEmpty)
        await server.close()
        await bench.close()
    }
}
