import RPC
import Testing

@testable import GatewayCore

/// G8 of the gateway's failure tests through all that a request passes: the host of an issuer's keys is
/// away for an hour, on a clock that the test moves.
@Suite struct KeySetOutageTests {
    private let clock = TestClock()
    private let signer = TestIssuer.signer(.es256)

    /// The status of the refusal on the gRPC face; nil if the request is let in.
    private func refusal(_ token: String, _ snapshot: GatewaySnapshot) async -> StatusCode? {
        var pipeline = RequestPipeline(
            snapshot: snapshot, limits: GatewayLimits(capacity: 16, seed: 1))
        let fields = TestGateway.head(bearer: token, type: "application/grpc").fields
        let head = RequestHead(fields: fields, receivedAt: clock.now)
        let peer = Peer(address: "192.0.2.1:5", isEncrypted: true)
        func surroundings() -> RequestPipeline.Surroundings {
            RequestPipeline.Surroundings(now: clock.now, wallClock: TestIssuer.now, entropy: 1)
        }
        var verdict = pipeline.received(head, from: peer, surroundings())
        while case .wait(.keys(let keys)) = verdict {
            await withCheckedContinuation { continuation in
                keys.whenSettled(by: clock.now + .seconds(3_600)) { continuation.resume() }
            }
            verdict = pipeline.resumed(head, from: peer, surroundings())
        }
        guard case .reject(let reply) = verdict else { return nil }
        return RPCError(trailers: reply.headers)?.code
    }

    @Test(
        "G8: key set endpoint down 1 h: known keys work, an unknown kid is 16, one fetch per 10 s")
    func outage() async throws {
        let source = TestSource(TestSigner.set([signer.jwk()]))
        let directory = KeySetDirectory(surroundings: clock.surroundings) { _, _ in
            try await source.fetch()
        }
        let identities = IdentityState(keySets: directory)
        let snapshot = try TestGateway.snapshot(
            issuer: "jwks_url: \"https://login.bank.example/jwks\"", identities: identities)
        identities.adopt(snapshot)
        let known = try signer.token()
        #expect(await refusal(known, snapshot) == nil)
        #expect(source.fetches == 1)
        source.serve(nil)
        clock.advance(.seconds(10))
        let rest = known[known.firstIndex(of: ".")!...]
        for second in stride(from: 0, to: 3_600, by: 2) {
            directory.tick()
            let header = "{\"alg\":\"ES256\",\"kid\":\"unknown-\(second)\"}"
            let unknown = TestSigner.text(Array(header.utf8)) + rest
            #expect(await refusal(unknown, snapshot) == .unauthenticated)
            if second % 20 == 0 {
                // A new one each time, so that its signature is verified.
                let fresh = try signer.token(claims: ["jti": "\"\(second)\""])
                #expect(await refusal(fresh, snapshot) == nil, "after \(second) s")
            }
            clock.advance(.seconds(2))
        }
        #expect((300...361).contains(source.fetches), "\(source.fetches) fetches")
        // It is back: a kid from before is known by the next fetch.
        let new = TestIssuer.signer(.edDSA)
        source.serve(TestSigner.set([signer.jwk(), new.jwk()]))
        clock.advance(.seconds(10))
        #expect(await refusal(try new.token(), snapshot) == nil)
    }
}
