import AssayMessages
import NIOCore
import Synchronization
import TLS
import Testing
import Wire

@testable import RPC
@testable import RPCTransport

@Suite("Streaming calls between our client and our server")
struct StreamingCallTests {
    func payload(_ index: Int) -> EchoMessage {
        EchoMessage(payload: Array(repeating: UInt8(truncatingIfNeeded: index), count: index % 300))
    }

    // MARK: Each kind

    @Test("a stream of replies comes in order, thousands of them")
    func serverStreaming() async throws {
        var service = StreamService()
        service.watch = { request, replies, _ in
            for index in 0..<10_000 { try await replies.write(self.payload(index)) }
        }
        try await TestServer.run(service) { client, _ in
            let count = try await client.serverStreaming(StreamService.watch, EchoMessage()) {
                (replies: ReplyStream<EchoMessage>) in
                var count = 0
                for try await reply in replies {
                    #expect(reply == payload(count))
                    count += 1
                }
                return count
            }
            #expect(count == 10_000)
        }
    }

    @Test("a stream of requests is answered once")
    func clientStreaming() async throws {
        try await TestServer.run(StreamService()) { client, _ in
            let reply: EchoMessage = try await client.clientStreaming(StreamService.collect) {
                (requests: RequestWriter<EchoMessage>) in
                for index in 0..<10_000 { try await requests.write(payload(index)) }
            }
            let sum = (0..<10_000).reduce(0) { $0 + $1 % 300 }
            #expect(String(decoding: reply.payload, as: UTF8.self) == "\(sum)")
            let nothing: EchoMessage = try await client.clientStreaming(StreamService.collect) {
                (_: RequestWriter<EchoMessage>) in
            }
            #expect(nothing.payload == Array("0".utf8))
        }
    }

    @Test("both ways at once, from two tasks")
    func bidirectional() async throws {
        try await TestServer.run(StreamService()) { client, _ in
            try await client.bidirectional(StreamService.converse) {
                (requests: RequestWriter<EchoMessage>, replies: ReplyStream<EchoMessage>) in
                async let sent: Void = {
                    for index in 0..<10_000 { try await requests.write(payload(index)) }
                    requests.finish()
                }()
                var count = 0
                for try await reply in replies {
                    #expect(reply == payload(count))
                    count += 1
                }
                try await sent
                #expect(count == 10_000)
            }
        }
    }

    @Test("one at a time, to and fro, and messages up to the limit")
    func pingPong() async throws {
        try await TestServer.run(StreamService()) { client, _ in
            try await client.bidirectional(StreamService.converse) {
                (requests: RequestWriter<EchoMessage>, replies: ReplyStream<EchoMessage>) in
                var iterator = replies.makeAsyncIterator()
                for size in [0, 1, 16_383, 99_990] + Array(repeating: 7, count: 200) {
                    let message = EchoMessage(payload: Array(repeating: 9, count: size))
                    try await requests.write(message)
                    #expect(try await iterator.next() == message)
                }
                requests.finish()
                #expect(try await iterator.next() == nil)
            }
        }
    }

    @Test("a hundred streams share a connection")
    func concurrent() async throws {
        try await TestServer.run(StreamService()) { client, server in
            try await withThrowingTaskGroup { group in
                for stream in 0..<100 {
                    group.addTask {
                        try await client.bidirectional(StreamService.converse) {
                            (
                                requests: RequestWriter<EchoMessage>,
                                replies: ReplyStream<EchoMessage>
                            )
                            in
                            var iterator = replies.makeAsyncIterator()
                            for index in 0..<50 {
                                let message = payload(stream * 1_000 + index)
                                try await requests.write(message)
                                #expect(try await iterator.next() == message)
                            }
                            requests.finish()
                            #expect(try await iterator.next() == nil)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(server.server.connectionCount <= System.coreCount)
        }
    }

    @Test("streams work over TLS")
    func tls() async throws {
        let authority = try DevelopmentCertificateAuthority(validity: .days(1))
        let identity = try authority.issue(
            LeafCertificateRequest(
                commonName: "leaf", spiffeID: nil, dnsNames: ["localhost"],
                ipAddresses: ["127.0.0.1"], validity: .days(1)))
        let server = try await TestServer(
            StreamService(), tls: try TLSContext.server(identity: identity))
        let client = try RPCClient(
            server.target,
            tls: TLSContext.client(trust: authority.trust, serverName: "localhost"))
        let count = try await client.serverStreaming(
            StreamService.watch, EchoMessage(payload: [200])
        ) { (replies: ReplyStream<EchoMessage>) in
            try await replies.reduce(into: 0) { count, _ in count += 1 }
        }
        #expect(count == 200)
        await server.stop(client)
    }

    // MARK: Back-pressure

    @Test("a caller that does not read has at most a window and a message buffered")
    func slowCaller() async throws {
        var service = StreamService()
        service.watch = { _, replies, _ in
            for index in 0..<3_000 {
                try await replies.write(
                    EchoMessage(payload: Array(repeating: UInt8(index & 255), count: 1_000)))
            }
        }
        try await TestServer.run(service) { client, _ in
            let window = Int(RPCProfile.client.http2.streamWindow)
            let stream = try client.stream(StreamService.watch, options: CallOptions())
            try await RequestWriter<EchoMessage>(stream.requests, StreamService.watch).send {
                try await $0.write(EchoMessage())
            }
            while stream.replies.buffered < window - 20_000 { await Task.yield() }
            var (count, most) = (0, 0)
            let replies = ReplyStream<EchoMessage>(.replies, stream.replies, StreamService.watch)
            for try await reply in replies {
                #expect(reply.payload.first == UInt8(count & 255))
                most = max(most, stream.replies.buffered)
                count += 1
            }
            #expect(count == 3_000)
            #expect(most <= window + 1_010)
            stream.leave()
        }
    }

    @Test("a caller that writes faster than the handler reads has at most 256 KiB unsent")
    func slowHandler() async throws {
        let gate = Gate()
        var service = StreamService()
        service.collect = { requests, _ in
            await gate.wait()
            let count = try await requests.reduce(into: 0) { count, _ in count += 1 }
            return EchoMessage(payload: [UInt8(count / 100)])
        }
        try await TestServer.run(service) { client, _ in
            let stream = try client.stream(StreamService.collect, options: CallOptions())
            let requests = RequestWriter<EchoMessage>(stream.requests, StreamService.collect)
            let writer = Task {
                for _ in 0..<3_000 {
                    try await requests.write(
                        EchoMessage(payload: Array(repeating: 1, count: 1_000)))
                    #expect(stream.requests.unsent <= 256 << 10 + 1_010)
                }
                requests.finish()
            }
            while stream.requests.unsent <= 256 << 10 { await Task.yield() }
            gate.open()
            try await writer.value
            let reply = try await ReplyStream<EchoMessage>(
                .replies, stream.replies, StreamService.collect
            ).only()
            #expect(reply.payload == [30])
            stream.leave()
        }
    }
}
