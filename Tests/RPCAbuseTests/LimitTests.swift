import RPC
import RPCTransport
import Synchronization
import Testing

@Suite("Limits of connections, time and memory", .timeLimit(.minutes(2)))
struct LimitTests {
    static func isReply(_ stream: UInt32) -> (Frame) -> Bool {
        { $0.stream == stream && $0.type == Frame.headers && $0.endsStream }
    }

    /// A peer that has had a reply.
    func servedPeer(_ server: AbuseServer) async throws -> RawPeer {
        let peer = try await server.peer()
        await peer.send(Bytes.opening() + Bytes.request("Say", 1))
        _ = try await peer.first(where: Self.isReply(1))
        return peer
    }

    @Test("with as many connections as allowed, accepting pauses; it goes on when one has gone")
    func connections() async throws {
        var profile = RPCProfile.edge
        profile.maximumConnections = 3
        let server = try await AbuseServer(profile)
        var peers: [RawPeer] = []
        for _ in 0..<3 { peers.append(try await servedPeer(server)) }
        let late = try await server.peer()
        await late.send(Bytes.opening() + Bytes.request("Say", 1))
        // Those that are in are served meanwhile; the late one waits, and is not refused.
        await peers[0].send(Bytes.request("Say", 3))
        _ = try await peers[0].first(where: Self.isReply(3))
        #expect(server.server.connectionCount == 3)
        await peers[1].close()
        _ = try await late.first(where: Self.isReply(1))
        #expect(server.server.connectionCount == 3)
        for peer in [peers[0], peers[2], late] { await peer.close() }
        await server.stop()
    }

    @Test("an address with as many connections as allowed has further ones closed")
    func addresses() async throws {
        var profile = RPCProfile.edge
        profile.maximumConnectionsPerAddress = 2
        let server = try await AbuseServer(profile)
        let first = try await servedPeer(server)
        let second = try await servedPeer(server)
        let third = try await server.peer()
        #expect(await third.untilClosed().isEmpty)
        #expect(server.recorder["connections_per_address closed"] == 1)
        await first.close()
        let fourth = try await retry { try await servedPeer(server) }
        await second.close()
        await fourth.close()
        await server.stop()
    }

    /// The server sees the end of a connection a moment after the peer does.
    private func retry(_ body: () async throws -> RawPeer) async throws -> RawPeer {
        for _ in 0..<100 {
            if let peer = try? await body() { return peer }
        }
        return try await body()
    }

    @Test("a peer that is told to go and stays is closed within a second")
    func close() async throws {
        let server = try await AbuseServer()
        let peer = try await server.peer(closes: false)
        await peer.send(
            Bytes.opening() + (0..<300).flatMap { _ in Bytes.frame(0x10, 0, 0, [0, 0, 0, 0]) })
        await peer.untilClosed().expectGoAway("extension_frame")
        let start = ContinuousClock.now
        while await peer.sends(Bytes.windowUpdate(0, 1)) {}
        #expect(ContinuousClock.now - start < .milliseconds(1_500))
        // The server forgets a connection a moment after the peer has seen its end.
        while server.server.connectionCount > 0 { await Task.yield() }
        await server.stop()
    }

    @Test("with enforcement off all is counted, and nobody loses a connection")
    func counting() async throws {
        var profile = RPCProfile.edge
        profile.http2.enforcesScore = false
        let server = try await AbuseServer(profile)
        let peer = try await server.peer()
        await peer.send(
            Bytes.opening() + (0..<400).flatMap { _ in Bytes.frame(0x10, 0, 0, [0, 0, 0, 0]) }
                + Bytes.request("Say", 1))
        _ = try await peer.first(where: Self.isReply(1))
        #expect(server.recorder["extension_frame counted"] == 400)
        await peer.close()
        await server.stop()
    }

    @Test("frames for a stream that was reset lately cost nothing")
    func lateFrames() async throws {
        let server = try await AbuseServer()
        let peer = try await server.peer()
        await peer.send(Bytes.opening() + Bytes.request("Hold", 1) + Bytes.reset(1))
        let late: [[UInt8]] = [
            Bytes.frame(2, 0, 1, [0, 0, 0, 0, 16]), Bytes.reset(1), Bytes.data(1, []),
            Bytes.windowUpdate(1, 1), Bytes.frame(0xee, 0, 1, []),
        ]
        for _ in 0..<300 { await peer.send(late.flatMap(\.self)) }
        await peer.send(Bytes.request("Say", 3))
        _ = try await peer.first(where: Self.isReply(3))
        for event in ["priority", "stale_reset", "empty_data", "extension_frame"] {
            #expect(server.recorder["\(event) counted"] == 0, "\(event)")
        }
        #expect(server.recorder["early_reset counted"] == 1)
        await peer.close()
        await server.stop()
    }

    @Test("a slow body is 408 on the JSON face")
    func slowJSON() async throws {
        var profile = RPCProfile.edge
        profile.http2.progressInterval = .milliseconds(50)
        let server = try await AbuseServer(profile)
        let peer = try await server.peer()
        var fields = Bytes.fields(Victim.say.path)
        fields[4].1 = "application/json"
        await peer.send(
            Bytes.opening() + Bytes.headers(1, Bytes.block(fields)) + Bytes.data(1, [0x7B]))
        let reply = try await peer.first { $0.stream == 1 && $0.type == Frame.headers }
        #expect(String(decoding: reply.payload, as: UTF8.self).contains("408"))
        await peer.close()
        await server.stop()
    }

    @Test("17 a slow reader and a slow writer end alone, and what they hold is bounded")
    func slowPeers() async throws {
        var profile = RPCProfile.mesh
        profile.http2.stallTimeout = .milliseconds(150)
        profile.http2.progressInterval = .milliseconds(80)
        let memory = ProcessMemory(limit: 1 << 30) { 0 }
        profile.memory = memory
        let server = try await AbuseServer(profile)
        let (reader, writer) = (try await server.peer(), try await server.peer())
        await reader.send(
            Bytes.opening(window: 0) + Bytes.streams(20).flatMap { Bytes.request("Flood", $0) })
        await writer.send(
            Bytes.opening()
                + Bytes.streams(20).flatMap {
                    Bytes.call("Collect", $0) + Bytes.data($0, [0, 0, 1, 0, 0, 1])
                })
        for stream in Bytes.streams(20) {
            _ = try await reader.first { $0.stream == stream && $0.code == 8 }
            #expect(memory.buffered < 4 << 20)
            let end = try await writer.first { $0.stream == stream && $0.type == Frame.headers }
            #expect(end.endsStream)
        }
        #expect(server.recorder["stalled_stream ended"] == 20)
        #expect(server.recorder["slow_message ended"] == 20)
        await reader.close()
        await writer.close()
        await server.stop()
        #expect(memory.buffered == 0)
    }

    @Test("19 at 85 % of the memory new streams are refused, at 95 % connections wait")
    func shedding() async throws {
        let used = Mutex(0)
        var profile = RPCProfile.mesh
        let memory = ProcessMemory(limit: 1_000_000) { used.withLock { $0 } }
        profile.memory = memory
        let server = try await AbuseServer(profile)
        let peer = try await servedPeer(server)
        used.withLock { $0 = 860_000 }
        memory.sample()
        await peer.send(Bytes.request("Say", 3))
        #expect(try await peer.first { $0.stream == 3 }.code == 7)
        used.withLock { $0 = 960_000 }
        memory.sample()
        // The listener had asked for one connection before.
        let next = try await server.peer()
        let late = try await server.peer()
        await late.send(Bytes.opening() + Bytes.request("Say", 1))
        await peer.send(Bytes.request("Say", 5))
        #expect(try await peer.first { $0.stream == 5 }.code == 7)
        #expect(server.server.connectionCount <= 2)
        used.withLock { $0 = 0 }
        memory.sample()
        _ = try await late.first(where: Self.isReply(1))
        await peer.send(Bytes.request("Say", 7))
        _ = try await peer.first(where: Self.isReply(7))
        for peer in [peer, next, late] { await peer.close() }
        await server.stop()
    }
}
