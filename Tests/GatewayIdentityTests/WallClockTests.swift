import RPC
import Testing

@testable import GatewayCore

/// G6 of the gateway's failure tests, its first half: the machine's wall clock is set, while the time
/// that event loops go by passes as ever.
@Suite struct WallClockTests {
    private let snapshot: GatewaySnapshot
    private let signer = TestIssuer.signer(.es256)
    private static let hour: Int64 = 3_600

    init() throws { snapshot = try TestGateway.snapshot() }

    /// - Parameter ahead: by how many seconds the wall clock is ahead of the tests' time.
    private func reason(
        _ head: RequestHead, ahead: Int64, _ limits: GatewayLimits? = nil, now: UInt64 = 2_000_000
    ) -> String {
        var pipeline = RequestPipeline(
            snapshot: snapshot, limits: limits ?? GatewayLimits(capacity: 16, seed: 1))
        let verdict = pipeline.received(
            head, from: Peer(address: "192.0.2.1:5", isEncrypted: true),
            RequestPipeline.Surroundings(
                now: Instant(nanoseconds: now), wallClock: TestIssuer.now + ahead, entropy: 1))
        if case .reject = verdict { return pipeline.log.reason }
        return "let in"
    }

    @Test("G6: tokens are judged by the wall clock, give or take a minute")
    func tokens() throws {
        // Good from a minute ago, for ten minutes.
        let head = TestGateway.head(bearer: try signer.token())
        let cases: [(ahead: Int64, reason: String)] = [
            (0, "let in"), (Self.hour, "EXPIRED"), (0, "let in"), (-Self.hour, "BAD_CREDENTIALS"),
            (0, "let in"), (600 + 59, "let in"), (600 + 60, "EXPIRED"), (-120, "let in"),
            (-121, "BAD_CREDENTIALS"), (0, "let in"),
        ]
        for (ahead, reason) in cases {
            #expect(self.reason(head, ahead: ahead) == reason, "\(ahead)")
        }
    }

    @Test("G6: keys with an end, and certificates, are judged by the wall clock to the second")
    func ends() {
        let end = TestIssuer.now + 600
        let certificate = PeerCertificate(
            spiffeID: "spiffe://bank.example/payments", dnsNames: [],
            thumbprint: [UInt8](repeating: 1, count: 32), expiresAt: end)
        func reason(ahead: Int64) -> String {
            var pipeline = RequestPipeline(
                snapshot: snapshot, limits: GatewayLimits(capacity: 16, seed: 1))
            let peer = Peer(address: "192.0.2.1:5", isEncrypted: true, certificate: certificate)
            let verdict = pipeline.received(
                TestGateway.head(), from: peer,
                RequestPipeline.Surroundings(
                    now: Instant(nanoseconds: 2_000_000), wallClock: TestIssuer.now + ahead,
                    entropy: 1))
            if case .reject = verdict { return pipeline.log.reason }
            return "let in"
        }
        for (ahead, wanted) in [
            (Int64(599), "let in"), (600, "EXPIRED"), (Self.hour, "EXPIRED"),
            (-Self.hour, "let in"),
        ] {
            #expect(reason(ahead: ahead) == wanted, "\(ahead)")
        }
    }

    @Test("G6: the wall clock jumps an hour with every call, and limits do not look at it")
    func limits() {
        let limits = GatewayLimits(capacity: 64, seed: 1)
        let head = TestGateway.head(key: TestGateway.key.text)
        // The plan of the key's client allows 4,000 at once.
        var outcomes: [String: Int] = [:]
        for number in 0..<4_005 {
            let ahead = [0, Self.hour, -Self.hour][number % 3]
            outcomes[reason(head, ahead: ahead, limits), default: 0] += 1
        }
        #expect(outcomes == ["let in": 4_000, "RATE_LIMITED": 5], "\(outcomes)")
        // Half a millisecond later one is there again, whatever the wall clock says.
        #expect(reason(head, ahead: Self.hour, limits, now: 2_500_000) == "let in")
        #expect(reason(head, ahead: Self.hour, limits, now: 2_500_000) == "RATE_LIMITED")
    }

    @Test("G6: failed logins are counted and forgotten by the time that passes")
    func failedLogins() {
        let limits = GatewayLimits(capacity: 64, seed: 1)
        let bad = TestGateway.head(key: "x")
        for number in 0..<20 {
            #expect(
                reason(bad, ahead: number % 2 == 0 ? Self.hour : -Self.hour, limits)
                    == "BAD_CREDENTIALS")
        }
        #expect(reason(bad, ahead: Self.hour, limits) == "FAILED_LOGINS")
        let later: UInt64 = 3_002_000_001
        let next = RequestHead(fields: bad.fields, receivedAt: Instant(nanoseconds: later))
        #expect(reason(next, ahead: 0, limits, now: later) == "BAD_CREDENTIALS")
    }
}
