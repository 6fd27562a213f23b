import RPC
import RPCTransport
import RawHTTP2
import Testing

/// §5.4: which status the runtime itself produces, row by row.
@Suite("Status that the runtime produces")
struct RuntimeStatusTests {
    @Test("unknown service or method, wrong cardinality, unknown encoding: UNIMPLEMENTED")
    func unimplemented() async throws {
        try await Site.open { (site: Site) async throws in
            #expect(try await site.call("/no.Service/Say", stream: 1).code == 12)
            #expect(try await site.call("/test.Probe/No", stream: 3).code == 12)
            #expect(try await site.call(body: [], stream: 5).code == 12)
            let encoding = Field("grpc-encoding", "br")
            #expect(try await site.call(Site.say, [encoding], stream: 7).code == 12)
        }
    }

    @Test("a deadline in the handler: DEADLINE_EXCEEDED, reason EXPIRED")
    func deadline() async throws {
        try await Site.open { site in
            let reply = try await site.call("/test.Probe/Quick")
            #expect(reply.code == 4)
            #expect(reply.hasReason("EXPIRED"))
            let arrived = try await site.json(
                Site.say, "{}", [Field("connect-timeout-ms", "0")], stream: 3)
            #expect(arrived.text.contains("\"reason\":\"EXPIRED_ON_ARRIVAL\""))
        }
    }

    @Test("a call whose turn does not come: EXPIRED_IN_QUEUE at its deadline, OVERLOADED before")
    func queue() async throws {
        var profile = RPCProfile.mesh
        profile.overload = OverloadPolicy(
            maximumHandlers: 1, minimumHandlers: 1, isAdaptive: false, criticalPercent: 0)
        try await Site.open(profile: profile) { site in
            func send(_ path: String, _ extra: [Field] = [], stream: UInt32) async {
                await site.client.send(
                    .headers(stream, HPACK.block(site.fields(path, extra))),
                    .data(stream, Site.message([1]), ends: true))
            }
            await send("/test.Probe/Hold", stream: 1)
            await site.probe.started.reaches(1)
            let expired = try await site.call(Site.say, [Field("grpc-timeout", "50m")], stream: 3)
            #expect(expired.isTrailersOnly(.deadlineExceeded))
            #expect(expired.hasReason("EXPIRED_IN_QUEUE"))
            // One may wait; the newer one has the better chance that its caller still waits too.
            await send(Site.say, stream: 5)
            await send(Site.say, stream: 7)
            let shed = try await site.client.response(5)
            #expect(shed.isTrailersOnly(.resourceExhausted))
            #expect(shed.hasReason("OVERLOADED"))
            let pushback = shed.ending("grpc-retry-pushback-ms").flatMap { Int($0) }
            #expect(pushback.map { $0 > 0 } == true)
        }
    }

    @Test("message or metadata over a limit: RESOURCE_EXHAUSTED with what it was")
    func limits() async throws {
        try await Site.open(profile: .edge) { site in
            let large = try await site.call(
                "/test.Probe/Small", body: Site.message(Array(repeating: 1, count: 100)))
            #expect(large.code == 8)
            #expect(large.hasReason("MESSAGE_TOO_LARGE"))
            let filler = Field("filler", String(repeating: "x", count: 9_000))
            let wide = try await site.call(Site.say, [filler], stream: 3)
            #expect(wide.code == 8)
            #expect(wide.hasReason("METADATA_TOO_LARGE"))
        }
    }

    @Test("a caller that is not known: UNAUTHENTICATED; one that may not: PERMISSION_DENIED")
    func authorization() async throws {
        try await Site.open(authorizer: ScopeAuthorizer(trustsEveryPeer: true)) { site in
            let unknown = try await site.call("/test.Probe/Guarded")
            #expect(unknown.isTrailersOnly(.unauthenticated))
            let named = [Field("assay-tenant", "acme"), Field("assay-scopes", "other")]
            let refused = try await site.call("/test.Probe/Guarded", named, stream: 3)
            #expect(refused.isTrailersOnly(.permissionDenied))
            let allowed = [Field("assay-tenant", "acme"), Field("assay-scopes", "probe")]
            #expect(try await site.call("/test.Probe/Guarded", allowed, stream: 5).code == 0)
        }
    }

    @Test("what a handler throws that is no RPCError: UNKNOWN, and its text stays here")
    func unforeseen() async throws {
        try await Site.open { site in
            let reply = try await site.call("/test.Probe/Fail", body: Site.message([]))
            #expect(reply.code == 2)
            #expect(reply.ending("grpc-message") == "internal error")
            #expect(!"\(reply)".contains("password"))
            let cause = site.observer.records.last?.error.map { "\($0)" }
            #expect(cause?.contains("password") == true)
            let json = try await site.json("/test.Probe/Fail", "{}", stream: 3)
            #expect(json.status == "500")
            #expect(json.text == "{\"code\":\"unknown\",\"message\":\"internal error\"}")
        }
    }

    @Test("malformed framing, undecodable request: INTERNAL")
    func malformed() async throws {
        try await Site.open { site in
            #expect(try await site.call(body: [7, 0, 0, 0, 0], stream: 1).code == 13)
            #expect(try await site.call(body: [0, 0, 0], stream: 3).code == 13)
            #expect(try await site.call(body: [0, 0, 0, 0, 1, 0xFF], stream: 5).code == 13)
            // Two encodings of the same: the strict face takes one of them.
            let long: [UInt8] = [0, 0, 0, 0, 4, 0x0A, 0x81, 0x00, 0x07]
            #expect(try await site.call(body: long, stream: 7).code == 0)
            let strict = try await site.call(
                Site.say, [Field("content-type", "application/grpc+assay")], body: long, stream: 9)
            #expect(strict.code == 13)
            #expect(strict.hasReason("NOT_CANONICAL"))
        }
    }
}
