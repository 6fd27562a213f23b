import NIOCore
import NIOEmbedded
import TLS
import Testing

@Suite("The handler")
struct TLSHandlerTests {
    /// Two embedded channels with a TLS handler each, and what came out on top.
    final class Pair {
        let loop = EmbeddedEventLoop()
        let client: EmbeddedChannel
        let server: EmbeddedChannel
        let clientTop = Recorder()
        let serverTop = Recorder()

        init(client: TLSContext, server: TLSContext) throws {
            self.client = EmbeddedChannel(loop: loop)
            self.server = EmbeddedChannel(loop: loop)
            try self.client.pipeline.syncOperations.addHandlers(
                [TLSHandler(context: client), clientTop])
            try self.server.pipeline.syncOperations.addHandlers(
                [TLSHandler(context: server), serverTop])
        }

        func connect() throws {
            let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
            client.connect(to: address, promise: nil)
            server.connect(to: address, promise: nil)
            try exchange()
        }

        /// Carries bytes both ways until there are none; returns the buffers each side sent.
        @discardableResult
        func exchange() throws -> (client: Int, server: Int) {
            var counts = (client: 0, server: 0)
            while true {
                var moved = false
                while let buffer = try client.readOutbound(as: ByteBuffer.self) {
                    counts.client += 1
                    moved = true
                    _ = try? server.writeInbound(buffer)
                }
                while let buffer = try server.readOutbound(as: ByteBuffer.self) {
                    counts.server += 1
                    moved = true
                    _ = try? client.writeInbound(buffer)
                }
                if !moved { return counts }
            }
        }
    }

    final class Recorder: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        var received: [ByteBuffer] = []
        var handshake: TLSHandshakeCompleted?
        var error: TLSError?
        var isActive = false

        func channelActive(context: ChannelHandlerContext) { isActive = true }
        func channelInactive(context: ChannelHandlerContext) { isActive = false }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received.append(unwrapInboundIn(data))
        }
        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            self.error = self.error ?? error as? TLSError
        }
        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if let event = event as? TLSHandshakeCompleted { handshake = event }
        }
    }

    private func connected() throws -> Pair {
        let pair = try Pair(client: Credentials.meshClient(), server: Credentials.meshServer())
        try pair.connect()
        return pair
    }

    @Test("who hears at the end that a write has failed may close the channel again")
    func closeWithinClose() throws {
        let pair = try Pair(client: Credentials.meshClient(), server: Credentials.meshServer())
        // Without its handshake's end nothing that is written gets out.
        pair.client.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        let written = pair.loop.makePromise(of: Void.self)
        let channel = pair.client
        var failures = 0
        written.futureResult.assumeIsolated().whenFailure { _ in
            failures += 1
            channel.close(promise: nil)
        }
        channel.writeAndFlush(ByteBuffer(string: "early"), promise: written)
        channel.close(promise: nil)
        #expect(failures == 1)
    }

    @Test("both sides hear of the handshake, with the peer's name and the protocol")
    func completion() throws {
        let pair = try connected()
        #expect(pair.serverTop.handshake?.peer?.spiffeID == Credentials.spiffeID("assay-risk"))
        #expect(pair.clientTop.handshake?.peer?.spiffeID == Credentials.spiffeID("assay-models"))
        #expect(pair.clientTop.handshake?.applicationProtocol == "h2")
        #expect(pair.serverTop.handshake?.version == "TLSv1.3")
    }

    @Test("what is written before the handshake arrives after it, and its promise is kept")
    func earlyWrite() throws {
        let pair = try Pair(client: Credentials.meshClient(), server: Credentials.meshServer())
        let promise = pair.loop.makePromise(of: Void.self)
        pair.client.writeAndFlush(ByteBuffer(string: "early"), promise: promise)
        try pair.connect()
        #expect(pair.serverTop.received.map { String(buffer: $0) } == ["early"])
        try promise.futureResult.wait()
    }

    @Test("many writes of one flush are one write below, one buffer above, and all promises kept")
    func batching() throws {
        let pair = try connected()
        let sizes = [1, 100, 20_000, 5, 16_384, 300, 100_000, 0, 7]
        var expected: [UInt8] = []
        var kept = 0
        for (index, size) in sizes.enumerated() {
            let bytes = [UInt8](repeating: UInt8(index), count: size)
            expected += bytes
            let promise = pair.loop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenSuccess { kept += 1 }
            pair.client.write(ByteBuffer(bytes: bytes), promise: promise)
        }
        pair.client.flush()
        let counts = try pair.exchange()
        #expect(counts.client == 1)
        #expect(pair.serverTop.received.count == 1)
        #expect(pair.serverTop.received.flatMap { Array($0.readableBytesView) } == expected)
        #expect(kept == sizes.count)
    }

    @Test("close sends close_notify, and the other side closes too")
    func close() throws {
        let pair = try connected()
        pair.client.close(promise: nil)
        try pair.exchange()
        #expect(!pair.serverTop.isActive)
        #expect(pair.serverTop.error == nil)
        #expect(!pair.server.isActive)
    }

    @Test("data in the same packet as close_notify is delivered first")
    func dataThenClose() throws {
        let pair = try connected()
        pair.client.writeAndFlush(ByteBuffer(string: "last words"), promise: nil)
        pair.client.close(promise: nil)
        var packet = ByteBuffer()
        while var buffer = try pair.client.readOutbound(as: ByteBuffer.self) {
            packet.writeBuffer(&buffer)
        }
        _ = try? pair.server.writeInbound(packet)
        #expect(pair.serverTop.received.map { String(buffer: $0) } == ["last words"])
        #expect(!pair.serverTop.isActive)
    }

    @Test("a write after close fails")
    func writeAfterClose() throws {
        let pair = try connected()
        pair.client.close(promise: nil)
        let promise = pair.loop.makePromise(of: Void.self)
        pair.client.writeAndFlush(ByteBuffer(string: "x"), promise: promise)
        #expect(throws: (any Error).self) { try promise.futureResult.wait() }
    }

    @Test("a handshake that does not come ends in time, and waiting writes fail")
    func timeout() throws {
        let pair = try Pair(client: Credentials.meshClient(), server: Credentials.meshServer())
        let promise = pair.loop.makePromise(of: Void.self)
        pair.client.writeAndFlush(ByteBuffer(string: "early"), promise: promise)
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
        pair.client.connect(to: address, promise: nil)
        pair.loop.advanceTime(by: .milliseconds(4999))
        #expect(pair.clientTop.isActive)
        pair.loop.advanceTime(by: .milliseconds(1))
        #expect(pair.clientTop.error?.code == .handshakeTimeout)
        #expect(!pair.clientTop.isActive)
        #expect(throws: TLSError.self) { try promise.futureResult.wait() }
    }

    @Test("the timer is gone after the handshake")
    func timerEnds() throws {
        let pair = try connected()
        pair.loop.advanceTime(by: .seconds(60))
        #expect(pair.clientTop.isActive && pair.serverTop.isActive)
    }

    @Test("a peer that goes away in the handshake is an error above")
    func inactiveInHandshake() throws {
        let pair = try Pair(client: Credentials.meshClient(), server: Credentials.meshServer())
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
        pair.server.connect(to: address, promise: nil)
        pair.server.pipeline.fireChannelInactive()
        #expect(pair.serverTop.error?.code == .handshake)
    }

    @Test("garbage is answered with an alert and ends the channel")
    func garbage() throws {
        let pair = try Pair(client: Credentials.meshClient(), server: Credentials.meshServer())
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
        pair.server.connect(to: address, promise: nil)
        _ = try? pair.server.writeInbound(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect(pair.serverTop.error?.code == .handshake)
        #expect(pair.serverTop.error?.reasons.contains("http request") == true)
        #expect(!pair.serverTop.isActive)
    }

    @Test("a refused client hears why, from both handlers' point of view")
    func refusedClient() throws {
        let pair = try Pair(
            client: Credentials.meshClient(), server: Credentials.meshServer(accepting: ["other"]))
        try pair.connect()
        #expect(pair.serverTop.error?.code == .certificateRejected)
        #expect(pair.serverTop.handshake == nil)
        #expect(pair.clientTop.error?.reasons.joined().contains("alert") == true)
        #expect(!pair.clientTop.isActive)
    }

    @Test("a tampered record ends the connection with an error")
    func tampered() throws {
        let pair = try connected()
        pair.client.writeAndFlush(ByteBuffer(string: "honest"), promise: nil)
        var record = try #require(try pair.client.readOutbound(as: ByteBuffer.self))
        record.setInteger(UInt8(0xFF), at: record.writerIndex - 1)
        _ = try? pair.server.writeInbound(record)
        #expect(pair.serverTop.error?.code == .protocolViolation)
        #expect(pair.serverTop.received.isEmpty)
        #expect(!pair.serverTop.isActive)
    }
}
