import AssayMessages
import RPC
import RPCTransport
import Testing
import Wire

/// Row 21 of the failure matrix. `ReplayRequest` is `EchoMessage` with one field more, so each is
/// another version of the other: a field added, or a field taken out.
@Suite("A peer with another version of the schema")
struct SchemaVersionTests {
    private typealias Older = BenchV1.EchoMessage
    private typealias Newer = BenchV1.ReplayRequest

    /// Takes one version, and answers in the other.
    private struct Versions: RPCService {
        static let older = LifeService.method("Older")
        static let newer = LifeService.method("Newer")

        func register(in registry: inout MethodRegistry) {
            registry.unary(Self.older) { (request: Older, _) in
                Newer(payload: request.payload, count: 9)
            }
            registry.unary(Self.newer) { (request: Newer, _) in
                Older(payload: request.payload + [UInt8(request.count)])
            }
        }
    }

    private static func run(_ body: (RPCClient) async throws -> Void) async throws {
        let server = RPCServer(listeners: [.plaintext(port: 0)], services: [Versions()])
        try await server.start()
        let client = try RPCClient("127.0.0.1:\(server.port)")
        do {
            try await body(client)
        } catch {
            await server.shutdown(grace: .zero)
            throw error
        }
        await client.close()
        await server.shutdown(grace: .milliseconds(300))
    }

    @Test("row 21: our own clients understand older and newer servers")
    func typed() async throws {
        try await Self.run { client in
            // The request has a field that the server does not know, and so has the reply here.
            let fromNewer: Older = try await client.unary(
                Versions.older, Newer(payload: [1, 2], count: 5))
            #expect(fromNewer.payload == [1, 2])
            // The request lacks a field that the server knows, and so does the reply here.
            let fromOlder: Newer = try await client.unary(Versions.newer, Older(payload: [1, 2]))
            #expect(fromOlder.payload == [1, 2, 0])
            #expect(fromOlder.count == 0)
        }
    }

    @Test(
        "row 21: both directions work on both faces of gRPC",
        arguments: ["application/grpc", "application/grpc+proto", "application/grpc+assay"])
    func framed(_ contentType: String) async throws {
        func framed(_ message: some WireMessage) -> [UInt8] {
            let bytes = message.encoded()
            return [0, 0, 0, 0, UInt8(bytes.count)] + bytes
        }
        try await Self.run { client in
            func call(_ path: String, _ body: [UInt8]) async throws -> [UInt8] {
                let reply = try await client.forward(
                    RawRequest(target: path, headers: ["content-type": contentType], body: body),
                    deadline: .none)
                #expect(reply.trailers?["grpc-status"] == "0")
                return Array(reply.body.dropFirst(5))
            }
            let newer = try await call(
                Versions.older.path, framed(Newer(payload: [3], count: 5)))
            #expect(newer == Newer(payload: [3], count: 9).encoded())
            let older = try await call(Versions.newer.path, framed(Older(payload: [3])))
            #expect(older == Older(payload: [3, 0]).encoded())
        }
    }

    @Test(
        "row 21: on the JSON face what a newer caller leaves out works, and a new name is refused")
    func json() async throws {
        try await Self.run { client in
            func call(_ path: String, _ body: String) async throws -> (status: Int, body: String) {
                let reply = try await client.forward(
                    RawRequest(
                        target: path, headers: ["content-type": "application/json"],
                        body: Array(body.utf8)), deadline: .none)
                return (reply.status, String(decoding: reply.body, as: UTF8.self))
            }
            let older = try await call(Versions.newer.path, #"{"payload":"Aw=="}"#)
            #expect(older.status == 200)
            #expect(older.body.contains(#""payload":"AwA=""#), "\(older.body)")
            let newer = try await call(Versions.older.path, #"{"payload":"Aw=="}"#)
            #expect(newer.status == 200, "\(newer.body)")
            // JSON has no place to keep what a reader does not know: a name may as well be misspelled.
            let unknown = try await call(Versions.older.path, #"{"payload":"Aw==","count":5}"#)
            #expect(unknown.status == 400)
            #expect(unknown.body.contains("count"), "\(unknown.body)")
        }
    }
}
