import Testing

/// Sends bodies on several streams as fast as the server lets it, and never more: it counts the
/// windows as RFC 9113 §6.9 has them, so that a test sees where they close.
final class WindowedSender {
    struct Body {
        /// What has not gone yet.
        var rest: ArraySlice<UInt8>
        var sent = 0
        /// What the server allows to be sent now.
        var room: Int
        /// By how much WINDOW_UPDATEs have opened the window.
        var opened = 0
    }

    let peer: RawPeer
    private(set) var bodies: [UInt32: Body] = [:]
    private let streamWindow: Int
    private var connectionRoom = 65_535
    /// By how much WINDOW_UPDATEs have opened the window of the connection.
    private(set) var opened = 0
    private var framesRead = 0
    private var questions = 0

    /// - Parameter streamWindow: what the server's SETTINGS say.
    init(_ peer: RawPeer, streamWindow: Int32) async {
        self.peer = peer
        self.streamWindow = Int(streamWindow)
        await peer.send(Bytes.opening(acknowledges: true))
    }

    var sent: Int { bodies.values.reduce(0) { $0 + $1.sent } }
    private var isDone: Bool { bodies.values.allSatisfy(\.rest.isEmpty) }

    func open(_ method: String, _ stream: UInt32, _ body: [UInt8]) async {
        bodies[stream] = Body(rest: body[...], room: streamWindow)
        await peer.send(Bytes.call(method, stream))
    }

    /// Sends until the windows are closed, or all has gone. The server has read it all then; what its
    /// handlers read later opens windows later.
    func fill() async throws {
        repeat {
            try await settle()
        } while await sendSome()
    }

    /// Sends all, waiting for windows to open.
    func finish() async throws {
        try await settle()
        while !isDone {
            if await sendSome() { continue }
            guard await peer.next() != nil else { throw RawPeer.Closed() }
            readFrames()
        }
    }

    /// Waits until the server has read what was sent, and takes the windows that it opened by then. The
    /// question takes no window itself, and is none that a server minds.
    func settle() async throws {
        questions += 1
        await peer.send(Bytes.frame(Frame.settings, 0, 0, []))
        // One more was answered than was asked: the opening.
        while peer.seen.count(where: { $0.type == Frame.settings && $0.flags & 1 != 0 })
            <= questions
        {
            guard await peer.next() != nil else { throw RawPeer.Closed() }
        }
        readFrames()
    }

    private func readFrames() {
        for frame in peer.seen[framesRead...] where frame.type == Frame.windowUpdate {
            let count = Int(frame.increment)
            if frame.stream == 0 {
                connectionRoom += count
                opened += count
            } else {
                bodies[frame.stream]?.room += count
                bodies[frame.stream]?.opened += count
            }
        }
        framesRead = peer.seen.count
    }

    /// One frame on each stream that may send; whether there was any.
    private func sendSome() async -> Bool {
        var bytes: [UInt8] = []
        for stream in bodies.keys.sorted() {
            guard var body = bodies[stream] else { continue }
            let count = min(body.rest.count, body.room, connectionRoom, 16 << 10)
            if count <= 0 { continue }
            let piece = Array(body.rest.prefix(count))
            body.rest = body.rest.dropFirst(count)
            body.sent += count
            body.room -= count
            connectionRoom -= count
            bytes += Bytes.data(stream, piece, ends: body.rest.isEmpty)
            bodies[stream] = body
        }
        await peer.send(bytes)
        return !bytes.isEmpty
    }
}
