import AssayMessages
import Foundation
import HTTP2
import NIOCore
import NIOPosix
import RPC
import RPCTransport
import Testing

@Suite("The debug page says why a stream stalls", .serialized)
struct StallTests {
    private struct Streams: BenchV1.Streaming.Service {
        let gate: Gate

        func replay(
            _ request: BenchV1.ReplayRequest, replies: ReplyWriter<BenchV1.EchoMessage>,
            context: ServerContext
        ) async throws {
            let message = BenchV1.EchoMessage(payload: request.payload)
            for _ in 0..<request.count { try await replies.write(message) }
        }

        func collect(
            _ requests: RequestStream<BenchV1.EchoMessage>, context: ServerContext
        ) async throws -> BenchV1.CollectSummary {
            await gate.wait()
            return try await requests.reduce(into: BenchV1.CollectSummary()) { sum, _ in
                sum.messages += 1
            }
        }

        func converse(
            _ requests: RequestStream<BenchV1.EchoMessage>,
            replies: ReplyWriter<BenchV1.EchoMessage>, context: ServerContext
        ) async throws {}
    }

    private static let payload = [UInt8](repeating: 7, count: 16 << 10)

    private func process(_ gate: Gate = Gate()) async throws -> ObservedProcess {
        try await ObservedProcess { _, _ in ([Streams(gate: gate)], []) }
    }

    @Test("peer window: a caller that does not read its stream of replies")
    func peerWindow() async throws {
        let process = try await process()
        let client = try RPCClient(process.target, profile: .mesh)
        try await BenchV1.Streaming.Client(client).replay(
            BenchV1.ReplayRequest(payload: Self.payload, count: 1_000),
            options: CallOptions(metadata: ["x-secret": "hunter2"])
        ) { _ in
            let view = try await process.debug { $0.stalls.contains("peer window") }
            #expect(view.servers[0].stalled["peer window"] == 1)
            let stream = try #require(view.servers[0].listed.first?.listed.first)
            #expect(stream.method == "bench.v1.Streaming/Replay")
            #expect(stream.metadata["x-secret"] == "redacted")
            let text = try await process.page("/debug/rpc", accept: "text/plain")
            #expect(text.contains("STALLED: peer window"))
            let json = try await process.page("/debug/rpc")
            #expect(!json.contains("hunter2") && !text.contains("hunter2"))
            let metrics = try await process.page("/metrics")
            #expect(
                metrics.contains(
                    #"assay_h2_stalled_streams{reason="peer_window",profile="mesh"} 1"#))
        }
        await client.close()
        try await process.stop()
    }

    @Test("handler: a handler that does not read its stream of requests")
    func handler() async throws {
        let gate = Gate()
        let process = try await process(gate)
        let client = try RPCClient(process.target, profile: .mesh)
        let summary = try await BenchV1.Streaming.Client(client).collect { writer in
            async let written: Void = {
                for _ in 0..<100 {
                    try await writer.write(BenchV1.EchoMessage(payload: Self.payload))
                }
            }()
            let view = try await process.debug { $0.stalls.contains("handler") }
            #expect(view.servers[0].stalled == ["peer window": 0, "handler": 1, "socket": 0])
            gate.open()
            try await written
        }
        #expect(summary.messages == 100)
        await client.close()
        try await process.stop()
    }

    @Test("socket: a peer that gives room and then reads nothing from its socket")
    func socket() async throws {
        let process = try await process()
        var profile = HTTP2Profile.client
        profile.streamWindow = .max
        profile.connectionWindow = .max
        let deaf = try DeafClient(profile: profile)
        let request = BenchV1.ReplayRequest(payload: Self.payload, count: 5_000)
        let channel = try await deaf.connect(
            to: process.server.port, calling: BenchV1.Streaming.replay.path,
            with: request.encoded(prefix: 5))
        let view = try await process.debug { $0.stalls.contains("socket") }
        #expect(view.servers[0].listed.first?.takesOutput == false)
        try await channel.close()
        _ = try await process.debug { $0.servers[0].connections == 0 }
        try await process.stop()
    }
}

/// A client that sends one request and reads nothing.
private final class DeafClient: HTTP2SessionDelegate {
    private var session: HTTP2Session?

    init(profile: HTTP2Profile) throws {
        session = HTTP2Session(role: .client, profile: profile, delegate: self)
    }

    func connect(
        to port: Int, calling path: String, with framed: [UInt8]
    ) async throws -> any Channel {
        var body = framed
        let length = body.count - 5
        for index in 0..<4 {
            body[1 + index] = UInt8(truncatingIfNeeded: length >> (24 - 8 * index))
        }
        var headers = HeaderBlock()
        for (name, value) in [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "test"),
            ("content-type", "application/grpc"), ("te", "trailers"),
        ] { headers.append(name, value) }
        _ = session?.submitRequest(headers: headers.arena, body: body)
        var bytes: [UInt8] = []
        _ = try session?.drain { bytes += $0 }
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: false)
            .connect(host: "127.0.0.1", port: port).get()
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
        return channel
    }

    func received(_ headers: HeaderBlock, on stream: HTTP2Stream, isLast: Bool) {}
    func received(_ data: UnsafeRawBufferPointer, on stream: HTTP2Stream) {}
    func sent(_ count: Int, on stream: HTTP2Stream) {}
    func receivedTrailers(_ trailers: HeaderBlock, on stream: HTTP2Stream) {}
    func receivedEnd(of stream: HTTP2Stream) {}
    func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {}
    func receivedGoAway(lastStreamID: Int32, code: HTTP2ErrorCode, debug: String) {}
    func receivedSettings() {}
    func receivedPingAcknowledgement(_ payload: UInt64) {}
}
