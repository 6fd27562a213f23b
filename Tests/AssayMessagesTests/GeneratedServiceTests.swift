import AssayMessages
import RPC
import Testing
import Wire

@Suite("Generated services")
struct GeneratedServiceTests {
    struct EchoService: BenchV1.Echo.Service {
        func say(
            _ request: BenchV1.EchoMessage, context: ServerContext
        ) async throws -> BenchV1.EchoMessage {
            request
        }
    }

    /// Carries a call to a service in the same process, as bytes.
    struct Loopback: ClientTransport {
        let service = EchoService()

        func unary(
            _ method: MethodDescriptor, framed: [UInt8], options: CallOptions
        ) async throws(RPCError) -> ReplyMessage {
            do {
                let request = try BenchV1.EchoMessage(decoding: framed.dropFirst(5), door: .strict)
                let context = ServerContext(method: method)
                let response = try await service.say(request, context: context)
                return ReplyMessage(framed: response.encoded(prefix: 5))
            } catch {
                throw RPCError(code: .internal, message: "\(error)", cause: error)
            }
        }
    }

    @Test("a service registers every method of its schema")
    func registers() {
        var registry = MethodRegistry()
        EchoService().register(in: &registry)
        #expect(registry.methods.map(\.path) == BenchV1.Echo.methods.map(\.path))
    }

    @Test("the client sends what the service's handler receives")
    func calls() async throws {
        let client = BenchV1.Echo.Client(Loopback())
        let message = BenchV1.EchoMessage(payload: [1, 2, 3])
        #expect(try await client.say(message) == message)
    }

    @Test("a request over its limit never leaves the client")
    func oversized() async {
        let client = BenchV1.Echo.Client(Loopback())
        let limit = BenchV1.Echo.say.maximumRequestBytes
        let message = BenchV1.EchoMessage(payload: [UInt8](repeating: 0, count: limit + 1))
        let error = await #expect(throws: RPCError.self) { try await client.say(message) }
        #expect(error?.code == .resourceExhausted)
    }
}
