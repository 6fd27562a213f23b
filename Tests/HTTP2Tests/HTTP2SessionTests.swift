import HTTP2
import Testing

/// Writes down what a session tells.
final class Recorder: HTTP2SessionDelegate {
    var events: [String] = []
    var streams: [HTTP2Stream] = []
    var body: [UInt8] = []
    /// Called when the peer has ended its side.
    var onEnd: (HTTP2Stream) -> Void = { _ in }

    func received(_ headers: HeaderBlock, on stream: HTTP2Stream, isLast: Bool) {
        streams.append(stream)
        let path = headers.fields.first { $0.name == ":path" || $0.name == ":status" }?.value ?? ""
        events.append("headers \(path)\(headers.isOverSoftLimit ? " over" : "")")
    }
    func received(_ data: UnsafeRawBufferPointer, on stream: HTTP2Stream) {
        body += data
    }
    func sent(_ count: Int, on stream: HTTP2Stream) { events.append("sent \(count)") }
    func receivedTrailers(_ trailers: HeaderBlock, on stream: HTTP2Stream) {
        events.append("trailers \(trailers.fields.map { "\($0.name)=\($0.value)" }.joined())")
    }
    func receivedEnd(of stream: HTTP2Stream) {
        events.append("end")
        onEnd(stream)
    }
    func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) { events.append("closed \(code)") }
    func receivedGoAway(lastStreamID: Int32, code: HTTP2ErrorCode, debug: String) {
        events.append("goaway \(lastStreamID) \(code) \(debug)")
    }
    func receivedSettings() { events.append("settings") }
    func receivedPingAcknowledgement(_ payload: UInt64) { events.append("pong \(payload)") }
}

/// Two sessions without a socket between them.
final class Pair {
    let server = Recorder()
    let client = Recorder()
    let serverSession: HTTP2Session
    let clientSession: HTTP2Session
    var now: UInt64 = 1_000_000_000

    init(server profile: HTTP2Profile = .mesh) {
        serverSession = HTTP2Session(role: .server, profile: profile, delegate: server)
        clientSession = HTTP2Session(role: .client, profile: .client, delegate: client)
    }

    static func drain(_ session: HTTP2Session) throws -> [UInt8] {
        var bytes: [UInt8] = []
        _ = try session.drain { bytes += $0 }
        return bytes
    }

    /// Carries bytes to and fro until both are silent, in pieces of at most `piece`.
    func exchange(piece: Int = .max) throws {
        while true {
            let up = try Self.drain(clientSession)
            try deliver(up, to: serverSession, piece)
            let down = try Self.drain(serverSession)
            try deliver(down, to: clientSession, piece)
            if up.isEmpty && down.isEmpty { return }
        }
    }

    private func deliver(_ bytes: [UInt8], to session: HTTP2Session, _ piece: Int) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(piece))
            rest = rest.dropFirst(part.count)
            try part.withUnsafeBytes { try session.receive($0, now: now) }
        }
    }

    func request(_ path: String, body: [UInt8], extra: Int = 0) -> HTTP2Stream? {
        var headers = HeaderBlock()
        headers.append(":method", "POST")
        headers.append(":scheme", "http")
        headers.append(":authority", "test")
        headers.append(":path", path)
        for index in 0..<extra { headers.append("x-\(index)", String(repeating: "v", count: 100)) }
        return clientSession.submitRequest(headers: headers.arena, body: body)
    }
}

@Suite("HTTP/2 sessions without a socket")
struct HTTP2SessionTests {
    @Test("a call goes through whole, however the bytes are cut", arguments: [1, 7, 100_000])
    func roundTrip(piece: Int) throws {
        let pair = Pair()
        let payload = (0..<5_000).map { UInt8(truncatingIfNeeded: $0) }
        pair.server.onEnd = {
            pair.serverSession.submitMessage(payload, contentType: "application/grpc", on: $0)
        }
        _ = try #require(pair.request("/a/b", body: payload))
        try pair.exchange(piece: piece)
        #expect(pair.server.events == ["settings", "headers /a/b", "end", "closed NO_ERROR"])
        #expect(pair.server.body == payload)
        let seen = pair.client.events.filter { $0 != "settings" }
        #expect(seen == ["headers 200", "trailers grpc-status=0", "end", "closed NO_ERROR"])
        #expect(pair.client.body == payload)
        #expect(pair.serverSession.openStreams == 0)
        #expect(pair.clientSession.openStreams == 0)
    }

    @Test("a body larger than the windows needs the receiver's credit")
    func flowControl() throws {
        let pair = Pair(server: .edge)
        let payload = [UInt8](repeating: 5, count: 200_000)
        let stream = try #require(pair.request("/a/b", body: payload))
        try pair.exchange()
        #expect(pair.server.body.count == 65_536)
        while pair.server.body.count < payload.count {
            let before = pair.server.body.count
            pair.serverSession.consume(65_536, on: try #require(pair.server.streams.last))
            try pair.exchange()
            #expect(pair.server.body.count > before)
        }
        #expect(pair.server.body == payload)
        #expect(stream.id == 1)
    }

    @Test("a response of one HEADERS frame ends the stream")
    func trailersOnly() throws {
        let pair = Pair()
        var headers = HeaderBlock()
        headers.append("grpc-status", "12")
        pair.server.onEnd = {
            pair.serverSession.submitResponse(
                status: 200, headers: headers.arena, body: [], trailers: nil, on: $0)
        }
        _ = pair.request("/a/b", body: [])
        try pair.exchange()
        #expect(pair.client.events.suffix(3) == ["headers 200", "end", "closed NO_ERROR"])
    }

    @Test("an early reply resets what still would come")
    func earlyReply() throws {
        let pair = Pair(server: .edge)
        _ = pair.request("/a/b", body: [UInt8](repeating: 1, count: 300_000))
        try pair.exchange()
        let stream = try #require(pair.server.streams.last)
        pair.serverSession.resetAfterReply(stream)
        pair.serverSession.submitResponse(
            status: 413, headers: [], body: [1, 2, 3], trailers: nil, on: stream)
        try pair.exchange()
        #expect(pair.client.body == [1, 2, 3])
        #expect(pair.server.events.last == "closed NO_ERROR")
        #expect(pair.serverSession.openStreams == 0)
    }

    @Test("a cancelled stream is told to the other side")
    func cancel() throws {
        let pair = Pair()
        let stream = try #require(pair.request("/a/b", body: [1]))
        try pair.exchange()
        pair.clientSession.reset(stream, code: .cancel)
        try pair.exchange()
        #expect(pair.server.events.last == "closed CANCEL")
    }

    @Test("two phases of GOAWAY: streams between them are served, later ones are refused")
    func goAway() throws {
        let pair = Pair()
        pair.serverSession.submitShutdownNotice()
        pair.serverSession.submitPing(42)
        _ = pair.request("/crossing", body: [1])
        let crossing = try Pair.drain(pair.clientSession)
        let notice = try Pair.drain(pair.serverSession)
        try notice.withUnsafeBytes { try pair.clientSession.receive($0, now: 1) }
        try crossing.withUnsafeBytes { try pair.serverSession.receive($0, now: 1) }
        try pair.exchange()
        #expect(pair.server.events.contains("headers /crossing"))
        #expect(pair.server.events.contains("pong 42"))
        #expect(pair.client.events.contains("goaway 2147483647 NO_ERROR "))
        pair.serverSession.goAway(debug: "shutdown")
        try pair.exchange()
        #expect(pair.client.events.contains("goaway 1 NO_ERROR shutdown"))
        _ = pair.request("/late", body: [])
        try pair.exchange()
        #expect(!pair.server.events.contains("headers /late"))
        #expect(pair.client.events.last?.hasPrefix("closed ") == true)
    }

    @Test("metadata over the soft limit is counted and cut, over the hard limit reset")
    func metadataLimits() throws {
        var profile = HTTP2Profile.mesh
        profile.maximumMetadataBytes = 1_000
        let pair = Pair(server: profile)
        _ = pair.request("/over", body: [], extra: 10)
        try pair.exchange()
        #expect(pair.server.events.contains("headers /over over"))
        _ = pair.request("/far-over", body: [], extra: 60)
        try pair.exchange()
        #expect(!pair.server.events.contains { $0.hasPrefix("headers /far") })
        #expect(pair.client.events.last == "closed INTERNAL_ERROR")
    }

    @Test("every request cut short or altered in one bit leaves the session in order")
    func alteredRequests() throws {
        let template = Pair()
        _ = template.request("/a/b", body: [1, 2, 3])
        let bytes = try Pair.drain(template.clientSession)
        for index in bytes.indices {
            for bit in 0..<8 {
                var altered = bytes
                altered[index] ^= 1 << bit
                feed(altered)
            }
            feed(Array(bytes[..<index]))
        }
    }

    private func feed(_ bytes: [UInt8]) {
        let recorder = Recorder()
        let session = HTTP2Session(role: .server, profile: .edge, delegate: recorder)
        recorder.onEnd = { session.submitMessage([0], contentType: "application/grpc", on: $0) }
        _ = try? bytes.withUnsafeBytes { try session.receive($0, now: 1) }
        _ = try? session.drain { _ in }
    }

    @Test("random replies leave a client in order")
    func randomReplies() throws {
        var state: UInt64 = 7
        func random() -> UInt8 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        for _ in 0..<500 {
            let recorder = Recorder()
            let session = HTTP2Session(role: .client, profile: .client, delegate: recorder)
            var bytes: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 0, 0]
            for _ in 0..<8 {
                let count = Int(random() % 32)
                bytes += [0, 0, UInt8(count), random() % 11, random(), 0, 0, 0, random() % 4]
                for _ in 0..<count { bytes.append(random()) }
            }
            _ = try? bytes.withUnsafeBytes { try session.receive($0, now: 1) }
            _ = try? session.drain { _ in }
        }
    }

    @Test("points come back with time, never more than the capacity")
    func score() {
        func run(_ charges: [(MisbehaviourScore.Event, UInt64)]) -> [Bool] {
            var score = MisbehaviourScore(capacity: 100, refillPerSecond: 10)
            return charges.map { score.charge($0, now: $1 * 1_000_000_000) }
        }
        #expect(run([(.settings, 0), (.settings, 0)]) == [true, false])
        #expect(
            run([(.settings, 0), (.settings, 5), (.settings, 500), (.settings, 500)])
                == [true, true, true, false])
    }
}
