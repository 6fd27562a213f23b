import RPCTransport
import Testing

import struct RawHTTP2.HeaderDecoder

@Suite("Abuse: fields", .timeLimit(.minutes(2)))
struct HeaderTests {
    /// The status in a block of trailers: our own replies send it as a literal or from a table, so it
    /// is asked of an honest client's decoder elsewhere; here the reply only has to be there.
    static func isReply(_ stream: UInt32) -> (Frame) -> Bool {
        { $0.stream == stream && $0.type == Frame.headers && $0.endsStream }
    }

    @Test(
        "A6 fields without a name: the stream is reset, then the connection ended",
        arguments: Door.allCases)
    func emptyNames(door: Door) async throws {
        try await AbuseServer.endures("A6", door: door) { server in
            let peer = try await server.peer()
            let flood = Bytes.streams(40).flatMap {
                Bytes.headers(
                    $0, Bytes.block(Bytes.fields(Victim.say.path) + [("", ""), ("", "x")]))
            }
            await peer.send(Bytes.opening() + flood)
            let frames = await peer.untilClosed()
            frames.expectGoAway("invalid_messaging")
        }
    }

    @Test("A6 one field without a name: RST_STREAM, and the connection serves on")
    func emptyName() async throws {
        let server = try await AbuseServer()
        let peer = try await server.peer()
        await peer.send(Bytes.opening() + Bytes.call("Say", 1, extra: [("", "x")]))
        let reset = try await peer.first { $0.stream == 1 }
        #expect(reset.type == Frame.reset && reset.code == 1)
        await peer.send(Bytes.request("Say", 3))
        _ = try await peer.first(where: Self.isReply(3))
        await peer.close()
        await server.stop()
    }

    @Test("A10 CONTINUATION flood: ENHANCE_YOUR_CALM", arguments: Door.allCases)
    func continuations(door: Door) async throws {
        try await AbuseServer.endures("A10", door: door) { server in
            let peer = try await server.peer()
            let block = Bytes.block(Bytes.fields(Victim.say.path))
            await peer.send(
                Bytes.opening() + Bytes.frame(Frame.headers, 1, 1, block)
                    + (0..<2_000).flatMap { _ in Bytes.frame(9, 0, 1, []) })
            await peer.untilClosed().expectGoAway("continuation_flood")
        }
    }

    @Test(
        "A11 HPACK bomb: the stream is reset, then the connection ended",
        arguments: Door.allCases)
    func bomb(door: Door) async throws {
        // One large field into the dynamic table, then references of one byte each to it.
        let large = ("x-large", String(repeating: "v", count: 3_000))
        let stored = [0x40] + Bytes.string(large.0) + Bytes.string(large.1)
        let references = [UInt8](repeating: 0x80 | 62, count: 10_000)
        try await AbuseServer.endures("A11", door: door) { server in
            let peer = try await server.peer()
            var bytes = Bytes.opening()
            for stream in Bytes.streams(8) {
                let request = Bytes.block(Bytes.fields(Victim.say.path))
                bytes += Bytes.headers(
                    stream, request + (stream == 1 ? stored : []) + references)
            }
            await peer.send(bytes)
            let frames = await peer.untilClosed()
            frames.expectGoAway("huge_headers")
        }
    }

    @Test(
        "A12 HTTP/2 bomb of cookie crumbs: each is one field, soft limit answered, hard one reset",
        arguments: Door.allCases)
    func crumbs(door: Door) async throws {
        let server = try await AbuseServer(door: door)
        let stored = [0x40] + Bytes.string("cookie") + Bytes.string("a=b")
        @Sendable func crumbs(_ stream: UInt32, _ count: Int) -> [UInt8] {
            let request = Bytes.block(Bytes.fields(Victim.say.path))
            return Bytes.headers(
                stream,
                request + (stream == 1 ? stored : [])
                    + [UInt8](repeating: 0x80 | 62, count: count))
        }
        let peer = try await server.peer()
        await peer.send(Bytes.opening() + crumbs(1, 100) + crumbs(3, 300))
        // RESOURCE_EXHAUSTED, as headers alone.
        _ = try await peer.first(where: Self.isReply(1))
        let reset = try await peer.first { $0.stream == 3 }
        #expect(reset.type == Frame.reset)
        #expect(try await server.count("huge_headers counted") == 1)
        await peer.close()
        await server.stop()
        try await AbuseServer.endures("A12", door: door) { server in
            let peer = try await server.peer()
            await peer.send(Bytes.opening() + Bytes.streams(8).flatMap { crumbs($0, 16_000) })
            await peer.untilClosed().expectGoAway("huge_headers")
        }
    }

    @Test(
        "A13 slow headers, silence, and connections without a request are closed",
        arguments: Door.allCases)
    func slowHeaders(door: Door) async throws {
        var profile = RPCProfile.edge
        profile.http2.settingsTimeout = .milliseconds(100)
        profile.http2.headerBlockTimeout = .milliseconds(100)
        profile.http2.firstRequestTimeout = .milliseconds(200)
        try await AbuseServer.endures("A13", door: door, profile: profile) { server in
            let (silent, mute, idle, slow) = (
                try await server.peer(), try await server.peer(), try await server.peer(),
                try await server.peer()
            )
            await mute.send(Bytes.preface)
            await idle.send(Bytes.opening())
            let block = Bytes.block(Bytes.fields(Victim.say.path))
            await slow.send(Bytes.opening() + Bytes.frame(Frame.headers, 1, 1, block))
            _ = await silent.untilClosed()
            _ = await mute.untilClosed()
            await slow.untilClosed().expectGoAway("slow_headers")
            let end = await idle.untilClosed().last { $0.type == Frame.goAway }
            #expect(end?.code == 0)
            #expect(end?.debug == "first_request")
        }
    }

    @Test(
        "A18 smuggling: names in upper case, fields of one hop, two hosts: reset, then ended",
        arguments: [
            ("X-Upper", "1"), ("connection", "close"), ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"), ("keep-alive", "1"), ("host", "elsewhere"), ("te", "gzip"),
            ("content-length", "1, 2"), (":scheme", "http"), ("x-line", "a\r\nb: c"),
        ], Door.allCases)
    func smuggling(field: (String, String), door: Door) async throws {
        try await AbuseServer.endures("A18 \(field.0)", door: door) { server in
            let peer = try await server.peer()
            await peer.send(Bytes.opening() + Bytes.call("Say", 1, extra: [field], ends: true))
            let reset = try await peer.first { $0.stream == 1 }
            #expect(reset.type == Frame.reset && reset.code == 1)
            await peer.send(
                Bytes.streams(40).dropFirst().flatMap { Bytes.call("Say", $0, extra: [field]) })
            await peer.untilClosed().expectGoAway("invalid_messaging")
        }
    }

    @Test("A18 a bad :authority is reset; a host that is the same authority is served")
    func authorities() async throws {
        let server = try await AbuseServer()
        let peer = try await server.peer()
        await peer.send(
            Bytes.opening() + Bytes.call("Say", 1, extra: [("host", "TEST")])
                + Bytes.data(1, Bytes.message(), ends: true))
        _ = try await peer.first(where: Self.isReply(1))
        var fields = Bytes.fields(Victim.say.path)
        fields[3].1 = "evil/path@\u{7f}"
        await peer.send(Bytes.headers(3, Bytes.block(fields), ends: true))
        #expect(try await peer.first { $0.stream == 3 }.type == Frame.reset)
        await peer.close()
        await server.stop()
    }

    @Test(
        "A19 paths that mean another one are unknown; an upgrade of HTTP/1.1 is refused",
        arguments: Door.allCases)
    func paths(door: Door) async throws {
        let paths = [
            "//bench.v1.Echo/Say", "/bench.v1.Echo//Say", "/bench.v1.Echo/Say/",
            "/bench.v1.Echo%2fSay", "/bench.v1.Echo/../bench.v1.Echo/Say",
            "/BENCH.v1.Echo/Say", "/bench.v1.Echo/Say;a=b", "/bench.v1.Echo/Say\u{e4}",
        ]
        try await AbuseServer.endures("A19", door: door) { server in
            let peer = try await server.peer()
            var bytes = Bytes.opening()
            for (path, stream) in zip(paths, Bytes.streams(paths.count)) {
                bytes += Bytes.headers(stream, Bytes.block(Bytes.fields(path)))
                bytes += Bytes.data(stream, Bytes.message(), ends: true)
            }
            await peer.send(bytes)
            for (path, stream) in zip(paths, Bytes.streams(paths.count)) {
                let end = try await peer.first { $0.stream == stream && $0.type != 8 }
                // Trailers-Only, or for bytes that are no path a reset; never a reply.
                #expect(end.type == Frame.reset || end.endsStream, "\(path)")
            }
            await peer.close()
            let upgrade = try await server.peer()
            await upgrade.send(
                Array(
                    ("POST /bench.v1.Echo/Say HTTP/1.1\r\nHost: test\r\nUpgrade: h2c\r\n"
                        + "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n\r\n")
                        .utf8))
            let answer = await upgrade.untilClosed()
            #expect(!answer.contains { $0.type == Frame.headers || $0.stream > 0 })
        }
    }

    @Test(
        "A20 what the caller sent does not come back as fields, and no cause leaks",
        arguments: Door.allCases)
    func reflection(door: Door) async throws {
        let hostile = "/x\"><script>%0d%0aset-cookie: a=b"
        try await AbuseServer.endures("A20", door: door) { server in
            let peer = try await server.peer()
            await peer.send(
                Bytes.opening() + Bytes.headers(1, Bytes.block(Bytes.fields(hostile)))
                    + Bytes.data(1, [], ends: true) + Bytes.request("Fail", 3))
            let unknown = try await peer.first { $0.stream == 1 && $0.type != 8 }
            let failed = try await peer.first(where: Self.isReply(3))
            var decoder = HeaderDecoder()
            // An unknown path gets a reply or, for bytes that are no path, a reset.
            for frame in [unknown, failed] where frame.type == Frame.headers {
                for field in try decoder.decode(frame.payload) {
                    #expect(field.name != "set-cookie")
                    #expect(!field.value.contains { $0.isNewline }, "\(field.name)")
                    #expect(!field.value.contains("hunter2"), "\(field.name)")
                }
            }
            await peer.close()
        }
    }
}
