import HTTP2
import RPC
import RPCTransport
import Testing

/// What a server holds for senders whose handlers do not read (rpc.md §11.2).
@Suite("Windows of streams that nobody reads", .timeLimit(.minutes(2)))
struct WindowTests {
    private static let messageBytes = 8_000
    private static let messages = 100

    /// A message that its handler waits for, and more than any window has room for.
    private static let body: [UInt8] = {
        func message(_ count: Int) -> [UInt8] {
            Bytes.message(
                Victim.Message(payload: Array(repeating: 7, count: count)).encoded())
        }
        return message(1) + (0..<messages).flatMap { _ in message(messageBytes) }
    }()

    /// How a handler answers that has read all of it.
    private static let reply = Bytes.message(
        Victim.summary(of: 1 + messages * messageBytes).encoded())

    /// Waits until so many handlers have taken their first message and read no further.
    private func dallying(_ count: Int, at server: AbuseServer) async {
        while server.gauge.counts.running < count { await Task.yield() }
    }

    private func sender(_ server: AbuseServer) async throws -> WindowedSender {
        await WindowedSender(
            try await server.peer(), streamWindow: HTTP2Profile.mesh.streamWindow)
    }

    /// Starts calls whose handlers read one message, and sends as much as the windows take.
    private func fill(_ sender: WindowedSender, streams: Int, at server: AbuseServer) async throws {
        let running = server.gauge.counts.running
        for stream in Bytes.streams(streams) { await sender.open("Dally", stream, Self.body) }
        try await sender.fill()
        await dallying(running + streams, at: server)
        try await sender.fill()
    }

    private func expectReplies(_ sender: WindowedSender) async throws {
        for stream in sender.bodies.keys {
            let reply = try await sender.peer.first {
                $0.stream == stream && $0.type == Frame.data
            }
            #expect(reply.payload == Self.reply)
        }
    }

    @Test("17 a sender stops where its window ends, and goes on when the handler reads")
    func stopped() async throws {
        var profile = RPCProfile.mesh
        profile.memory = ProcessMemory(limit: 1 << 30) { 0 }
        let server = try await AbuseServer(profile)
        let window = Int(profile.http2.streamWindow)
        let sender = try await sender(server)
        try await fill(sender, streams: 4, at: server)
        for body in sender.bodies.values {
            #expect(body.sent == window)
            #expect(body.opened == 0)
        }
        // What the handlers took is not held any more; all else is, and is counted once.
        #expect(profile.memory.buffered <= 4 * window)
        #expect(profile.memory.buffered > 4 * (window - (8 << 10)))
        server.gauge.letGo()
        try await sender.finish()
        try await expectReplies(sender)
        await sender.peer.close()
        await server.stop()
        #expect(profile.memory.buffered == 0)
    }

    @Test("streams that nobody reads do not hold up the others of their connection")
    func others() async throws {
        let server = try await AbuseServer(.mesh)
        let sender = try await sender(server)
        // Four streams fill what the connection's window once was; a fifth can still send.
        try await fill(sender, streams: 4, at: server)
        #expect(sender.sent == 1 << 20)
        await sender.peer.send(Bytes.request("Say", 9))
        _ = try await sender.peer.first(where: LimitTests.isReply(9))
        #expect(sender.opened > (1 << 20) - 65_535 + (512 << 10))
        await sender.peer.close()
        await server.stop()
    }

    @Test("17 all streams of a connection together get no more than its window and its allowance")
    func connection() async throws {
        var profile = RPCProfile.mesh
        profile.http2.maximumBufferedBytes = 1 << 20
        profile.memory = ProcessMemory(limit: 1 << 30) { 0 }
        let server = try await AbuseServer(profile)
        let sender = try await sender(server)
        try await fill(sender, streams: 16, at: server)
        let consumed = 16 * (Self.messageBytes + 100)
        let most = Int(profile.http2.connectionWindow) + profile.http2.maximumBufferedBytes
        #expect(sender.sent <= most + consumed)
        #expect(sender.sent > 3 << 19)
        #expect(profile.memory.buffered <= most + consumed)
        server.gauge.letGo()
        try await sender.finish()
        try await expectReplies(sender)
        await sender.peer.close()
        await server.stop()
        #expect(profile.memory.buffered == 0)
    }

    @Test("19 a quarter of the memory in buffers: no window grows, until some are read")
    func full() async throws {
        var profile = RPCProfile.mesh
        let memory = ProcessMemory(limit: 2 << 20) { 0 }
        profile.memory = memory
        let server = try await AbuseServer(profile)
        // This one has half a window waiting before the memory is full.
        let early = try await sender(server)
        await early.open("Dally", 1, Array(Self.body.prefix(200_000)))
        try await early.fill()
        await dallying(1, at: server)
        #expect(!memory.isFull)

        let hoarder = try await sender(server)
        try await fill(hoarder, streams: 4, at: server)
        #expect(memory.isFull)
        #expect(server.recorder["memory_full counted"] > 0)
        let opened = hoarder.opened

        // One that is read at once has the windows that it began with.
        let late = try await sender(server)
        await late.open("Collect", 1, Self.body)
        try await late.fill()
        #expect(late.bodies[1]?.sent == Int(profile.http2.streamWindow))
        #expect(late.bodies[1]?.opened == 0)
        // Small calls of others need none.
        await late.peer.send(Bytes.request("Say", 3))
        _ = try await late.peer.first(where: LimitTests.isReply(3))
        try await hoarder.settle()
        #expect(hoarder.opened == opened)
        #expect(memory.buffered < 2 << 20)

        server.gauge.letGo()
        for sender in [hoarder, late] {
            try await sender.finish()
            try await expectReplies(sender)
        }
        for peer in [early.peer, hoarder.peer, late.peer] { await peer.close() }
        await server.stop()
        #expect(memory.buffered == 0)
    }

    @Test("19 what a handler reads while the memory is full opens no window either")
    func readWhileFull() async throws {
        var profile = RPCProfile.mesh
        let memory = ProcessMemory(limit: 2 << 20) { 0 }
        profile.memory = memory
        let server = try await AbuseServer(profile)
        let sender = try await sender(server)
        await sender.open("Dally", 1, Self.body)
        try await sender.fill()
        await dallying(1, at: server)
        #expect(!memory.isFull)
        // Somebody else fills it.
        memory.hold(1 << 20)
        server.gauge.letGo()
        while memory.buffered > (1 << 20) + (16 << 10) { await Task.yield() }
        try await sender.settle()
        #expect(sender.bodies[1]?.opened == 0)
        memory.hold(-1 << 20)
        try await sender.finish()
        try await expectReplies(sender)
        await sender.peer.close()
        await server.stop()
        #expect(memory.buffered == 0)
    }
}
