import NIOCore
import NIOPosix
import Synchronization

/// A client that sends any bytes: well-formed HTTP/2 by hand, or anything else.
final class RawPeer: Sendable {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, 0, 0, [])

    private let channel: any Channel
    private let received = Mutex<[UInt8]>([])

    init(port: Int) async throws {
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port).get()
        try await channel.pipeline.addHandler(Collector(self)).get()
    }

    func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    func close() async throws { try await channel.close() }

    /// Waits until the peer has closed; what it sent until then.
    func untilClosed() async throws -> [UInt8] {
        try await channel.closeFuture.get()
        return received.withLock { $0 }
    }

    /// Waits until `isEnough` holds for what was received.
    func until(_ isEnough: ([UInt8]) -> Bool) async throws -> [UInt8] {
        while true {
            let bytes = received.withLock { $0 }
            if isEnough(bytes) { return bytes }
            if !channel.isActive { throw ChannelError.eof }
            await Task.yield()
        }
    }

    // MARK: Frames

    static func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8])
        -> [UInt8]
    {
        var bytes: [UInt8] = []
        for shift in [16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: payload.count >> shift)) }
        bytes.append(type)
        bytes.append(flags)
        for shift in [24, 16, 8, 0] as [UInt32] {
            bytes.append(UInt8(truncatingIfNeeded: stream >> shift))
        }
        return bytes + payload
    }

    /// Literal fields without indexing (RFC 7541 §6.2.2).
    static func block(_ fields: [(String, String)]) -> [UInt8] {
        var bytes: [UInt8] = []
        for (name, value) in fields {
            bytes.append(0)
            bytes += length(name.utf8.count)
            bytes += Array(name.utf8)
            bytes += length(value.utf8.count)
            bytes += Array(value.utf8)
        }
        return bytes
    }

    private static func length(_ count: Int) -> [UInt8] {
        if count < 127 { return [UInt8(count)] }
        var rest = count - 127
        var bytes: [UInt8] = [127]
        while rest >= 128 {
            bytes.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func headers(
        path: String, method: String = "POST", contentType: String = "application/grpc",
        extra: [(String, String)] = [], stream: UInt32 = 1, ends: Bool = false
    ) -> [UInt8] {
        let fields = [
            (":method", method), (":scheme", "http"), (":path", path), (":authority", "test"),
            ("content-type", contentType), ("te", "trailers"),
        ]
        return frame(1, ends ? 5 : 4, stream, block(fields + extra))
    }

    /// A whole gRPC request with an empty message.
    static func request(path: String, stream: UInt32 = 1, body: [UInt8] = [0, 0, 0, 0, 0])
        -> [UInt8]
    {
        headers(path: path, stream: stream) + frame(0, 1, stream, body)
    }

    private final class Collector: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private let peer: RawPeer
        init(_ peer: RawPeer) { self.peer = peer }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            peer.received.withLock { $0.append(contentsOf: buffer.readableBytesView) }
        }
    }
}
