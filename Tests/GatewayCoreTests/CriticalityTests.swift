import RPC
import Testing

@testable import GatewayCore

/// gateway.md §6: how much a call matters comes from its client, else from its method.
@Suite("Criticality of a call")
struct CriticalityTests {
    /// The client by what it is configured to, and what its plan says.
    private static let yaml = Fixtures.yaml
        .replacing(
            "bank/suspended: { suspended: true }",
            with: "bank/suspended: { suspended: true }\n  bank/batch: { criticality: sheddable }\n"
                + "  bank/core: { plan: core }"
        )
        .replacing("counts: cost } }", with: "counts: cost }, criticality: critical }")
        .replacing(
            "upstream: risk }",
            with: "upstream: risk, criticality: critical, methods: "
                + "{ GetDecision: { criticality: sheddable } } }")

    @Test(
        "of every credential: the client's, else the plan's, else the method's, else the service's")
    func order() throws {
        let snapshot = try Fixtures.loader(["/etc/gateway.yaml": Self.yaml])
            .load("/etc/gateway.yaml")
        var scopes = snapshot.scopes
        let resolver = try PrincipalResolver(snapshot.configuration, scopes: &scopes)
        for credential in [Principal.Credential.token, .certificate] {
            func criticality(_ client: String) -> Criticality? {
                resolver.principal(
                    PrincipalResolver.Grant(
                        tenant: "bank", client: client, scopes: ["risk.assess"], roles: [],
                        credential: credential))?.criticality
            }
            #expect(criticality("batch") == .sheddable)
            #expect(criticality("core") == .critical)
            #expect(criticality("somebody") == nil, "then the method says it")
        }
        // The same by API key, and what the method makes of nothing said.
        for (special, path, expected) in [
            (Fixtures.Special.normal, Fixtures.assess.path, Criticality.critical),
            (.normal, Fixtures.read.path, .sheddable), (.core, Fixtures.read.path, .critical),
        ] {
            var pipeline = RequestPipeline(
                snapshot: snapshot, limits: GatewayLimits(capacity: 16, seed: 1))
            let head = Fixtures.head(path, key: Fixtures.key(special.rawValue).text)
            _ = pipeline.received(head, from: Fixtures.peer, Fixtures.surroundings())
            #expect(pipeline.criticality == expected, "\(special) \(path)")
        }
    }
}
