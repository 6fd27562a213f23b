import RPCTransport
import Testing

@Suite("Abuse: messages", .timeLimit(.minutes(2)))
struct BodyTests {
    @Test("A14 a length that lies, a huge message, a slow body", arguments: Door.allCases)
    func lengths(door: Door) async throws {
        var profile = RPCProfile.edge
        profile.http2.progressInterval = .milliseconds(80)
        try await AbuseServer.endures("A14", door: door, profile: profile) { server in
            let peer = try await server.peer()
            await peer.send(Bytes.opening())
            // Refused at the prefix: nothing is reserved, nothing more is read.
            await peer.send(Bytes.call("Say", 1) + Bytes.data(1, [0, 0x7f, 0xff, 0xff, 0xff]))
            // The end comes before the message does.
            await peer.send(
                Bytes.call("Say", 3) + Bytes.data(3, [0, 0, 0, 0, 100, 1, 2], ends: true))
            // A message that stops coming, on a unary call and on a stream.
            await peer.send(Bytes.call("Say", 5) + Bytes.data(5, [0, 0, 0, 0, 100, 1, 2]))
            await peer.send(Bytes.call("Collect", 7) + Bytes.data(7, [0, 0, 0, 0, 100, 1, 2]))
            // No message at all, on a unary call; and a stream at rest, which may be.
            await peer.send(Bytes.call("Say", 9) + Bytes.call("Collect", 11))
            for stream in [1, 3, 5, 7, 9] as [UInt32] {
                let end = try await peer.first { $0.stream == stream && $0.type == Frame.headers }
                #expect(end.endsStream, "\(stream)")
            }
            #expect(!peer.seen.contains { $0.stream == 11 })
            await peer.close()
        }
    }

    @Test(
        "A15 a compression bomb, a message deeper or wider than its decoder allows",
        arguments: Door.allCases)
    func bombs(door: Door) async throws {
        // 16 MiB of zeros.
        try await AbuseServer.endures("A15", door: door) { server in
            let peer = try await server.peer()
            await peer.send(Bytes.opening())
            await peer.send(
                Bytes.call("Say", 1, extra: [("grpc-encoding", "gzip")])
                    + Bytes.data(1, Bytes.message(GzipBomb.bytes, flag: 1), ends: true))
            await peer.send(
                Bytes.call("Say", 3) + Bytes.data(3, Bytes.message(Self.deep), ends: true))
            for stream in [1, 3] as [UInt32] {
                let end = try await peer.first { $0.stream == stream && $0.type == Frame.headers }
                #expect(end.endsStream, "\(stream)")
            }
            await peer.close()
        }
    }

    /// Start groups alone: each would be a level of a recursive decoder.
    private static let deep = [UInt8](repeating: 0x13, count: 16_000)

    @Test("A14 bad prefixes: INTERNAL, then ENHANCE_YOUR_CALM", arguments: Door.allCases)
    func prefixes(door: Door) async throws {
        try await AbuseServer.endures("A14 prefixes", door: door) { server in
            for method in ["Say", "Collect"] {
                let peer = try await server.peer()
                let flood = Bytes.streams(60).flatMap {
                    Bytes.call(method, $0) + Bytes.data($0, [9, 0, 0, 0, 0], ends: true)
                }
                await peer.send(Bytes.opening() + flood)
                await peer.untilClosed().expectGoAway("bad_prefix")
            }
        }
    }
}
