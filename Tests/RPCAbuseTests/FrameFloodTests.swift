import RPCTransport
import Testing

@Suite("Abuse: floods of frames", .timeLimit(.minutes(2)))
struct FrameFloodTests {
    @Test(
        "A1 Data Dribble and a window pinned at zero: streams are reset, sockets closed",
        arguments: Door.allCases)
    func dribble(door: Door) async throws {
        var profile = RPCProfile.edge
        profile.http2.stallTimeout = .milliseconds(150)
        try await AbuseServer.endures("A1", door: door, profile: profile) { server in
            let written = server.gauge.counts.written
            // No window at all: the writer waits, and the stream ends with CANCEL.
            let pinned = try await server.peer()
            await pinned.send(Bytes.opening(window: 0) + Bytes.request("Flood", 1))
            let reset = try await pinned.first { $0.type == Frame.reset }
            #expect(reset.code == 8)
            // Behind a gateway more of it is under way, in the windows between the two.
            let most = door == .gateway ? 600 << 10 : 300 << 10
            #expect(server.gauge.counts.written - written <= most)
            await pinned.close()
            // A socket that nobody reads.
            try await server.next("stalled_socket closed") {
                let peer = try? await server.peer(reads: false)
                await peer?.send(Bytes.opening(window: 1 << 30) + Bytes.windowUpdate(0, 1 << 30))
                await peer?.send(Bytes.request("Flood", 1))
            }
            // A byte at a time.
            let dribbler = try await server.peer()
            await dribbler.send(Bytes.opening(window: 0) + Bytes.request("Flood", 1))
            await dribbler.send((0..<1_100).flatMap { _ in Bytes.windowUpdate(1, 1) })
            await dribbler.untilClosed().expectGoAway("small_window_update")
        }
    }

    @Test("A2 PING flood: ENHANCE_YOUR_CALM", arguments: Door.allCases)
    func pings(door: Door) async throws {
        let ping = Bytes.frame(6, 0, 0, [UInt8](repeating: 0, count: 8))
        try await AbuseServer.endures("A2", door: door) { server in
            let peer = try await server.peer()
            await peer.send(Bytes.opening() + (0..<500).flatMap { _ in ping })
            await peer.untilClosed().expectGoAway("too_many_pings")
        }
    }

    @Test("A2 PINGs that measure a connection in use cost nothing")
    func measuringPings() async throws {
        let server = try await AbuseServer()
        let peer = try await server.peer()
        await peer.send(Bytes.opening())
        for stream in Bytes.streams(150) {
            await peer.send(Bytes.request("Say", stream))
            _ = try await peer.first { $0.stream == stream && $0.endsStream }
            await peer.send(Bytes.frame(6, 0, 0, [UInt8](repeating: 0, count: 8)))
        }
        await peer.send(Bytes.request("Say", 301))
        _ = try await peer.first { $0.stream == 301 && $0.endsStream }
        #expect(try await server.count("ping counted") <= 1)
        await peer.close()
        await server.stop()
    }

    @Test("A3 PRIORITY loop: ENHANCE_YOUR_CALM", arguments: Door.allCases)
    func priorities(door: Door) async throws {
        try await AbuseServer.endures("A3", door: door) { server in
            let peer = try await server.peer()
            let loop = Bytes.streams(1_000).flatMap {
                Bytes.frame(2, 0, $0, Bytes.number($0 + 2) + [16])
            }
            await peer.send(Bytes.opening() + loop)
            await peer.untilClosed().expectGoAway("priority")
        }
    }

    @Test(
        "A4 reset flood of a peer that does not read: closed at 1,000 frames that wait",
        arguments: Door.allCases)
    func unreadResets(door: Door) async throws {
        try await AbuseServer.endures("A4", door: door) { server in
            try await server.next("queued_frames closed") {
                guard let peer = try? await server.peer(reads: false) else { return }
                await peer.send(Bytes.opening(window: 1 << 30) + Bytes.windowUpdate(0, 1 << 30))
                // Fills the socket; what follows has to wait.
                await peer.send(Bytes.request("Flood", 1))
                if door == .gateway { await server.gauge.rest() }
                // It has not acknowledged how many streams it may open, so each further one is refused.
                await peer.send(
                    Bytes.streams(101).dropFirst().flatMap { Bytes.call("Collect", $0) })
                let small: [UInt8] = [0x83, 0x86, 0x84]  // POST, http and /, from the static table.
                for chunk in 0..<12 {
                    let numbers = (0..<110).map { UInt32(2 * (101 + chunk * 110 + $0) + 1) }
                    await peer.send(numbers.flatMap { Bytes.headers($0, small) })
                }
            }
        }
    }

    @Test("A5 SETTINGS flood: ENHANCE_YOUR_CALM", arguments: Door.allCases)
    func settings(door: Door) async throws {
        try await AbuseServer.endures("A5", door: door) { server in
            let peer = try await server.peer()
            let flood = (0..<500).flatMap { _ in Bytes.frame(Frame.settings, 0, 0, []) }
            await peer.send(Bytes.opening() + flood)
            await peer.untilClosed().expectGoAway("settings")
        }
    }

    @Test(
        "A7 empty frames, also such with nothing but padding: ENHANCE_YOUR_CALM",
        arguments: Door.allCases)
    func emptyFrames(door: Door) async throws {
        try await AbuseServer.endures("A7", door: door) { server in
            for empty in [Bytes.data(1, []), Bytes.frame(0, 8, 1, [3, 0, 0, 0])] {
                let peer = try await server.peer()
                await peer.send(Bytes.opening() + Bytes.call("Collect", 1))
                await peer.send((0..<200).flatMap { _ in empty })
                await peer.untilClosed().expectGoAway("empty_data")
            }
        }
    }

    @Test(
        "A8 Rapid Reset: ENHANCE_YOUR_CALM, and never more handlers than streams are allowed",
        arguments: Door.allCases)
    func rapidReset(door: Door) async throws {
        try await AbuseServer.endures("A8", door: door) { server in
            let peer = try await server.peer()
            let flood = Bytes.streams(1_000).flatMap {
                Bytes.request("Hold", $0) + Bytes.reset($0)
            }
            await peer.send(Bytes.opening() + flood)
            await peer.untilClosed().expectGoAway("early_reset")
            #expect(server.gauge.counts.mostRunning <= 200)
        }
    }

    @Test("A8 one reset per read: handlers that began hold their places until they end")
    func slowRapidReset() async throws {
        let server = try await AbuseServer()
        let peer = try await server.peer()
        await peer.send(Bytes.opening())
        for stream in Bytes.streams(200) {
            await peer.send(Bytes.request("Hold", stream))
            await peer.send(Bytes.reset(stream))
        }
        _ = await peer.untilClosed()
        #expect(server.gauge.counts.mostRunning <= 100)
        #expect(server.gauge.counts.running == 0)
        await server.stop()
    }

    @Test("A8 more new streams in a second than the profile allows: ENHANCE_YOUR_CALM")
    func streamRate() async throws {
        var profile = RPCProfile.edge
        profile.http2.maximumStreamsPerSecond = 50
        let server = try await AbuseServer(profile)
        let peer = try await server.peer()
        await peer.send(
            Bytes.opening() + Bytes.streams(60).flatMap { Bytes.request("Say", $0) })
        await peer.untilClosed().expectGoAway("stream_rate")
        await server.stop()
    }

    @Test(
        "A9 MadeYouReset, in each of its forms: ENHANCE_YOUR_CALM, and no more handlers",
        arguments: Door.allCases)
    func madeYouReset(door: Door) async throws {
        let forms: [(String, @Sendable (UInt32) -> [UInt8])] = [
            (
                "forced_reset",
                { Bytes.windowUpdate($0, .max >> 1) + Bytes.windowUpdate($0, .max >> 1) }
            ),
            ("forced_reset", { Bytes.data($0, [1, 2, 3], ends: true) }),
            (
                "invalid_messaging",
                { Bytes.headers($0, Bytes.block([(":path", "/again")]), ends: true) }
            ),
        ]
        try await AbuseServer.endures("A9", door: door) { server in
            for (event, form) in forms {
                let peer = try await server.peer()
                // The handler runs from the first message on; then the peer makes us reset.
                let flood = Bytes.streams(60).flatMap { stream in
                    Bytes.call("Ignore", stream, extra: [("content-length", "6")])
                        + Bytes.data(stream, Bytes.message([])) + form(stream)
                }
                await peer.send(Bytes.opening() + flood)
                await peer.untilClosed().expectGoAway(event)
                #expect(server.gauge.counts.mostRunning <= 100)
            }
        }
    }

    @Test(
        "A21 PRIORITY_UPDATE, ALTSVC and unknown frames: ENHANCE_YOUR_CALM",
        arguments: Door.allCases)
    func extensions(door: Door) async throws {
        try await AbuseServer.endures("A21", door: door) { server in
            for type in [0x10, 0x0a, 0x0c, 0xee] as [UInt8] {
                let peer = try await server.peer()
                let flood = (0..<1_000).flatMap { _ in
                    Bytes.frame(type, 0, 0, [0, 0, 0, 1, 0x75])
                }
                await peer.send(Bytes.opening() + flood)
                await peer.untilClosed().expectGoAway("extension_frame")
            }
        }
    }

    @Test(
        "A22 the frames of CVE-2026-27135: a frame that is too short behind the end",
        arguments: Door.allCases)
    func assertion(door: Door) async throws {
        // Each opening makes the library end the session in the middle of a read; the frames behind it
        // have sizes that their types do not allow, which used to trap.
        let endings: [[UInt8]] = [
            Bytes.windowUpdate(0, .max >> 1) + Bytes.windowUpdate(0, .max >> 1),
            Bytes.frame(7, 0, 0, [0, 0, 0, 0]),
            Bytes.headers(2, Bytes.block(Bytes.fields("/a/b"))),
            Bytes.frame(0x10, 0, 1, [0, 0, 0, 1]),
            Bytes.frame(0x0a, 0, 0, [0, 0]),
            Bytes.frame(2, 0, 0, [0, 0, 0, 3, 16]),
            Bytes.data(0, [1]),
            Bytes.headers(1, [0x80]),
            (0..<1_100).flatMap { _ in Bytes.windowUpdate(0, 1) },
        ]
        let short: [[UInt8]] = (0...12).flatMap { type in
            [0, 1, 3, 7].map { Bytes.frame(UInt8(type), 0x2d, 1, Array(repeating: 0, count: $0)) }
        }
        try await AbuseServer.endures("A22", door: door) { server in
            for ending in endings {
                let peer = try await server.peer()
                await peer.send(
                    Bytes.opening() + Bytes.request("Say", 1) + ending + short.joined())
                _ = await peer.untilClosed()
            }
        }
    }
}
