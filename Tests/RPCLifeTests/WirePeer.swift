import NIOCore
import NIOPosix
import Synchronization

/// A client that sends bytes by hand, and keeps what comes.
final class WirePeer: Sendable {
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

    /// What has come so far.
    var bytes: [UInt8] { received.withLock { $0 } }

    /// Waits until the peer has closed; what it sent until then.
    func untilClosed() async throws -> [UInt8] {
        try await channel.closeFuture.get()
        return bytes
    }

    /// Waits until `isEnough` holds for what was received.
    func until(_ isEnough: ([UInt8]) -> Bool) async throws -> [UInt8] {
        while true {
            let bytes = self.bytes
            if isEnough(bytes) { return bytes }
            if !channel.isActive { throw ChannelError.eof }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    static func frame(
        _ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        for shift in [16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: payload.count >> shift)) }
        bytes += [type, flags]
        for shift in [24, 16, 8, 0] as [UInt32] {
            bytes.append(UInt8(truncatingIfNeeded: stream >> shift))
        }
        return bytes + payload
    }

    struct Frame {
        let type: UInt8
        let flags: UInt8
        let payload: [UInt8]

        /// Of a GOAWAY.
        var lastStream: UInt32 { payload.prefix(4).reduce(0) { $0 << 8 | UInt32($1) } }
        var text: String { String(decoding: payload.dropFirst(8), as: UTF8.self) }
    }

    static func frames(in bytes: [UInt8]) -> [Frame] {
        var frames: [Frame] = []
        var position = 0
        while position + 9 <= bytes.count {
            let length = bytes[position..<position + 3].reduce(0) { $0 << 8 | Int($1) }
            let end = position + 9 + length
            guard end <= bytes.count else { break }
            frames.append(
                Frame(
                    type: bytes[position + 3], flags: bytes[position + 4],
                    payload: Array(bytes[position + 9..<end])))
            position = end
        }
        return frames
    }

    private final class Collector: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private let peer: WirePeer
        init(_ peer: WirePeer) { self.peer = peer }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            peer.received.withLock { $0.append(contentsOf: buffer.readableBytesView) }
        }
    }
}
