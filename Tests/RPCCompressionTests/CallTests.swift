import AssayMessages
import NIOPosix
import RPC
import RPCTransport
import Synchronization
import Testing
import Wire

@Suite("Packed messages in all kinds of calls")
struct CallTests {
    private static let message = EchoMessage(payload: [UInt8](repeating: 0x62, count: 20_000))
    private static let small = EchoMessage(payload: [1, 2, 3])
    private static let packing = CallOptions(compression: .gzip)

    private static func run(
        _ body: (RPCClient, PackingServer) async throws -> Void
    ) async throws {
        try await PackingServer.run(compressing: EchoService.streams + [EchoService.method]) {
            server in
            let client = try RPCClient(server.target)
            do {
                try await body(client, server)
            } catch {
                await client.close()
                throw error
            }
            await client.close()
        }
    }

    @Test("unary: packed both ways, the small message as it is; the caller offers gzip always")
    func unary() async throws {
        try await Self.run { client, server in
            for message in [Self.message, Self.small] {
                for options in [Self.packing, CallOptions()] {
                    let reply: EchoMessage = try await client.unary(
                        EchoService.method, message, options: options)
                    #expect(reply == message)
                }
            }
            let heard = server.handler.heard
            #expect(heard.map(\.encoding) == ["gzip", nil, nil, nil])
            #expect(heard.map(\.flag) == [1, 0, 0, 0])
            #expect(heard.allSatisfy { $0.accepts == "identity,gzip" })
        }
    }

    @Test("server streaming", arguments: [CallOptions(compression: .gzip), CallOptions()])
    func serverStreaming(options: CallOptions) async throws {
        try await Self.run { client, _ in
            let replies = try await client.serverStreaming(
                EchoService.replay, Self.message, options: options
            ) { (replies: ReplyStream<EchoMessage>) in
                try await replies.reduce(into: []) { $0.append($1) }
            }
            #expect(replies == [Self.message, Self.message, Self.message])
        }
    }

    @Test("client streaming", arguments: [CallOptions(compression: .gzip), CallOptions()])
    func clientStreaming(options: CallOptions) async throws {
        try await Self.run { client, server in
            let reply: EchoMessage = try await client.clientStreaming(
                EchoService.collect, options: options
            ) { (writer: RequestWriter<EchoMessage>) in
                for message in [Self.message, Self.small, Self.message] {
                    try await writer.write(message)
                }
            }
            #expect(
                reply.payload == Self.message.payload + Self.small.payload + Self.message.payload)
            let expected = options.compression == .gzip ? "gzip" : nil
            #expect(server.handler.heard.last?.encoding == expected)
        }
    }

    @Test("bidirectional", arguments: [CallOptions(compression: .gzip), CallOptions()])
    func bidirectional(options: CallOptions) async throws {
        try await Self.run { client, _ in
            try await client.bidirectional(EchoService.converse, options: options) {
                (writer: RequestWriter<EchoMessage>, replies: ReplyStream<EchoMessage>) in
                var iterator = replies.makeAsyncIterator()
                for message in [Self.message, Self.small, Self.message] {
                    try await writer.write(message)
                    #expect(try await iterator.next() == message)
                }
                writer.finish()
                #expect(try await iterator.next() == nil)
            }
        }
    }

    @Test("on the wire a stream's replies are packed one by one, each by itself")
    func messagesStandAlone() async throws {
        try await PackingServer.run(compressing: EchoService.streams) { server in
            let reply = try await server.send(
                server.plain(Self.message), accepts: "gzip", to: EchoService.replay)
            #expect(reply.headers["grpc-encoding"] == "gzip")
            let one = reply.body.count / 3
            let first = Array(reply.body.prefix(one))
            #expect(first.count < 200)
            #expect(reply.body == first + first + first)
            let message = try Packing.inflate(Array(first.dropFirst(MessagePrefix.count)))
            #expect(message == Self.message.encoded(prefix: 0))
        }
    }

    @Test("a bomb in a stream ends it, behind the messages before it")
    func bombInStream() async throws {
        try await PackingServer.run { server in
            let bomb = Packing.framed(Packing.zeros(10_000_000))
            for method in [EchoService.collect, EchoService.converse] {
                let reply = try await server.send(
                    server.packed(Self.message) + bomb + server.packed(Self.message),
                    encoding: "gzip", to: method)
                #expect(reply.error?.code == .resourceExhausted)
                #expect(reply.error?.reason == "INFLATED_TOO_LARGE")
            }
            let replies = try await server.send(bomb, encoding: "gzip", to: EchoService.replay)
            #expect(replies.error?.reason == "INFLATED_TOO_LARGE")
        }
    }

    @Test("a packed message without an encoding ends a stream, in its first byte")
    func streamWithoutEncoding() async throws {
        try await PackingServer.run { server in
            for method in EchoService.streams {
                let reply = try await server.send(server.packed(Self.message), to: method)
                #expect(reply.error?.code == .internal)
            }
        }
    }
}

@Suite("Servers that pack badly")
struct MispackingServerTests {
    private static let message = EchoMessage(payload: [UInt8](repeating: 0x63, count: 5000))

    /// Answers every call with the same bytes.
    private struct Scripted: RequestHandler {
        let reply: RawReply

        func admit(_ head: RequestHead, from peer: Peer) -> Admission {
            .accept(Acceptance(maximumBytes: 1 << 20, isFramed: true, deadline: .none))
        }

        func handle(_ request: borrowing InboundRequest) -> RequestOutcome { .reply(.raw(reply)) }
    }

    /// What a client makes of a reply with this body: a unary call, and a stream of replies.
    private static func outcomes(
        of body: [UInt8], encoding: String?
    ) async throws -> [Result<EchoMessage, RPCError>] {
        var headers: Metadata = ["content-type": "application/grpc"]
        if let encoding { headers.append("grpc-encoding", encoding) }
        let reply = RawReply(
            status: 200, headers: headers, body: body, trailers: ["grpc-status": "0"])
        let server = RPCServer(
            listeners: [.plaintext(port: 0)], handler: Scripted(reply: reply))
        try await server.start()
        let client = try RPCClient("127.0.0.1:\(server.port)")
        var outcomes: [Result<EchoMessage, RPCError>] = []
        do {
            outcomes.append(.success(try await client.unary(EchoService.method, message)))
        } catch let error as RPCError {
            outcomes.append(.failure(error))
        }
        do {
            let streamed = try await client.serverStreaming(EchoService.replay, message) {
                (replies: ReplyStream<EchoMessage>) in
                try await replies.reduce(into: []) { $0.append($1) }
            }
            outcomes += streamed.map { .success($0) }
        } catch let error as RPCError {
            outcomes.append(.failure(error))
        }
        await client.close()
        await server.shutdown(grace: .milliseconds(200))
        return outcomes
    }

    @Test("a packed reply is read, also from servers that pack every message")
    func packed() async throws {
        let packed = Packing.framed(Packing.gzip(Array(Self.message.encoded(prefix: 0))))
        let outcomes = try await Self.outcomes(of: packed, encoding: "gzip")
        #expect(try outcomes.map { try $0.get() } == [Self.message, Self.message])
    }

    @Test("a bomb fails the call with INFLATED_TOO_LARGE")
    func bomb() async throws {
        let bomb = Packing.framed(Packing.zeros(100_000_000))
        for outcome in try await Self.outcomes(of: bomb, encoding: "gzip") {
            let error = #expect(throws: RPCError.self) { try outcome.get() }
            #expect(error?.code == .resourceExhausted)
            #expect(error?.reason == "INFLATED_TOO_LARGE")
        }
    }

    @Test(
        "a reply packed in a way that was not offered, or not said, is INTERNAL",
        arguments: [nil, "identity", "br"])
    func notOffered(encoding: String?) async throws {
        let packed = Packing.framed(Packing.gzip(Array(Self.message.encoded(prefix: 0))))
        for outcome in try await Self.outcomes(of: packed, encoding: encoding) {
            let error = #expect(throws: RPCError.self) { try outcome.get() }
            #expect(error?.code == .internal)
        }
    }
}
