import Glibc
import RPC
import RPCTransport
import Synchronization
import Testing

@Suite("Handlers on threads of their own")
struct HandlerPoolTests {
    @Test("T6: what blocks does not hold the loop; more than may wait are refused")
    func blocking() async throws {
        let pool = HandlerPool(threads: 2, maximumWaiting: 1)
        let blocking = BlockingBox()
        let server = RPCServer(
            listeners: [.plaintext(port: 0)],
            services: [blocking.service.runs(on: pool), LifeService()])
        try await server.start()
        let client = try RPCClient("127.0.0.1:\(server.port)")
        let errors = Errors()
        await withDiscardingTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    let error = await outcome {
                        let _: EchoMessage = try await client.unary(
                            LifeService.method("Block"), EchoMessage())
                    }
                    if let error { errors.add(error) }
                }
            }
            #expect(await eventually { errors.all.count == 1 })
            // Two threads are blocked; the loop is not.
            let echo = await outcome {
                let _: EchoMessage = try await client.unary(LifeService.once, EchoMessage())
            }
            #expect(echo == nil, "\(echo.map { "\($0)" } ?? "")")
            blocking.finish()
        }
        #expect(errors.all.first?.reason == "OVERLOADED")
        let reply: EchoMessage = try await client.unary(
            LifeService.method("Thread"), EchoMessage())
        #expect(!reply.payload.isEmpty)
        await client.close()
        await server.shutdown(grace: .milliseconds(300))
        await pool.shutdown()
    }

    /// A service that blocks until it is told to finish.
    private final class BlockingBox: Sendable {
        private let isFinished = Atomic(false)

        func finish() { isFinished.store(true, ordering: .relaxed) }

        var service: some RPCService { Service(box: self) }

        private struct Service: RPCService {
            let box: BlockingBox

            func register(in registry: inout MethodRegistry) {
                registry.unary(LifeService.method("Block")) { (request: EchoMessage, _) in
                    while !box.isFinished.load(ordering: .relaxed) { usleep(1_000) }
                    return request
                }
                registry.unary(LifeService.method("Thread")) { (_: EchoMessage, _) in
                    EchoMessage(payload: Array("\(UInt64(pthread_self()))".utf8))
                }
            }
        }
    }
}
