import TLS
import Testing

@Suite("Who a peer is")
struct IdentityTests {
    private func refusal(
        _ change: (inout LeafCertificateRequest) -> Void, _ expectation: PeerExpectation
    ) throws -> TLSError? {
        var request = Credentials.request("assay-risk")
        change(&request)
        let client = try TLSContext.client(
            trust: Credentials.authority.trust, identity: Credentials.authority.issue(request),
            serverName: "localhost", versions: .edge)
        let server = try TLSContext.server(
            identity: Credentials.models, trust: Credentials.authority.trust,
            clientCertificate: .required, accepting: expectation, versions: .edge)
        return try EnginePair(client: client, server: server).handshake().server
    }

    @Test("several URI names are refused everywhere, and so is one that is no SPIFFE ID")
    func uriNames() throws {
        let risk = Credentials.spiffeID("assay-risk")
        let gateway = Credentials.spiffeID("assay-gateway")
        for expectation in [
            .anyTrusted, .workloads([risk, gateway]),
            .clients(workloads: [risk, gateway], dnsNames: ["localhost"]),
        ] as [PeerExpectation] {
            #expect(try refusal({ _ in }, expectation) == nil)
            let several = try refusal({ $0.furtherURIs = ["\(gateway)"] }, expectation)
            #expect(several?.code == .certificateRejected)
            #expect(several?.message.contains("2 URI names") == true)
            #expect(several?.verifyDepth == 0)
            for uri in [
                "https://assay.example", "spiffe://", "spiffe:///x", "SPIFFE://assay.example/a",
                "spiffe://assay.example/a/../b", "spiffe://assay.example/a?b", "urn:x",
            ] {
                let malformed = try refusal(
                    {
                        $0.spiffeID = nil
                        $0.furtherURIs = [uri]
                    }, expectation)
                #expect(malformed?.message.contains("no SPIFFE ID") == true, "\(uri)")
            }
        }
    }

    @Test("a foreign client may have a DNS name instead of a workload's, where that is listed")
    func dnsNames() throws {
        let expectation = PeerExpectation.clients(
            workloads: [Credentials.spiffeID("assay-gateway")], dnsNames: ["bank.example"])
        func foreign(_ names: [String]) throws -> TLSError? {
            try refusal(
                {
                    $0.spiffeID = nil
                    $0.dnsNames = names
                }, expectation)
        }
        #expect(try foreign(["bank.example"]) == nil)
        #expect(try foreign(["other.example", "bank.example"]) == nil)
        #expect(try foreign(["other.example"])?.code == .certificateRejected)
        #expect(try foreign([])?.code == .certificateRejected)
        // A workload is judged by its SPIFFE ID, whatever DNS names it has.
        #expect(
            try refusal({ $0.dnsNames = ["bank.example"] }, expectation)?.code
                == .certificateRejected)
    }

    @Test("the common name says nothing")
    func commonName() throws {
        let id = Credentials.spiffeID("assay-risk")
        let error = try refusal(
            {
                $0.commonName = "\(id)"
                $0.spiffeID = nil
            }, .workloads([id]))
        #expect(error?.message.contains("exactly one workload") == true)
    }

    @Test("a peer is named by its workload, or by its first DNS name")
    func names() throws {
        #expect(try Credentials.risk.subject().name == "\(Credentials.spiffeID("assay-risk"))")
        var request = Credentials.request("bank")
        request.spiffeID = nil
        #expect(try Credentials.authority.issue(request).subject().name == "dns:localhost")
        request.dnsNames = []
        #expect(try Credentials.authority.issue(request).subject().name == nil)
    }
}
