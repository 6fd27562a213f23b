import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import ServiceRuntime

@Suite("Liveness")
struct LivenessTests {
    /// Keeps a thread busy until it is let go.
    private final class Hold: Sendable {
        private let isOver = Atomic(false)

        func keep() {
            while !isOver.load(ordering: .acquiring) {}
        }

        func letGo() { isOver.store(true, ordering: .releasing) }
    }

    @Test(
        "a process lives while each of its event loops answers, and the one that does not is named")
    func silent() async throws {
        let work = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let witness = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let liveness = Liveness(of: work, witness: witness)
        #expect(await liveness.silentLoops().isEmpty)
        let hold = Hold()
        let second = Array(work.makeIterator())[1]
        second.execute { hold.keep() }
        let hasty = Liveness(of: work, witness: witness, patience: .milliseconds(200))
        let silent = await hasty.silentLoops()
        #expect(silent.contains(1))
        hold.letGo()
        #expect(await liveness.silentLoops().isEmpty)
        try await witness.shutdownGracefully()
        try await work.shutdownGracefully()
    }

    @Test("the page is what Kubernetes' probes expect, and names what is stuck")
    func page() {
        #expect(AdminResponse.liveness([]).status == 200)
        #expect(AdminResponse.liveness([1]).status == 503)
        #expect("\(AdminResponse.liveness([1]))".contains("event loop 1"))
    }
}
