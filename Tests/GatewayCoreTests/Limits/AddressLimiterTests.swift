import RPC
import Testing

@testable import GatewayCore

@Suite("Limits of addresses")
struct AddressLimiterTests {
    private func origin(_ peer: String, _ trusted: [String] = [], forwarded: String? = nil) throws
        -> AddressLimiter.Origin?
    {
        OriginFinder(trusted: try trusted.map { try #require(AddressBlock($0)) })
            .origin(peer: peer, forwarded: forwarded)
    }

    @Test("IPv4 counts by address, IPv6 by its first half, IPv4 in IPv6 as IPv4")
    func origins() throws {
        #expect(try origin("192.0.2.1:5") == origin("192.0.2.1:6"))
        #expect(try origin("192.0.2.1:5") != origin("192.0.2.2:5"))
        #expect(try origin("2001:db8:0:1::7:5") == origin("[2001:db8:0:1:ffff::1]:443"))
        #expect(try origin("2001:db8:0:1::7:5") != origin("[2001:db8:0:2::7]:5"))
        #expect(try origin("::ffff:192.0.2.1:5") == origin("192.0.2.1:5"))
        #expect(try origin("unix:0") == nil)
    }

    @Test("only a believed proxy says who called, and only what believed ones wrote counts")
    func proxies() throws {
        let trusted = ["10.0.0.0/8", "2001:db8:ffff::/48"]
        let caller = try origin("203.0.113.9:1")
        #expect(try origin("192.0.2.1:5", trusted, forwarded: "203.0.113.9") != caller)
        #expect(try origin("10.1.2.3:5", trusted, forwarded: "203.0.113.9") == caller)
        #expect(
            try origin("10.1.2.3:5", trusted, forwarded: "198.51.100.7, 203.0.113.9 , 10.9.9.9")
                == caller)
        #expect(try origin("10.1.2.3:5", trusted, forwarded: "203.0.113.9:4711") == caller)
        // What is no address ends the chain: the last believed one is counted.
        #expect(
            try origin("10.1.2.3:5", trusted, forwarded: "203.0.113.9, unknown, 10.9.9.9")
                == origin("10.9.9.9:1"))
        #expect(try origin("10.1.2.3:5", trusted, forwarded: "") == origin("10.1.2.3:1"))
        #expect(try origin("10.1.2.3:5", trusted) == origin("10.1.2.3:1"))
    }

    private func outcome(
        _ head: RequestHead, _ limits: GatewayLimits, peer: String = "192.0.2.1:5",
        now: UInt64 = 1_000_000
    ) throws -> (reply: RawReply?, reason: String) {
        var pipeline = RequestPipeline(snapshot: try Fixtures.snapshot(), limits: limits)
        let verdict = pipeline.received(
            head, from: Peer(address: peer, isEncrypted: true), Fixtures.surroundings(now: now))
        guard case .reject(let reply) = verdict else { return (nil, "") }
        return (reply, pipeline.log.reason)
    }

    @Test("calls of public methods: a burst of 100 from one address, whoever else calls")
    func publicCalls() throws {
        let limits = GatewayLimits(capacity: 64, seed: 1)
        let head = Fixtures.head(Fixtures.open.path, key: nil)
        for _ in 0..<100 { #expect(try outcome(head, limits).reply == nil) }
        let refused = try outcome(head, limits)
        let error = try #require(refused.reply.flatMap { RPCError(trailers: $0.headers) })
        #expect(refused.reason == "ADDRESS_RATE" && error.code == .resourceExhausted)
        #expect(error.retryAfter == .milliseconds(100))
        #expect(try outcome(head, limits, peer: "192.0.2.2:5").reply == nil)
        // Calls of a known client are counted under its plan.
        #expect(try outcome(Fixtures.head(), limits).reply == nil)
        let json = try outcome(
            Fixtures.head(Fixtures.open.path, type: "application/json", key: nil), limits)
        #expect(json.reply?.status == 429 && json.reply?.headers["retry-after"] == "1")
    }

    @Test("failed logins: after 20 only credentials pass that were good in the last minute")
    func failedLogins() throws {
        let limits = GatewayLimits(capacity: 64, seed: 1)
        #expect(try outcome(Fixtures.head(), limits).reply == nil)
        let bad = Fixtures.head(key: Fixtures.key(99).text)
        for _ in 0..<20 { #expect(try outcome(bad, limits).reason == "BAD_CREDENTIALS") }
        #expect(try outcome(bad, limits).reason == "FAILED_LOGINS")
        // Known from just now, unknown so far, and from elsewhere.
        #expect(try outcome(Fixtures.head(), limits).reply == nil)
        let fresh = Fixtures.head(key: Fixtures.key(2).text)
        #expect(try outcome(fresh, limits).reason == "FAILED_LOGINS")
        #expect(try outcome(fresh, limits, peer: "192.0.2.77:1").reply == nil)
        #expect(try outcome(fresh, limits).reply == nil, "it was good elsewhere")
        // No credential is no attempt.
        let none = Fixtures.head(key: nil)
        #expect(try outcome(none, limits).reason == "NO_CREDENTIALS")
        let later: UInt64 = 63_000_000_000
        let worse = Fixtures.head(key: Fixtures.key(99).text, at: later)
        for _ in 0..<25 { _ = try outcome(worse, limits, now: later) }
        let late = Fixtures.head(at: later)
        #expect(try outcome(late, limits, now: later).reason == "FAILED_LOGINS")
        let end: UInt64 = later + 4_000_000_000
        #expect(try outcome(Fixtures.head(at: end), limits, now: end).reply == nil)
    }
}
