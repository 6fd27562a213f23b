import RPC
import RPCTransport
import TLS
import Testing
import Wire

@Suite("Calls over TLS")
struct TLSTests {
    let authority: DevelopmentCertificateAuthority
    let serverID = "spiffe://assay.example/ns/default/sa/assay-features"
    let clientID = "spiffe://assay.example/ns/default/sa/assay-risk"

    init() throws {
        authority = try DevelopmentCertificateAuthority(validity: .days(1))
    }

    func identity(_ id: String) throws -> TLSIdentity {
        try authority.issue(
            LeafCertificateRequest(
                commonName: "leaf", spiffeID: SPIFFEID(id), dnsNames: ["localhost"],
                ipAddresses: ["127.0.0.1"], validity: .days(1)))
    }

    func run(
        clientIdentity: String?, accepting: [String],
        _ body: (RPCClient) async throws -> Void
    ) async throws {
        let serverContext = try TLSContext.server(
            identity: try identity(serverID), trust: authority.trust,
            clientCertificate: .required,
            accepting: .workloads(Set(accepting.compactMap { SPIFFEID($0) })))
        let service = EchoService { request, context in
            EchoMessage(payload: Array((context.peer.identity ?? "nobody").utf8))
        }
        let server = try await TestServer(
            service, tls: serverContext,
            authorizer: ScopeAuthorizer(
                forwarders: [clientID], services: [clientID: ["echo.say"]]))
        let clientContext = try TLSContext.client(
            trust: authority.trust, identity: try clientIdentity.map { try identity($0) },
            expecting: .workloads(Set([serverID].compactMap { SPIFFEID($0) })))
        let client = try RPCClient(server.target, tls: clientContext)
        do {
            try await body(client)
        } catch {
            await server.stop(client)
            throw error
        }
        await server.stop(client)
    }

    @Test("with mutual TLS the handler sees who calls")
    func mutualTLS() async throws {
        try await run(clientIdentity: clientID, accepting: [clientID]) { client in
            let reply: EchoMessage = try await client.unary(EchoService.custom, EchoMessage())
            #expect(String(decoding: reply.payload, as: UTF8.self) == clientID)
        }
    }

    @Test("a service's own scopes stand in for the caller's")
    func serviceScopes() async throws {
        try await run(clientIdentity: clientID, accepting: [clientID]) { client in
            let options = CallOptions(metadata: ["assay-tenant": "acme", "assay-scopes": ""])
            let reply: EchoMessage = try await client.unary(
                EchoService.guarded, EchoMessage(), options: options)
            #expect(String(decoding: reply.payload, as: UTF8.self) == "acme")
        }
    }

    @Test("a client without certificate, or with the wrong one, gets UNAVAILABLE")
    func refusedClients() async throws {
        let other = "spiffe://assay.example/ns/default/sa/assay-models"
        for id in [nil, other] {
            try await run(clientIdentity: id, accepting: [clientID]) { client in
                let error = await #expect(throws: RPCError.self) {
                    let _: EchoMessage = try await client.unary(EchoService.say, EchoMessage())
                }
                #expect(error?.code == .unavailable)
            }
        }
    }

    @Test("large messages pass the records of TLS")
    func large() async throws {
        let payload = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try await run(clientIdentity: clientID, accepting: [clientID]) { client in
            let reply: EchoMessage = try await client.unary(
                EchoService.say, EchoMessage(payload: payload))
            #expect(reply.payload == payload)
        }
    }
}
