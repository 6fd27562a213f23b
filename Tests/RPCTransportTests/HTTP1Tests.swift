import RPC
import Testing

@testable import RPCTransport

/// HTTP/1.1 by hand, at a listener that speaks both.
@Suite("HTTP/1.1 beside HTTP/2")
struct HTTP1Tests {
    private static func with(
        _ service: EchoService = EchoService(), _ limits: HTTP1Limits = .edge,
        _ body: (RPCServer) async throws -> Void
    ) async throws {
        var listener = RPCListener.plaintext(port: 0)
        listener.http1 = limits
        // Connections that this side has closed may still count over there.
        var profile = RPCProfile.edge
        profile.maximumConnectionsPerAddress = nil
        let server = RPCServer(
            listeners: [listener], services: [service],
            authorizer: ScopeAuthorizer(trustsEveryPeer: true), profile: profile)
        try await server.start()
        do {
            try await body(server)
        } catch {
            Issue.record(error)
        }
        await server.shutdown(grace: .milliseconds(300))
    }

    private static func post(
        _ body: String, to method: String = "Say", _ fields: String = ""
    ) -> String {
        "POST /bench.v1.Echo/\(method) HTTP/1.1\r\nHost: localhost\r\n"
            + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\(fields)"
            + "\r\n\(body)"
    }

    /// What comes until the server closes.
    private static func answer(to request: String, at server: RPCServer) async throws -> String {
        let peer = try await RawPeer(port: server.port)
        try await peer.send(Array(request.utf8))
        return String(decoding: try await peer.untilClosed(), as: UTF8.self)
    }

    private static func status(_ answer: String) -> String {
        String(answer.split(separator: " ").dropFirst().first ?? "")
    }

    @Test("requests one behind the other, ahead of their replies, and one byte at a time")
    func sequence() async throws {
        try await Self.with { server in
            let peer = try await RawPeer(port: server.port)
            let first = Self.post("{\"payload\":\"AQID\"}")
            try await peer.send(Array((first + first + first).utf8))
            func count(_ bytes: [UInt8]) -> Int {
                String(decoding: bytes, as: UTF8.self).components(of: "{\"payload\":\"AQID\"}")
            }
            _ = try await peer.until { count($0) == 3 }
            for byte in Array(first.utf8) { try await peer.send([byte]) }
            _ = try await peer.until { count($0) == 4 }
            try await peer.send(Array(Self.post("{}", to: "Say", "Connection: close\r\n").utf8))
            let all = String(decoding: try await peer.untilClosed(), as: UTF8.self)
            #expect(all.components(of: "HTTP/1.1 200 OK\r\n") == 5)
            #expect(all.components(of: "content-length: 18\r\n") == 4)
            #expect(all.components(of: "connection: close\r\n") == 1)
        }
    }

    @Test("a chunked request, a request with Expect, HTTP/1.0, a GET, and a target with its host")
    func forms() async throws {
        try await Self.with { server in
            let end = "Connection: close\r\n"
            let json = "Host: a\r\nContent-Type: application/json\r\n"
            let path = "/bench.v1.Echo/Say"
            let body = "{\"payload\":\"AQID\"}"
            for request in [
                "POST \(path) HTTP/1.1\r\n\(json)\(end)Transfer-Encoding: chunked\r\n\r\n"
                    + "2\r\n{\"\r\n10\r\npayload\":\"AQID\"}\r\n0\r\n\r\n",
                "POST \(path) HTTP/1.0\r\n\(json)Content-Length: 18\r\n\r\n\(body)",
                "POST http://a\(path) HTTP/1.1\r\n\(json)\(end)Content-Length: 18\r\n\r\n\(body)",
                "GET \(path)?encoding=json&message=%7B%22payload%22:%22AQID%22%7D HTTP/1.1\r\n"
                    + "Host: a\r\n\(end)\r\n",
                Self.post(
                    body, to: "Say", "Connection: close, x-mine\r\nX-Mine: 1\r\nUpgrade: h2c\r\n"),
            ] {
                let answer = try await Self.answer(to: request, at: server)
                #expect(Self.status(answer) == "200", "\(request)")
                #expect(answer.hasSuffix("\r\n\r\n\(body)"), "\(answer)")
            }
            let expecting = try await Self.answer(
                to: Self.post(body, to: "Say", "Expect: 100-continue\r\n\(end)"), at: server)
            // The body is there already: nobody has to be asked for it.
            #expect(expecting.hasPrefix("HTTP/1.1 200 OK\r\n"))
            let patient = try await RawPeer(port: server.port)
            let waiting = Self.post(body, to: "Say", "Expect: 100-continue\r\n\(end)")
            try await patient.send(Array(waiting.utf8.dropLast(body.utf8.count)))
            let invited = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
            _ = try await patient.until { $0 == invited }
            try await patient.send(Array(body.utf8))
            let rest = try await patient.untilClosed().dropFirst(invited.count)
            #expect(String(decoding: rest, as: UTF8.self).hasPrefix("HTTP/1.1 200 OK\r\n"))
        }
    }

    @Test("what is refused says so and closes; the server goes on")
    func refusals() async throws {
        try await Self.with { server in
            let line = "POST /bench.v1.Echo/Say HTTP/1.1\r\n"
            let fields = (0..<101).map { "x-\($0): 1\r\n" }.joined()
            let cases: [(String, String)] = [
                ("\(line)\r\n", "400"), ("\(line)Host: a\r\nHost: b\r\n\r\n", "400"),
                ("\(line)Host: a\r\nContent-Type: application/grpc\r\n\r\n", "415"),
                ("\(line)Host: a\r\n\(fields)\r\n", "431"),
                ("\(line)Host: a\r\nx: \(String(repeating: "y", count: 20_000))\r\n\r\n", "431"),
                ("\(line)Host: a\r\nno colon\r\n\r\n", "400"),
                ("\(line)Host: a\r\nx!y: 1\r\nContent-Length: 0\r\n\r\n", "400"),
                ("POST http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
                ("CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n", "400"),
                (
                    "\(line)Host: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + "0\r\n\r\n", "400"
                ),
            ]
            for (request, status) in cases {
                let answer = try await Self.answer(to: request, at: server)
                #expect(Self.status(answer) == status, "\(request.prefix(200)): \(answer)")
                #expect(answer.contains("connection: close"))
            }
            let unknown = try await Self.answer(
                to: Self.post("{}", to: "Nothing", "Connection: close\r\n"), at: server)
            #expect(Self.status(unknown) == "404" && unknown.contains("unimplemented"))
            let after = try await Self.answer(
                to: Self.post("{}", to: "Say", "Connection: close\r\n"), at: server)
            #expect(Self.status(after) == "200")
        }
    }

    @Test("a long reply comes in chunks, and whole")
    func long() async throws {
        try await Self.with { server in
            let text = String(repeating: "AQID", count: 50_000)
            let answer = try await Self.answer(
                to: Self.post("{\"payload\":\"\(text)\"}", to: "Say", "Connection: close\r\n"),
                at: server)
            #expect(Self.status(answer) == "200")
            #expect(answer.contains("transfer-encoding: chunked\r\n"))
            #expect(answer.filter { $0 == "Q" }.count == 50_000)
        }
    }

    @Test("HTTP/2 with prior knowledge is served by the same listener, whatever else comes")
    func both() async throws {
        try await Self.with { server in
            let client = try RPCClient("127.0.0.1:\(server.port)")
            let reply: EchoMessage = try await client.unary(
                EchoService.say, EchoMessage(payload: [7]))
            #expect(reply.payload == [7])
            await client.close()
            let junk = try await Self.answer(to: "INVALID CONNECTION PREFACE\r\n\r\n", at: server)
            #expect(!junk.hasPrefix("HTTP"))
        }
        typealias Selector = HTTPVersionSelector
        for text in ["G", "POST", "POST ", "PRI", "PRI "] {
            #expect(Selector.judge(Array(text.utf8)) == .open)
        }
        for text in ["GET /", "POST http", "X /"] {
            #expect(Selector.judge(Array(text.utf8)) == .http1)
        }
        for text in ["PRI * HTTP", "get /", " ", "\u{16}\u{3}", "ABCDEFGHIJKLMNOPQ", "GET  /"] {
            #expect(Selector.judge(Array(text.utf8)) == .http2)
        }
    }

    @Test("a client that goes cancels its handler; an idle one is closed; so is one that dawdles")
    func ends() async throws {
        let started = Gate()
        let cancelled = Gate()
        let service = EchoService { request, _ in
            started.open()
            await withTaskCancellationHandler {
                await cancelled.wait()
            } onCancel: {
                cancelled.open()
            }
            return request
        }
        var limits = HTTP1Limits()
        limits.idleTimeout = .milliseconds(200)
        try await Self.with(service, limits) { server in
            let peer = try await RawPeer(port: server.port)
            try await peer.send(Array(Self.post("{}", to: "Custom").utf8))
            await started.wait()
            try await peer.close()
            await cancelled.wait()
            let idle = try await Self.answer(to: Self.post("{\"payload\":\"AQID\"}"), at: server)
            #expect(idle.hasSuffix("\r\n\r\n{\"payload\":\"AQID\"}"))
            #expect(try await Self.answer(to: "POST / HTTP/1.1\r\nHo", at: server).isEmpty)
        }
    }

    @Test("a server that shuts down finishes the request under way, and says that it closes")
    func drain() async throws {
        let started = Gate()
        let finish = Gate()
        let service = EchoService { request, _ in
            started.open()
            await finish.wait()
            return request
        }
        var listener = RPCListener.plaintext(port: 0)
        listener.http1 = .edge
        let server = RPCServer(
            listeners: [listener], services: [service],
            authorizer: ScopeAuthorizer(trustsEveryPeer: true), profile: .edge)
        try await server.start()
        let peer = try await RawPeer(port: server.port)
        try await peer.send(Array(Self.post("{\"payload\":\"AQID\"}", to: "Custom").utf8))
        await started.wait()
        let port = server.port
        let end = Task { await server.shutdown(grace: .seconds(20)) }
        // The connection is told before the listener closes.
        while let further = try? await RawPeer(port: port) { try? await further.close() }
        finish.open()
        let answer = String(decoding: try await peer.untilClosed(), as: UTF8.self)
        #expect(Self.status(answer) == "200" && answer.hasSuffix("{\"payload\":\"AQID\"}"))
        #expect(answer.contains("connection: close\r\n"))
        await end.value
    }

    @Test("damaged requests are answered or closed, and never harm the next one", arguments: 1...4)
    func damage(seed: UInt64) async throws {
        var state = seed &* 0x9E37_79B9_7F4A_7C15
        func next(below bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        try await Self.with { server in
            for _ in 0..<60 {
                var bytes = Array(
                    Self.post("{\"payload\":\"AQID\"}", to: "Say", "Connection: close\r\n").utf8)
                for _ in 0...next(below: 3) {
                    bytes[next(below: bytes.count)] = UInt8(next(below: 256))
                }
                let peer = try await RawPeer(port: server.port)
                // The server may have closed before the last byte, and this side before the first reply.
                try? await peer.send(bytes)
                try? await peer.close()
            }
            let after = try await Self.answer(
                to: Self.post("{}", to: "Say", "Connection: close\r\n"), at: server)
            #expect(Self.status(after) == "200", "seed \(seed)")
        }
    }
}

extension String {
    /// How often another text is in it.
    fileprivate func components(of text: String) -> Int { ranges(of: text).count }
}
