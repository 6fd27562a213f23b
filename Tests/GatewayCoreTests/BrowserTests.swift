import RPC
import Testing

@testable import GatewayCore

@Suite("Browsers, queries and proxies")
struct BrowserTests {
    private static let page = "https://app.bank.example"
    private static let preflight = [
        ("origin", page), ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type,x-api-key"),
    ]

    private static func snapshot(_ changes: [(String, String)]) throws -> GatewaySnapshot {
        let text = changes.reduce(Fixtures.yaml) { text, change in
            text.replacing(change.0, with: change.1)
        }
        return try Fixtures.loader(["/etc/gateway.yaml": text]).load("/etc/gateway.yaml")
    }

    private static func open() throws -> GatewaySnapshot {
        let authorities = "authorities: [api.bank.example, localhost]\n"
        return try snapshot([
            (authorities, authorities + "    cors: { origins: [\"\(page)\"] }\n")
        ])
    }

    private func run(
        _ head: RequestHead, _ snapshot: GatewaySnapshot, from peer: Peer = Fixtures.peer,
        limits: GatewayLimits = GatewayLimits(capacity: 16, seed: 1)
    ) -> (reply: RawReply?, pipeline: RequestPipeline) {
        var pipeline = RequestPipeline(snapshot: snapshot, limits: limits)
        switch pipeline.received(head, from: peer, Fixtures.surroundings()) {
        case .reject(let reply): return (reply, pipeline)
        case .read, .wait: return (nil, pipeline)
        }
    }

    @Test("a preflight is answered without identity, with exactly what is configured")
    func preflight() throws {
        let snapshot = try Self.open()
        let head = Fixtures.head(method: "OPTIONS", type: nil, key: nil, extra: Self.preflight)
        let outcome = run(head, snapshot)
        let reply = try #require(outcome.reply)
        #expect(reply.status == 204 && reply.body.isEmpty && reply.trailers == nil)
        #expect(reply.headers["access-control-allow-origin"] == Self.page)
        #expect(reply.headers["access-control-allow-methods"] == "GET, POST")
        #expect(reply.headers["access-control-allow-headers"]?.contains("x-api-key") == true)
        #expect(reply.headers["access-control-max-age"] == "600")
        #expect(reply.headers["access-control-allow-credentials"] == nil)
        #expect(reply.headers["vary"]?.hasPrefix("origin") == true)
        #expect(outcome.pipeline.log.http == 204 && outcome.pipeline.log.reason == "PREFLIGHT")
    }

    @Test("a preflight of another page, for another host, or where none is allowed is refused")
    func refusedPreflights() throws {
        let snapshot = try Self.open()
        func status(_ origins: [String], authority: String = "api.bank.example") -> Int? {
            let fields = origins.map { ("origin", $0) } + Self.preflight.dropFirst()
            return run(
                Fixtures.head(
                    method: "OPTIONS", type: nil, authority: authority, key: nil, extra: fields),
                snapshot
            ).reply?.status
        }
        for origin in [
            "https://app.bank.example.evil", "http://app.bank.example", "https://APP.bank.example",
            "https://app.bank.example:443", "https://app.bank.example/", "null", "*", "",
        ] {
            #expect(status([origin]) == 403, "\(origin)")
        }
        #expect(status([]) == 405)
        #expect(status([Self.page, Self.page]) == 405)
        #expect(status([Self.page], authority: "evil.example") == 421)
        let closed = run(
            Fixtures.head(method: "OPTIONS", type: nil, key: nil, extra: Self.preflight),
            try Fixtures.snapshot())
        #expect(closed.reply?.status == 405)
        #expect(closed.reply?.headers["access-control-allow-origin"] == nil)
    }

    @Test("preflights count to their address")
    func limit() throws {
        let snapshot = try Self.open()
        let limits = GatewayLimits(capacity: 16, seed: 1)
        let head = Fixtures.head(method: "OPTIONS", type: nil, key: nil, extra: Self.preflight)
        var answered = 0
        while answered < 1000, run(head, snapshot, limits: limits).reply?.status == 204 {
            answered += 1
        }
        #expect(answered == GatewayConfiguration.AddressLimit.standard.rate.burst)
        let refused = run(head, snapshot, limits: limits)
        #expect(refused.pipeline.log.reason == "ADDRESS_RATE")
    }

    @Test("a page reads replies and refusals if it is a listed one; all say that they vary")
    func replies() throws {
        let snapshot = try Self.open()
        func fields(_ origin: String, key: String?, type: String? = "application/json") -> Metadata
        {
            let head = Fixtures.head(type: type, key: key, extra: [("origin", origin)])
            var outcome = run(head, snapshot)
            if let reply = outcome.reply { return reply.headers }
            _ = outcome.pipeline.forwarded(head)
            return outcome.pipeline.replied(
                200,
                [
                    "content-type": "application/json", "access-control-allow-origin": "*",
                    "access-control-allow-credentials": "true",
                ])
        }
        for key in [Fixtures.key(1).text, nil] {
            let listed = fields(Self.page, key: key)
            #expect(listed.values("access-control-allow-origin") == [Self.page])
            #expect(listed["access-control-expose-headers"]?.contains("ratelimit") == true)
            #expect(listed["access-control-allow-credentials"] == nil)
            #expect(listed.values("vary") == ["origin"])
            let other = fields("https://evil.example", key: key)
            #expect(other["access-control-allow-origin"] == nil && other["vary"] == "origin")
        }
        let unread = fields(Self.page, key: nil, type: "text/plain")
        #expect(unread["access-control-allow-origin"] == Self.page)
    }

    @Test("a GET's message counts to the bound of a body, decoded")
    func queries() throws {
        let snapshot = try Fixtures.snapshot()
        func status(_ query: String) -> Int? {
            run(
                Fixtures.head(Fixtures.read.path + "?" + query, method: "GET", type: nil), snapshot
            ).reply?.status
        }
        // The method takes 64 bytes, in JSON four times that.
        func text(_ unit: String, _ count: Int) -> String { String(repeating: unit, count: count) }
        #expect(status("encoding=json&message=" + text("a", 256)) == nil)
        #expect(status("encoding=json&message=" + text("a", 257)) == 413)
        #expect(status("encoding=json&message=" + text("%20", 256)) == nil)
        #expect(status("encoding=json&message=" + text("%20", 257)) == 413)
        #expect(status("base64=1&encoding=json&message=" + text("AAAA", 85)) == nil)
        #expect(status("encoding=json&message=" + text("AAAA", 86) + "&base64=1") == 413)
        #expect(status("encoding=json&other=" + text("a", 300)) == nil)
        let changing = Fixtures.head(Fixtures.assess.path + "?message={}", method: "GET", type: nil)
        let refused = run(changing, snapshot).reply
        #expect(refused?.status == 405 && refused?.headers["allow"] == "POST")
    }

    @Test("a target over 16 KiB is 414")
    func targets() throws {
        var fields = Metadata()
        for (name, value) in [(":method", "GET"), (":authority", "api.bank.example")] {
            fields.append(name, value)
        }
        let head = RequestHead(
            fields: fields, receivedAt: Instant(nanoseconds: 1), isOverMetadataLimit: true)
        #expect(run(head, try Fixtures.snapshot()).reply?.status == 414)
    }

    @Test("where a request came from is a believed proxy's to say: it passes, and is logged")
    func proxies() throws {
        let snapshot = try Self.snapshot([("routes:\n", "trusted_proxies: [10.0.0.0/8]\nroutes:\n")]
        )
        let said = [
            ("x-forwarded-for", "203.0.113.9, 10.3.3.3"), ("x-forwarded-proto", "https"),
            ("forwarded", "for=203.0.113.9"), ("assay-tenant", "other"),
        ]
        let head = Fixtures.head(extra: said)
        var believed = run(head, snapshot, from: Peer(address: "10.1.2.3:5", isEncrypted: true))
        #expect(believed.pipeline.log.peer == "203.0.113.9:0")
        #expect(believed.pipeline.log.droppedFields == 1)
        let passed = believed.pipeline.forwarded(head).headers
        #expect(passed["x-forwarded-for"] == "203.0.113.9, 10.3.3.3")
        #expect(passed["x-forwarded-proto"] == "https" && passed["forwarded"] != nil)
        #expect(passed["assay-tenant"] == "bank")

        var stranger = run(head, snapshot)
        #expect(stranger.pipeline.log.peer == Fixtures.peer.address)
        #expect(stranger.pipeline.log.droppedFields == 4)
        let kept = stranger.pipeline.forwarded(head).headers
        #expect(kept["x-forwarded-for"] == nil && kept["forwarded"] == nil)

        let version6 = Fixtures.head(extra: [("x-forwarded-for", "2001:db8::7")])
        let outcome = run(version6, snapshot, from: Peer(address: "10.1.2.3:5", isEncrypted: true))
        #expect(outcome.pipeline.log.peer == "[2001:db8::7]:0")
        #expect(AccessLogEntry.address(of: outcome.pipeline.log.peer).contains("2001:db8::7"))
    }

    @Test("how often a call was tried before passes up to five; a lie is dropped")
    func attempts() throws {
        for (value, isKept) in [
            ("1", true), ("5", true), ("6", false), ("100", false), ("x", false),
        ] {
            let head = Fixtures.head(extra: [("grpc-previous-rpc-attempts", value)])
            var outcome = run(head, try Fixtures.snapshot())
            #expect(outcome.pipeline.log.droppedFields == (isKept ? 0 : 1))
            let passed = outcome.pipeline.forwarded(head).headers["grpc-previous-rpc-attempts"]
            #expect(passed == (isKept ? value : nil))
        }
    }

    @Test("JSON replies say how they may be used, over TLS also that TLS is for ever")
    func replyFields() throws {
        func fields(isEncrypted: Bool, method: String = "POST") throws -> Metadata {
            let head = Fixtures.head(
                Fixtures.read.path + (method == "GET" ? "?message=%7B%7D" : ""), method: method,
                type: method == "GET" ? nil : "application/json")
            var outcome = run(
                head, try Fixtures.snapshot(),
                from: Peer(address: "192.0.2.1:5", isEncrypted: isEncrypted))
            _ = outcome.pipeline.forwarded(head)
            return outcome.pipeline.replied(
                200,
                [
                    "content-type": "application/json", "server": "x",
                    "cache-control": "max-age=60",
                    "assay-tenant": "bank", "set-cookie": "a=b", "keep-alive": "1",
                    "x-internal-node": "n", "strict-transport-security": "max-age=0",
                    "x-content-type-options": "none", "custom": "1",
                ])
        }
        let plain = try fields(isEncrypted: false)
        #expect(plain.values("x-content-type-options") == ["nosniff"])
        #expect(plain.values("cache-control") == ["no-store"])
        #expect(plain["strict-transport-security"] == nil && plain["custom"] == "1")
        for name in ["server", "assay-tenant", "set-cookie", "keep-alive", "x-internal-node"] {
            #expect(plain[name] == nil, "\(name)")
        }
        #expect(plain["assay-request-id"] != nil)
        let encrypted = try fields(isEncrypted: true, method: "GET")
        #expect(encrypted["strict-transport-security"] == "max-age=31536000")
        #expect(encrypted.values("cache-control") == ["max-age=60"])
    }
}
