import NIOCore
import RPC
import RPCTransport
import Testing
import Wire

@Suite("Hostile peers: a server answers or closes, and serves on")
struct HostilePeerTests {
    /// Whether the server still answers an honest client.
    func isAlive(_ server: TestServer) async throws -> Bool {
        let client = try RPCClient(server.target)
        let reply: EchoMessage = try await client.unary(
            EchoService.say, EchoMessage(payload: [1]))
        await client.close()
        return reply.payload == [1]
    }

    @Test("bytes that are not HTTP/2 end the connection")
    func notHTTP2() async throws {
        let server = try await TestServer()
        for bytes in [Array("GET / HTTP/1.1\r\n\r\n".utf8), [UInt8](repeating: 0xFF, count: 200)] {
            let peer = try await RawPeer(port: server.server.port)
            try await peer.send(bytes)
            _ = try await peer.untilClosed()
        }
        #expect(try await isAlive(server))
        await server.stop()
    }

    @Test("a request cut into single bytes is answered like one in one piece")
    func byteByByte() async throws {
        let server = try await TestServer()
        let peer = try await RawPeer(port: server.server.port)
        for byte in RawPeer.preface + RawPeer.request(path: "/bench.v1.Echo/Say") {
            try await peer.send([byte])
        }
        // grpc-status 0 arrives in a HEADERS frame with END_STREAM on stream 1.
        _ = try await peer.until { contains($0, frame: 1, flags: 5, stream: 1) }
        try await peer.close()
        await server.stop()
    }

    @Test("no bit flipped in a request brings the server down")
    func bitFlips() async throws {
        let server = try await TestServer()
        let request = RawPeer.preface + RawPeer.request(path: "/bench.v1.Echo/Say")
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var bytes = request
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let index = Int.random(in: 24..<bytes.count, using: &random)
                bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            let peer = try await RawPeer(port: server.server.port)
            try? await peer.send(bytes)
            try? await peer.close()
        }
        #expect(try await isAlive(server))
        await server.stop()
    }

    @Test("random frames do not bring the server down")
    func randomFrames() async throws {
        let server = try await TestServer()
        for seed in 0..<100 {
            var random = SplitMix(state: UInt64(seed))
            var bytes = RawPeer.preface
            for _ in 0..<20 {
                let payload = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                bytes += RawPeer.frame(
                    .random(in: 0...12, using: &random), .random(in: 0...255, using: &random),
                    .random(in: 0...5, using: &random), payload)
            }
            let peer = try await RawPeer(port: server.server.port)
            try? await peer.send(bytes)
            try? await peer.close()
        }
        #expect(try await isAlive(server))
        await server.stop()
    }

    @Test("more streams a second than the profile allows end with ENHANCE_YOUR_CALM")
    func streamRate() async throws {
        var profile = RPCProfile.mesh
        profile.http2.maximumStreamsPerSecond = 50
        let server = try await TestServer(profile: profile)
        let peer = try await RawPeer(port: server.server.port)
        var bytes = RawPeer.preface
        for index in 0..<60 as Range<UInt32> {
            bytes += RawPeer.request(path: "/bench.v1.Echo/Say", stream: 2 * index + 1)
        }
        try await peer.send(bytes)
        let answer = try await peer.untilClosed()
        #expect(contains(answer, text: "stream_rate"))
        await server.stop()
    }

    @Test("a flood of PINGs ends the connection")
    func pings() async throws {
        let server = try await TestServer(profile: .edge)
        let peer = try await RawPeer(port: server.server.port)
        let ping = RawPeer.frame(6, 0, 0, [UInt8](repeating: 0, count: 8))
        try await peer.send(RawPeer.preface + (0..<120).flatMap { _ in ping })
        _ = try await peer.untilClosed()
        #expect(try await isAlive(server))
        await server.stop()
    }

    @Test("resetting streams again and again ends the connection")
    func rapidReset() async throws {
        let gate = Gate()
        let service = EchoService { request, _ in
            await gate.wait()
            return request
        }
        let server = try await TestServer(service, profile: .edge)
        let peer = try await RawPeer(port: server.server.port)
        var bytes = RawPeer.preface
        for index in 0..<400 as Range<UInt32> {
            bytes += RawPeer.request(path: "/bench.v1.Echo/Custom", stream: 2 * index + 1)
            bytes += RawPeer.frame(3, 0, 2 * index + 1, [0, 0, 0, 8])
        }
        try await peer.send(bytes)
        _ = try await peer.untilClosed()
        gate.open()
        #expect(try await isAlive(server))
        await server.stop()
    }

    @Test("metadata over the soft limit is RESOURCE_EXHAUSTED, over the hard one a reset")
    func metadata() async throws {
        let server = try await TestServer(profile: .edge)
        let value = String(repeating: "x", count: 3_000)
        for (fields, type) in [(4, UInt8(1)), (12, UInt8(3))] {
            let peer = try await RawPeer(port: server.server.port)
            var extra: [(String, String)] = []
            for index in 0..<fields { extra.append(("x-\(index)", value)) }
            let headers = RawPeer.headers(path: "/bench.v1.Echo/Say", extra: extra)
            try await peer.send(RawPeer.preface + split(headers))
            _ = try await peer.until { contains($0, frame: type, flags: nil, stream: 1) }
            try await peer.close()
        }
        #expect(try await isAlive(server))
        await server.stop()
    }

    /// A HEADERS frame over 16 KiB as HEADERS and CONTINUATIONs.
    func split(_ frame: [UInt8]) -> [UInt8] {
        let block = Array(frame[9...])
        if block.count <= 16_000 { return frame }
        var output = RawPeer.frame(1, 0, 1, Array(block.prefix(16_000)))
        var rest = block.dropFirst(16_000)
        while !rest.isEmpty {
            let part = Array(rest.prefix(16_000))
            rest = rest.dropFirst(16_000)
            output += RawPeer.frame(9, rest.isEmpty ? 4 : 0, 1, part)
        }
        return output
    }
}

/// A seeded generator, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

/// Whether a frame of this type (and flags) for this stream is in the bytes.
func contains(_ bytes: [UInt8], frame type: UInt8, flags: UInt8?, stream: UInt32) -> Bool {
    var position = 0
    while position + 9 <= bytes.count {
        let length =
            Int(bytes[position]) << 16 | Int(bytes[position + 1]) << 8 | Int(bytes[position + 2])
        let id = bytes[position + 5..<position + 9].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        if bytes[position + 3] == type, id == stream,
            flags.map({ $0 == bytes[position + 4] }) ?? true
        {
            return true
        }
        position += 9 + length
    }
    return false
}

func contains(_ bytes: [UInt8], text: String) -> Bool {
    let wanted = Array(text.utf8)
    guard bytes.count >= wanted.count else { return false }
    return bytes.indices.dropLast(wanted.count - 1).contains {
        bytes[$0..<$0 + wanted.count].elementsEqual(wanted)
    }
}
