import AssayMessages
import NIOPosix
import RPC
import RPCTransport
import Testing

@Suite("Negotiation of gzip")
struct NegotiationTests {
    private static let message = EchoMessage(payload: [UInt8](repeating: 0x61, count: 5000))

    @Test(
        "P16: a packed message without an encoding that packs is INTERNAL",
        arguments: [nil, "identity"])
    func packedWithoutEncoding(encoding: String?) async throws {
        try await PackingServer.run { server in
            let reply = try await server.send(
                server.packed(Self.message), encoding: encoding)
            #expect(reply.error?.code == .internal)
            #expect(reply.isTrailersOnly)
        }
    }

    @Test("P17: an unknown encoding is UNIMPLEMENTED, and the reply lists what is known")
    func unknownEncoding() async throws {
        try await PackingServer.run { server in
            for name in ["br", "zstd", "GZIP", "gzip,identity", "deflate", ""] {
                let reply = try await server.send(server.packed(Self.message), encoding: name)
                #expect(reply.error?.code == .unimplemented, "\(name)")
                #expect(reply.isTrailersOnly)
                #expect(reply.headers["grpc-accept-encoding"] == "identity,gzip")
            }
        }
    }

    @Test("a caller that packs gets its answer; one that names gzip need not pack")
    func packedRequest() async throws {
        try await PackingServer.run { server in
            for framed in [server.packed(Self.message), server.plain(Self.message)] {
                let reply = try await server.send(framed, encoding: "gzip")
                #expect(reply.error == nil)
                #expect(reply.headers["grpc-encoding"] == nil)
                #expect(reply.body == server.plain(Self.message))
            }
        }
    }

    @Test("P18: replies are packed for who offers to read it, and for nobody else")
    func packedReply() async throws {
        try await PackingServer.run(compressing: [EchoService.method]) { server in
            let plain = server.plain(Self.message)
            for offer in ["gzip", "identity,gzip", "identity, deflate , gzip", "gzip,br"] {
                let reply = try await server.send(plain, accepts: offer)
                #expect(reply.headers["grpc-encoding"] == "gzip", "\(offer)")
                #expect(reply.body.first == 1)
                #expect(reply.body.count < 200)
            }
            for offer in [nil, "identity", "", ",", "gzipped", "x-gzip", "gz ip", "GZIP"]
                as [String?]
            {
                let reply = try await server.send(plain, accepts: offer)
                #expect(reply.headers["grpc-encoding"] == nil, "\(offer ?? "none")")
                #expect(reply.body == plain)
            }
        }
    }

    @Test("a reply that packing does not make smaller goes as it is")
    func tinyReply() async throws {
        try await PackingServer.run(compressing: [EchoService.method]) { server in
            let framed = server.plain(EchoMessage(payload: [1]))
            let reply = try await server.send(framed, accepts: "gzip")
            #expect(reply.error == nil)
            #expect(reply.body == framed)
        }
    }

    @Test("beside credentials nothing is packed, whatever was asked for")
    func credentials() async throws {
        try await PackingServer.run(compressing: [EchoService.secret]) { server in
            let reply = try await server.send(
                server.packed(Self.message), encoding: "gzip", accepts: "gzip",
                to: EchoService.secret)
            #expect(reply.headers["grpc-encoding"] == nil)
            #expect(reply.body == server.plain(Self.message))
            let client = try RPCClient(server.target)
            _ =
                try await client.unary(
                    EchoService.secret, Self.message, options: CallOptions(compression: .gzip))
                as EchoMessage
            #expect(server.handler.heard.last?.encoding == nil)
            #expect(server.handler.heard.last?.flag == 0)
            await client.close()
        }
    }

    @Test("a bomb is RESOURCE_EXHAUSTED with INFLATED_TOO_LARGE, and the connection lives on")
    func bomb() async throws {
        try await PackingServer.run { server in
            let bomb = Packing.framed(Packing.zeros(50_000_000))
            let reply = try await server.send(bomb, encoding: "gzip")
            #expect(reply.error?.code == .resourceExhausted)
            #expect(reply.error?.reason == "INFLATED_TOO_LARGE")
            let next = try await server.send(server.packed(Self.message), encoding: "gzip")
            #expect(next.error == nil)
        }
    }

    @Test("P19: the packed length is held against the method's limit too")
    func packedLength() async throws {
        try await PackingServer.run { server in
            let reply = try await server.send(
                Packing.framed([UInt8](repeating: 0, count: 1_000_001)), encoding: "gzip")
            #expect(reply.error?.code == .resourceExhausted)
            #expect(reply.error?.reason == "MESSAGE_TOO_LARGE")
        }
    }

    @Test("damage, a second member and other flags are INTERNAL")
    func damage() async throws {
        try await PackingServer.run { server in
            let packed = Array(server.packed(Self.message).dropFirst(5))
            let bodies = [
                Packing.framed(Array(packed.dropLast())), Packing.framed(packed + packed),
                Packing.framed(packed + [0]), Packing.framed(Array("{}".utf8)), Packing.framed([]),
                Packing.framed(packed, flag: 2), Packing.framed(packed, flag: 255),
            ]
            for body in bodies {
                let reply = try await server.send(body, encoding: "gzip")
                #expect(reply.error?.code == .internal)
                #expect(reply.isTrailersOnly)
            }
        }
    }
}

extension RawReply {
    var error: RPCError? { RPCError(trailers: trailers ?? headers) }
    var isTrailersOnly: Bool { trailers == nil && body.isEmpty }
}
