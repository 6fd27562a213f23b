import GatewayCore
import NIOPosix
import RPC
import RPCTransport
import TestSupport
import Testing

/// A service that says what no service may say; how it lies is asked for by the caller.
private struct HostileService: RequestHandler {
    let limit: Int

    func admit(_ head: RequestHead, from peer: Peer) -> Admission {
        .accept(
            Acceptance(
                maximumBytes: 1 << 20, isFramed: head.contentType.isGRPC,
                deadline: Deadline(head.receivedAt + .seconds(60))))
    }

    func handle(_ request: borrowing InboundRequest) -> RequestOutcome {
        var reply = RawReply(
            status: 200, headers: ["content-type": "application/grpc"], body: [0, 0, 0, 0, 0],
            trailers: ["grpc-status": "0"])
        switch request.head.fields["x-lie"] {
        case "identity":
            reply.headers.append("assay-tenant", "other")
            reply.headers.append("assay-scopes", "risk.rules.apply")
            reply.headers.append("assay-request-id", "forged")
            reply.headers.append("server", "inner-host-7")
            reply.headers.append("custom", "passes")
        case "overflow": reply.body = Self.prefix(limit + 1) + [UInt8](repeating: 7, count: 4096)
        case "endless": reply.body = Self.prefix(Int(UInt32.max)) + [1, 2, 3]
        case "two": reply.body = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        default:
            // Health is not served: clients then take every endpoint that they can reach.
            if request.head.target.hasPrefix("/grpc.") {
                (reply.body, reply.trailers) = ([], ["grpc-status": "12"])
            }
        }
        return .reply(.raw(reply))
    }

    private static func prefix(_ length: Int) -> [UInt8] {
        [0] + stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: length >> $0) }
    }
}

@Suite("A service that lies", .serialized, .timeLimit(.minutes(2)))
struct HostileUpstreamTests {
    @Test("an upstream cannot set assay-* or overflow")
    func lies() async throws {
        let method = GatewayUnderTest.method
        let server = RPCServer(
            listeners: [.plaintext(port: 0)],
            handler: HostileService(limit: method.maximumResponseBytes),
            group: MultiThreadedEventLoopGroup.singleton)
        try await server.start()
        let running = Task { try await server.run() }
        let files = GatewayFiles(upstreamPort: server.port)
        let gateway = try await GatewayUnderTest(files.all([GatewayFiles.entry(1)]))
        let client = try gateway.client()
        func call(_ lie: String) async throws -> RawReply {
            try await client.forward(
                RawRequest(
                    target: method.path,
                    headers: [
                        "content-type": "application/grpc", "x-api-key": GatewayFiles.key(1).text,
                        "x-lie": lie, "x-request-id": "mine",
                    ], body: [0, 0, 0, 0, 0]),
                deadline: Deadline(ProcessClock.now + .seconds(30)))
        }
        let told = try await call("identity")
        let names = told.headers.map(\.name).filter { $0.hasPrefix("assay-") || $0 == "server" }
        #expect(names == ["assay-request-id"], "\(names)")
        #expect(told.headers["assay-request-id"] == "mine" && told.headers["custom"] == "passes")
        for (lie, code) in [
            ("overflow", StatusCode.resourceExhausted), ("endless", .resourceExhausted),
            // More messages than the method has: the library's own code for it.
            ("two", .unimplemented),
        ] {
            let reply = try await call(lie)
            let fields = reply.trailers ?? reply.headers
            let error = try #require(
                RPCError(trailers: fields), "\(lie): \(fields["grpc-status"] ?? "")")
            #expect(error.code == code, "\(lie): \(error)")
            // What is wrong inside names nothing of the inside.
            #expect(!error.message.contains("127.0.0.1"), "\(error)")
        }
        // And goes on serving.
        #expect(try await call("no").trailers?["grpc-status"] == "0")
        await client.close()
        await gateway.stop()
        await server.shutdown(DrainTimes(endpointDelay: .zero, grace: .zero))
        _ = try? await running.value
    }
}
