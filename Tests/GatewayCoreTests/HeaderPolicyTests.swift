import RPC
import Testing

@testable import GatewayCore

@Suite struct HeaderPolicyTests {
    private func violation(_ head: RequestHead, _ names: Set<String> = ["api.bank.example"])
        -> HeaderPolicy.Violation?
    {
        HeaderPolicy.inspect(head, authorities: names).violation
    }

    @Test("the authority must be there, once, on the list, with or without a port, in any case")
    func authority() {
        #expect(violation(Fixtures.head()) == nil)
        #expect(violation(Fixtures.head(authority: "API.bank.example:8443")) == nil)
        #expect(violation(Fixtures.head(authority: "evil.example")) == .unknownAuthority)
        #expect(violation(Fixtures.head(authority: "api.bank.example.evil")) == .unknownAuthority)
        #expect(violation(Fixtures.head(authority: "")) == .missingAuthority)
        #expect(violation(Fixtures.head(authority: nil)) == .missingAuthority)
        #expect(violation(Fixtures.head(authority: "anything"), []) == nil)
        let same = Fixtures.head(extra: [("host", "api.bank.example")])
        #expect(violation(same) == nil)
        let other = Fixtures.head(extra: [("host", "evil.example")])
        #expect(violation(other) == .conflictingAuthority)
        let twice = Fixtures.head(extra: [(":authority", "api.bank.example")])
        #expect(violation(twice) == .duplicate(":authority"))
    }

    @Test("te other than trailers, transfer-encoding and doubled credentials are refused")
    func forbidden() {
        #expect(violation(Fixtures.head(extra: [("te", "trailers")])) == nil)
        #expect(violation(Fixtures.head(extra: [("te", "gzip")])) == .te)
        #expect(
            violation(Fixtures.head(extra: [("transfer-encoding", "chunked")])) == .transferEncoding
        )
        #expect(violation(Fixtures.head(extra: [("x-api-key", "b")])) == .duplicate("x-api-key"))
        let bearers = [("authorization", "Bearer a"), ("authorization", "Bearer a")]
        #expect(violation(Fixtures.head(extra: bearers)) == .duplicate("authorization"))
    }

    @Test("what a caller may not claim is dropped and counted; what it may say passes")
    func upstreamFields() throws {
        let claims = [
            ("assay-tenant", "other"), ("assay-scopes", "admin"), ("assay-anything", "x"),
            ("x-internal-debug", "1"), ("x-forwarded-for", "10.0.0.1"), ("forwarded", "for=1"),
        ]
        let secrets = [("authorization", "Bearer x"), ("cookie", "a=b")]
        let hops = [
            ("te", "trailers"), ("connection", "x"), ("keep-alive", "1"), ("grpc-timeout", "1S"),
        ]
        let passing = [
            ("idempotency-key", "k1"), ("traceparent", "00-a"), ("x-custom", "1"),
            ("grpc-encoding", "identity"), ("custom-bin", "AAE"),
        ]
        let head = Fixtures.head(extra: claims + secrets + hops + passing)
        #expect(HeaderPolicy.inspect(head, authorities: []).dropped == claims.count)
        let principal = try Fixtures.snapshot().authenticator.keys.verify(
            Fixtures.key(1).text.utf8, wallClock: 2_000)
        let fields = HeaderPolicy.upstreamFields(head, requestID: "r1", principal: principal)
        let pairs = fields.map { "\($0.name)=\($0.value)" }
        #expect(
            pairs == ["content-type=application/grpc+assay"] + passing.map { "\($0.0)=\($0.1)" } + [
                "assay-request-id=r1", "assay-tenant=bank", "assay-client=payments",
                "assay-scopes=risk.assess risk.decisions.read",
            ])
    }

    @Test("how much a call matters is the plan's to say, and not the caller's")
    func criticality() throws {
        let text = Fixtures.yaml.replacing(
            "counts: cost } }", with: "counts: cost }, criticality: critical }")
        let configuration = try GatewayConfiguration(yaml: text, file: "gateway.yaml")
        let plans = configuration.plans.map { "\($0.name) \($0.criticality ?? .normal)" }
        #expect(plans.sorted() == ["core critical", "default normal"])
        let principal = Principal(
            tenant: "bank", client: "payments", keyID: "1", scopes: .none, scopeHeader: "", plan: 0,
            isSuspended: false, criticality: .critical)
        let head = Fixtures.head(extra: [("assay-criticality", "sheddable")])
        let known = HeaderPolicy.upstreamFields(
            head, requestID: "r1", principal: principal, criticality: .critical)
        #expect(known.values("assay-criticality") == ["critical"])
        let unknown = HeaderPolicy.upstreamFields(head, requestID: "r1", principal: nil)
        #expect(unknown["assay-criticality"] == nil)
    }

    @Test("a caller without identity is sent on without one, whatever it claims")
    func anonymous() {
        let head = Fixtures.head(extra: [("assay-tenant", "bank")])
        let fields = HeaderPolicy.upstreamFields(head, requestID: "r1", principal: nil)
        #expect(fields["assay-tenant"] == nil && fields["assay-request-id"] == "r1")
    }

    @Test("a service's inner fields stay inside, the rest of its reply passes in order")
    func replyFields() {
        let reply: Metadata = [
            "content-type": "application/grpc", "server": "x", "assay-tenant": "bank",
            "assay-request-id": "forged", "custom": "1",
        ]
        let passed = HeaderPolicy.replyFields(reply, requestID: "r1")
        #expect(
            passed.map { "\($0.name)=\($0.value)" } == [
                "content-type=application/grpc", "custom=1", "assay-request-id=r1",
            ])
    }
}
