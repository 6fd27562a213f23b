import AssayMessages
import RPC
import Testing

@testable import GatewayCore

/// Who may call what, whatever they prove themselves with.
@Suite struct IdentityMatrixTests {
    /// Why a call is refused, by words alone; "" if it is let in.
    private func expected(
        _ method: MethodDescriptor, _ identity: IdentityWorld.Identity
    ) -> String {
        if method.path.hasPrefix("/grpc.") { return "UNKNOWN_METHOD" }
        guard case .scope(let needed, _) = method.access else { return "" }
        if let refusal = identity.refusal { return refusal }
        if identity.isSuspended { return "SUSPENDED" }
        return identity.scopes.contains(needed) ? "" : "SCOPE"
    }

    @Test(
        "every method × every identity equals the oracle: keys, tokens, certificates, two of them")
    func matrix() throws {
        let snapshot = try IdentityWorld.snapshot()
        let limits = GatewayLimits(capacity: 64, seed: 1)
        let everybody = try IdentityWorld.everybody()
        var (asked, admitted) = (0, 0)
        for identity in everybody {
            for method in PolicyTable.all {
                let plain = TestGateway.head(
                    bearer: identity.bearer, key: identity.key, type: "application/grpc")
                var fields = plain.fields
                fields[":path"] = method.path
                let head = RequestHead(fields: fields, receivedAt: Instant(nanoseconds: 1_000_000))
                // Each from an address of its own, so that failed logins do not add up.
                let peer = Peer(
                    address: "10.\(asked >> 16 & 255).\(asked >> 8 & 255).\(asked & 255):5",
                    isEncrypted: true, certificate: identity.certificate)
                var pipeline = RequestPipeline(snapshot: snapshot, limits: limits)
                let verdict = pipeline.received(head, from: peer, TestGateway.surroundings)
                var found = pipeline.log.reason
                if case .wait = verdict { found = "waits" }
                asked += 1
                admitted += found.isEmpty ? 1 : 0
                let wanted = expected(method, identity)
                #expect(found == wanted, "\(identity.name) at \(method.path)")
                // What services are told is what was proved.
                if found.isEmpty, let principal = pipeline.principal {
                    let told = Set(principal.scopeHeader.split(separator: " ").map(String.init))
                    #expect(told == identity.scopes, "\(identity.name)")
                }
            }
        }
        #expect(asked == everybody.count * PolicyTable.all.count && everybody.count >= 40)
        #expect(admitted > 100 && admitted < asked / 2, "\(admitted) of \(asked)")
    }
}
