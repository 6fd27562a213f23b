import NIOCore
import NIOPosix

/// A frame as it came.
struct Frame: Sendable {
    static let data: UInt8 = 0
    static let headers: UInt8 = 1
    static let reset: UInt8 = 3
    static let settings: UInt8 = 4
    static let goAway: UInt8 = 7
    static let windowUpdate: UInt8 = 8

    var type: UInt8
    var flags: UInt8
    var stream: UInt32
    var payload: [UInt8]

    var endsStream: Bool { type <= Self.headers && flags & 1 != 0 }
    /// The error code of a reset or a GOAWAY.
    var code: UInt32? {
        switch type {
        case Self.reset: number(at: 0)
        case Self.goAway: number(at: 4)
        default: nil
        }
    }
    /// By how much a WINDOW_UPDATE opens a window.
    var increment: UInt32 { number(at: 0) ?? 0 }
    /// The debug data of a GOAWAY.
    var debug: String { String(decoding: payload.dropFirst(8), as: UTF8.self) }

    private func number(at offset: Int) -> UInt32? {
        guard payload.count >= offset + 4 else { return nil }
        return payload[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}

/// A client that sends any bytes, on a socket of its own; by itself it only answers PINGs. Belongs to
/// one task.
final class RawPeer {
    struct Closed: Error {}

    private let channel: any Channel
    private var incoming: AsyncStream<Frame>.Iterator
    /// All that was taken so far.
    private(set) var seen: [Frame] = []

    /// - Parameters:
    ///   - reads: whether it ever reads. One that does not has a small window of TCP.
    ///   - closes: whether it closes when the server has closed its side.
    ///   - cuts: whether what comes is frames; if not, each piece of bytes is told as one.
    init(port: Int, reads: Bool = true, closes: Bool = true, cuts: Bool = true) async throws {
        let (stream, continuation) = AsyncStream<Frame>.makeStream()
        var bootstrap = ClientBootstrap(group: AbuseServer.attackers)
            .channelOption(.autoRead, value: reads)
            .channelOption(.allowRemoteHalfClosure, value: !closes)
        if !reads { bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: 4096) }
        channel =
            try await bootstrap
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Cutter(continuation, cuts: cuts))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        incoming = stream.makeAsyncIterator()
    }

    /// Sends bytes; what the socket does not take any more is no error, since the server may close.
    func send(_ bytes: [UInt8]) async { try? await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }

    /// Sends bytes; false if the connection is gone.
    func sends(_ bytes: [UInt8]) async -> Bool {
        (try? await channel.writeAndFlush(ByteBuffer(bytes: bytes))) != nil
    }

    /// Sends bytes without waiting for the socket to take them.
    func push(_ bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }

    func close() async { try? await channel.close() }

    /// The next frame; nil if the server has closed.
    @discardableResult
    func next() async -> Frame? {
        guard let frame = await incoming.next() else { return nil }
        seen.append(frame)
        return frame
    }

    /// The first frame that matches, among those that came already or will come.
    func first(where matches: (Frame) -> Bool) async throws -> Frame {
        if let frame = seen.first(where: matches) { return frame }
        while let frame = await next() {
            if matches(frame) { return frame }
        }
        throw Closed()
    }

    /// All frames until the server closed.
    func untilClosed() async -> [Frame] {
        while await next() != nil {}
        return seen
    }

    /// Cuts the bytes into frames.
    private final class Cutter: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let frames: AsyncStream<Frame>.Continuation
        private var bytes = ByteBuffer()

        private let cuts: Bool

        init(_ frames: AsyncStream<Frame>.Continuation, cuts: Bool) {
            self.frames = frames
            self.cuts = cuts
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var buffer = unwrapInboundIn(data)
            if !cuts {
                let payload = buffer.readBytes(length: buffer.readableBytes) ?? []
                frames.yield(Frame(type: 255, flags: 0, stream: 0, payload: payload))
                return
            }
            bytes.writeBuffer(&buffer)
            while let head = bytes.getBytes(at: bytes.readerIndex, length: 9) {
                let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
                guard bytes.readableBytes >= 9 + length else { return }
                bytes.moveReaderIndex(forwardBy: 9)
                let stream = head[5...8].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                let payload = bytes.readBytes(length: length) ?? []
                if head[3] == 6, head[4] == 0 {
                    let pong = ByteBuffer(bytes: Bytes.frame(6, 1, 0, payload))
                    context.writeAndFlush(NIOAny(pong), promise: nil)
                }
                frames.yield(
                    Frame(type: head[3], flags: head[4], stream: stream, payload: payload))
            }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if let event = event as? ChannelEvent, event == .inputClosed { frames.finish() }
            context.fireUserInboundEventTriggered(event)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { frames.finish() }
    }
}

/// Bytes of frames, made by hand.
enum Bytes {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    /// The preface and SETTINGS: initial window, if it is not the protocol's own. The server has sent
    /// its SETTINGS by then; until they are acknowledged its streams have the protocol's window.
    static func opening(window: UInt32? = nil, acknowledges: Bool = false) -> [UInt8] {
        preface + frame(Frame.settings, 0, 0, window.map { [0, 4] + number($0) } ?? [])
            + (acknowledges ? frame(Frame.settings, 1, 0, []) : [])
    }

    static func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8])
        -> [UInt8]
    {
        Array(number(UInt32(payload.count)).dropFirst()) + [type, flags] + number(stream) + payload
    }

    static func number(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    static func reset(_ stream: UInt32) -> [UInt8] { frame(3, 0, stream, number(8)) }
    static func windowUpdate(_ stream: UInt32, _ count: UInt32) -> [UInt8] {
        frame(8, 0, stream, number(count))
    }
    static func data(_ stream: UInt32, _ payload: [UInt8], ends: Bool = false) -> [UInt8] {
        frame(Frame.data, ends ? 1 : 0, stream, payload)
    }

    /// A message behind its prefix.
    static func message(_ payload: [UInt8] = [], flag: UInt8 = 0) -> [UInt8] {
        [flag] + number(UInt32(payload.count)) + payload
    }

    /// Literal fields without indexing (RFC 7541 §6.2.2).
    static func block(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { [0] + string($0) + string($1) }
    }

    static func string(_ text: String) -> [UInt8] { integer(text.utf8.count, 7) + text.utf8 }

    /// An integer with a prefix of so many bits (RFC 7541 §5.1).
    static func integer(_ value: Int, _ bits: Int, _ first: UInt8 = 0) -> [UInt8] {
        let limit = 1 << bits - 1
        if value < limit { return [first | UInt8(value)] }
        var rest = value - limit
        var bytes = [first | UInt8(limit)]
        while rest >= 128 {
            bytes.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func fields(_ path: String, _ extra: [(String, String)] = []) -> [(String, String)] {
        [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "test"),
            ("content-type", "application/grpc"), ("te", "trailers"),
        ] + extra
    }

    /// HEADERS of a call of one of the victim's behaviours.
    static func call(
        _ method: String, _ stream: UInt32, extra: [(String, String)] = [], ends: Bool = false
    ) -> [UInt8] {
        let behaviour = [(Victim.behaviour, method)]
        return headers(
            stream, block(fields(Victim.path(of: method), behaviour + extra)), ends: ends)
    }

    static func headers(_ stream: UInt32, _ block: [UInt8], ends: Bool = false) -> [UInt8] {
        frame(Frame.headers, ends ? 5 : 4, stream, block)
    }

    /// A block as HEADERS and as many CONTINUATIONs as it takes.
    static func split(_ stream: UInt32, _ block: [UInt8], by size: Int = 16_000) -> [UInt8] {
        if block.count <= size { return headers(stream, block) }
        var bytes = frame(Frame.headers, 0, stream, Array(block.prefix(size)))
        var rest = block.dropFirst(size)
        while !rest.isEmpty {
            let part = Array(rest.prefix(size))
            rest = rest.dropFirst(part.count)
            bytes += frame(9, rest.isEmpty ? 4 : 0, stream, part)
        }
        return bytes
    }

    /// A whole unary request.
    static func request(_ method: String, _ stream: UInt32) -> [UInt8] {
        call(method, stream) + data(stream, message(), ends: true)
    }

    /// The numbers of a client's first streams.
    static func streams(_ count: Int) -> some Collection<UInt32> {
        (0..<UInt32(count)).lazy.map { 2 * $0 + 1 }
    }
}
