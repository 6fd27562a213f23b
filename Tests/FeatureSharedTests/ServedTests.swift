import AssayMessages
import TestSupport
import Testing

@testable import FeatureCore

@Suite(
    "What a shared server keeps of its calls", .enabled(if: RedisServer.executable != nil),
    .timeLimit(.minutes(3)))
struct ServedTests {
    @Test("a server gathers no statistics that it has sent")
    func statistics() async throws {
        let bench = try await SharedBench.start()
        let server = try await bench.server()
        #expect(try await server.score(Bank.payment("e1")).outcome == .applied)
        await server.store.sendStatistics()
        #expect(server.store.pipeline.quality.recorder.take().isEmpty)
        await server.close()
        await bench.close()
    }
}
