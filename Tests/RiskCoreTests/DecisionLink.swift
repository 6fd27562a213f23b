import AssayMessages
import RPC
import RPCTransport
import RiskCore

/// A risk service behind a server, and clients of it, without a socket.
struct DecisionLink {
    let harness: RiskHarness
    let archive: RuleArchive
    private let transport: InProcessTransport
    private let server: RPCServer

    init(_ harness: RiskHarness) async throws {
        self.harness = harness
        archive = RuleArchive(store: harness.store)
        transport = InProcessTransport(.encoded)
        let verifier = DecisionLogService(
            store: harness.store, log: harness.log, archive: archive)
        server = RPCServer(
            listeners: [.inProcess(transport)], services: [harness.service, verifier],
            authorizer: ScopeAuthorizer(trustsEveryPeer: true))
        try await server.start()
    }

    /// Runs `body` with a link, and takes it down.
    static func with<Result>(
        _ harness: RiskHarness, _ body: (DecisionLink) async throws -> Result
    ) async throws -> Result {
        let link = try await DecisionLink(harness)
        do {
            let result = try await body(link)
            await link.server.shutdown(grace: .milliseconds(50))
            return result
        } catch {
            await link.server.shutdown(grace: .milliseconds(50))
            throw error
        }
    }

    var decisions: AssayRiskV1.RiskAssessment.Client {
        AssayRiskV1.RiskAssessment.Client(transport.client())
    }

    var log: AssayRiskV1.DecisionLog.Client {
        AssayRiskV1.DecisionLog.Client(transport.client())
    }

    static func options(tenant: String = "acme", more: [String] = []) -> CallOptions {
        let scopes = ["risk.decisions.read", "risk.replay", "risk.audit"] + more
        return CallOptions(
            deadline: .after(.seconds(60)),
            metadata: [
                AssayHeader.tenant: tenant, AssayHeader.client: "tests",
                AssayHeader.scopes: scopes.joined(separator: " "),
                AssayHeader.claimedIdentity: "spiffe://assay/ns/tests",
            ])
    }
}
