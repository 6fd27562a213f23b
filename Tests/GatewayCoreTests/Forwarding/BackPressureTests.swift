import RPC
import RawHTTP2
import Synchronization
import Testing

@testable import GatewayCore

/// gateway.md §9: the window of the slower side is the back-pressure of the faster one, and a call holds
/// at most three windows of 64 KiB.
@Suite("Forwarded calls that one side does not read", .serialized, .timeLimit(.minutes(2)))
struct BackPressureTests {
    private static let total = 2 << 20
    private static let frame = 16 << 10
    private static let mostHeld = 3 * (64 << 10)

    /// A peer that sends a body as far as it has room.
    private struct Sender {
        var stream: UInt32
        var room: Int
        var sent = 0
        private let body: [UInt8]

        init(_ stream: UInt32, room: Int) {
            (self.stream, self.room) = (stream, room)
            body = Message.framed([UInt8](repeating: 7, count: BackPressureTests.total))
        }

        var isDone: Bool { sent == body.count }

        mutating func next(ends: Bool) -> Frame? {
            let count = min(room, BackPressureTests.frame, body.count - sent)
            if count <= 0 { return nil }
            let piece = Array(body[sent..<sent + count])
            (sent, room) = (sent + count, room - count)
            return .data(stream, piece, ends: ends && isDone)
        }

        mutating func took(_ frame: Frame) {
            guard frame.kind == .windowUpdate, frame.stream == stream else { return }
            room += Int(frame.number(at: 0))
        }
    }

    private static let patience = 40

    /// Sends until the other side has opened no window for a while.
    private func fill(_ sender: inout Sender, over service: RawServer) async throws {
        var quiet = 0
        while quiet < Self.patience {
            let isDone = sender.isDone
            try #require(!isDone, "nothing holds it back")
            let before = sender.sent
            while let frame = sender.next(ends: false) { await service.send(frame) }
            try await settle(service.connection) { sender.took($0) }
            quiet = sender.sent == before && sender.room <= 0 ? quiet + 1 : 0
        }
    }

    private func fill(_ sender: inout Sender, over client: RawClient) async throws {
        var quiet = 0
        while quiet < Self.patience {
            let isDone = sender.isDone
            try #require(!isDone, "nothing holds it back")
            let before = sender.sent
            while let frame = sender.next(ends: true) { await client.send(frame) }
            try await settle(client) { sender.took($0) }
            quiet = sender.sent == before && sender.room <= 0 ? quiet + 1 : 0
        }
    }

    /// Sends the rest, now that there is room.
    private func finish(_ sender: inout Sender, over client: RawClient) async throws {
        for _ in 0..<2_000 where !sender.isDone {
            while let frame = sender.next(ends: true) { await client.send(frame) }
            try await settle(client) { sender.took($0) }
        }
        let isDone = sender.isDone
        try #require(isDone, "only \(sender.sent) bytes went; room \(sender.room)")
    }

    private func finish(_ sender: inout Sender, over service: RawServer) async throws {
        for _ in 0..<2_000 where !sender.isDone {
            while let frame = sender.next(ends: false) { await service.send(frame) }
            try await settle(service.connection) { sender.took($0) }
        }
        let isDone = sender.isDone
        try #require(isDone, "only \(sender.sent) bytes went; room \(sender.room)")
    }

    /// All that the gateway has sent to a client by now: up to its answer to a call that it refuses.
    private func settle(_ client: RawClient, _ take: (Frame) -> Void) async throws {
        let stream = strays.next()
        let fields =
            client.request("POST", "/test.Stage/Nothing") + [
                Field("content-type", "application/grpc")
            ]
        await client.send(.headers(stream, HPACK.block(fields), ends: true))
        while let frame = try await client.connection.next() {
            if frame.stream == stream, frame.has(.endStream) { break }
            take(frame)
        }
        try await Task.sleep(for: .milliseconds(2))
    }

    /// Numbers of streams that are refused.
    private let strays = Strays()

    private final class Strays: Sendable {
        private let last = Atomic<UInt32>(1001)
        func next() -> UInt32 { last.add(2, ordering: .relaxed).newValue }
    }

    /// The same for a service.
    private func settle(_ connection: RawConnection, _ take: (Frame) -> Void) async throws {
        let payload = Array("settle.1".utf8)
        await connection.send(.ping(payload))
        while let frame = try await connection.next() {
            if frame.kind == .ping, frame.has(.acknowledgement), frame.payload == payload { break }
            take(frame)
        }
        // What goes to the other side, and comes back from there, has its turn.
        try await Task.sleep(for: .milliseconds(2))
    }

    @Test("a client that does not read stops the service, and the call holds three windows at most")
    func client() async throws {
        let stage = try await ForwardingStage()
        let client = try await stage.client()
        await client.call(ForwardingStage.watch)
        let service = try await stage.service()
        let request = try await service.request()
        await service.send(.headers(request.stream, RawServer.headers))
        var sender = Sender(request.stream, room: ForwardingStage.window)
        try await fill(&sender, over: service)

        let received = 65_535
        #expect(sender.sent > received, "the client's window is full")
        #expect(sender.sent - received <= ForwardingStage.window + Self.frame)
        #expect(stage.memory.buffered <= Self.mostHeld, "\(stage.memory.buffered)")
        // Another call of the same client goes on; it has room on the connection for headers only.
        await client.call(ForwardingStage.order, 3)
        let other = try await service.request()
        await service.refuse(other.stream, 5)
        let refusal = try await client.until { $0.stream == 3 && $0.kind == .headers }
        #expect(refusal.fields.contains(Field("grpc-status", "5")))

        // It reads on, and everything comes.
        await client.send(
            .windowUpdate(0, by: UInt32(Self.total)), .windowUpdate(1, by: UInt32(Self.total)))
        try await finish(&sender, over: service)
        await service.end(request.stream)
        var bytes = 0
        while true {
            let frame = try await client.until { $0.stream == 1 }
            if frame.kind == .data { bytes += frame.payload.count }
            if frame.has(.endStream) { break }
        }
        // The first 64 KiB were read past while the refusal was waited for.
        #expect(bytes == sender.sent - received)
        await client.close()
        try await stage.stop()
    }

    @Test("a service that does not read stops the client, and the call holds three windows at most")
    func service() async throws {
        let stage = try await ForwardingStage()
        let client = try await stage.client()
        await client.open(ForwardingStage.collect)
        let room = 1_000
        let service = try await stage.service(
            0, .settings((.initialWindowSize, UInt32(room))))
        let request = try await service.requestHead()
        var sender = Sender(1, room: ForwardingStage.window)
        try await fill(&sender, over: client)

        #expect(sender.sent >= ForwardingStage.window, "the gateway's window is full")
        #expect(sender.sent <= room + ForwardingStage.window)
        #expect(stage.memory.buffered <= Self.mostHeld, "\(stage.memory.buffered)")

        await service.send(
            .windowUpdate(0, by: UInt32(Self.total)),
            .windowUpdate(request.stream, by: UInt32(Self.total)))
        try await finish(&sender, over: client)
        var bytes = 0
        while true {
            let frame = try await service.until {
                $0.stream == request.stream && $0.kind == .data
            }
            bytes += frame.payload.count
            if frame.has(.endStream) { break }
        }
        #expect(bytes == sender.sent)
        await service.answer(request.stream)
        #expect(try await client.response(1).code == 0)
        await client.close()
        try await stage.stop()
    }

    @Test("a unary request is kept for a repeat up to 64 KiB, and held in parts beyond")
    func largeRequest() async throws {
        let stage = try await ForwardingStage()
        let client = try await stage.client()
        await client.open(ForwardingStage.look)
        var sender = Sender(1, room: ForwardingStage.window)
        // The gateway takes the first 64 KiB before it opens a call, and a connection for it, at all.
        try await fill(&sender, over: client)
        let service = try await stage.service(0, .settings((.initialWindowSize, 0)))
        try await fill(&sender, over: client)
        let request = try await service.requestHead()
        #expect(sender.sent <= 3 * ForwardingStage.window, "\(sender.sent)")
        #expect(stage.memory.buffered <= Self.mostHeld, "\(stage.memory.buffered)")
        // Nobody waits any more: all of it is let go.
        await client.send(.reset(1, .cancel))
        #expect(try await service.streamError(request.stream) == .cancel)
        await client.close()
        try await stage.stop()
    }
}
