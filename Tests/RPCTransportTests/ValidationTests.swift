import AssayMessages
import RPC
import RPCTransport
import Testing
import Wire

@Suite("What a request must be")
struct ValidationTests {
    /// Takes a message whose schema has rules: `name` and `version` are required, both bounded.
    struct VectorService: RPCService {
        static let check = EchoService.method("Check")

        func register(in registry: inout MethodRegistry) {
            registry.unary(Self.check) { (request: AssayFeaturesV1.VectorRef, _) in
                EchoMessage(payload: Array(request.name.utf8))
            }
        }
    }

    func run(_ body: (RPCClient) async throws -> Void) async throws {
        let server = RPCServer(listeners: [.plaintext(port: 0)], services: [VectorService()])
        try await server.start()
        let client = try RPCClient("127.0.0.1:\(server.port)")
        do {
            try await body(client)
        } catch {
            await client.close()
            await server.shutdown(grace: .zero)
            throw error
        }
        await client.close()
        await server.shutdown(grace: .zero)
    }

    func json(_ client: RPCClient, _ text: String) async throws -> RawReply {
        try await client.forward(
            RawRequest(
                target: VectorService.check.path, headers: ["content-type": "application/json"],
                body: Array(text.utf8)), deadline: .none)
    }

    func grpc(
        _ client: RPCClient, _ message: [UInt8], _ type: String = "application/grpc"
    ) async throws -> RPCError? {
        var framed = [0, 0, 0, 0, 0] + message
        MessagePrefix.write(into: &framed)
        let reply = try await client.forward(
            RawRequest(
                target: VectorService.check.path, headers: ["content-type": type], body: framed),
            deadline: .none)
        return RPCError(trailers: reply.trailers ?? reply.headers)
    }

    @Test("a field that breaks its rule is named, on every face")
    func violations() async throws {
        try await run { client in
            let long = AssayFeaturesV1.VectorRef(
                name: String(repeating: "n", count: 65), version: 0)
            let error = await #expect(throws: RPCError.self) {
                let _: EchoMessage = try await client.unary(VectorService.check, long)
            }
            #expect(error?.code == .invalidArgument)
            guard case .badRequest(let fields)? = error?.details.first else {
                Issue.record("no BadRequest in \(String(describing: error))")
                return
            }
            #expect(Set(fields.map(\.field)) == ["/name", "/version"])
            let reply = try await json(client, "{\"name\":\"x\"}")
            #expect(reply.status == 400)
            let body = String(decoding: reply.body, as: UTF8.self)
            #expect(body.contains("\"code\":\"invalid_argument\""))
            #expect(body.contains("\"field\":\"/version\""))
        }
    }

    @Test("bytes that are no message are INTERNAL on gRPC, 400 on JSON")
    func undecodable() async throws {
        try await run { client in
            let garbage = try await grpc(client, [0xFF, 0xFF, 0xFF])
            #expect(garbage?.code == .internal)
            let reply = try await json(client, "[1,2")
            #expect(reply.status == 400)
        }
    }

    @Test("fields out of order pass the tolerant door and not the strict one")
    func doors() async throws {
        // version = 3 before name = "n".
        let swapped: [UInt8] = [0x10, 3, 0x0A, 1, 0x6E]
        try await run { client in
            let tolerant = try await grpc(client, swapped)
            #expect(tolerant == nil)
            let strict = try await grpc(client, swapped, "application/grpc+assay")
            #expect(strict?.code == .internal)
            #expect(strict?.reason == "NOT_CANONICAL")
        }
    }

    @Test("random bytes at all three doors are answered, never fatal")
    func random() async throws {
        try await run { client in
            var generator = SplitMix(state: 11)
            for _ in 0..<200 {
                let bytes = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
                    UInt8.random(in: 0...255, using: &generator)
                }
                _ = try await grpc(client, bytes)
                _ = try await grpc(client, bytes, "application/grpc+assay")
                let reply = try await json(client, String(decoding: bytes, as: UTF8.self))
                #expect(reply.status == 400)
            }
        }
    }
}
