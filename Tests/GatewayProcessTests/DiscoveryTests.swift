import Foundation
import GatewayCore
import RPC
import RPCTransport
import TLS
import TestSupport
import Testing

/// How a gateway with the mesh's certificates finds services, and whom it takes for them.
@Suite("Services behind names", .serialized, .timeLimit(.minutes(5)))
struct DiscoveryTests {
    private static let key = GatewayFiles.key(1)

    /// An authority, and a gateway's files with its certificates.
    private struct Mesh {
        let authority: DevelopmentCertificateAuthority

        init() throws { authority = try DevelopmentCertificateAuthority(validity: .days(2)) }

        static func id(_ name: String) throws -> SPIFFEID {
            try #require(SPIFFEID("spiffe://assay.example/ns/default/sa/\(name)"))
        }

        func identity(_ name: String) throws -> TLSIdentity {
            try authority.issue(
                LeafCertificateRequest(
                    commonName: name, spiffeID: try Self.id(name), dnsNames: ["localhost"],
                    ipAddresses: ["127.0.0.1"], validity: .days(1)))
        }

        func service(_ name: String) async throws -> StandInServer {
            try await StandInServer(
                tls: try TLSContext.server(
                    identity: try identity(name), trust: authority.trust,
                    clientCertificate: .required,
                    accepting: .workloads([try Self.id("assay-gateway")])))
        }

        /// A gateway that reaches a target, and expects a workload there.
        func gateway(_ target: String, expecting name: String) async throws -> GatewayUnderTest {
            var files = GatewayFiles(
                upstreamPort: 0,
                further: "mesh: { certificate: mesh.pem, key: mesh.key, bundle: ca.pem }")
            files.target = target
            files.upstream = ", expect: [\"\(try Self.id(name))\"]"
            let folder = try TemporaryDirectory()
            try identity("assay-gateway").write(
                certificateFile: "\(folder.path)/mesh.pem", keyFile: "\(folder.path)/mesh.key")
            try authority.trust.write(file: "\(folder.path)/ca.pem")
            var all = files.all([GatewayFiles.entry(1)])
            for name in ["mesh.pem", "mesh.key", "ca.pem"] {
                all[name] = try String(contentsOfFile: "\(folder.path)/\(name)", encoding: .utf8)
            }
            return try await GatewayUnderTest(all, isInsecure: false)
        }
    }

    private func call(_ client: RPCClient) async -> String {
        await SteadyCallers.call(client, key: Self.key)
    }

    @Test("dns:/// with TLS: the workload that is expected answers, another one is not asked")
    func names() async throws {
        let mesh = try Mesh()
        let service = try await mesh.service("assay-risk")
        let target = "dns:///localhost:\(service.port)"
        for (expected, status) in [("assay-risk", "0"), ("assay-models", "14 NO_ENDPOINT")] {
            let gateway = try await mesh.gateway(target, expecting: expected)
            let client = try gateway.client()
            #expect(await call(client) == status)
            await client.close()
            await gateway.stop()
        }
        #expect(service.service.count == 1)
        await service.stop()
    }

    @Test("a name that is nowhere: the gateway runs, calls are UNAVAILABLE, and the page says why")
    func nowhere() async throws {
        let gateway = try await Mesh().gateway(
            "dns:///assay-risk.invalid:7002", expecting: "assay-risk")
        let client = try gateway.client()
        #expect(await call(client) == "14 NO_ENDPOINT")
        let page = try await gateway.page("/debug/rpc")
        #expect(page.contains("assay-risk.invalid cannot be resolved"), "\(page)")
        await client.close()
        await gateway.stop()
    }

    @Test("endpoints that come and go under load: nobody notices")
    func moving() async throws {
        let mesh = try Mesh()
        let services = [try await mesh.service("assay-risk"), try await mesh.service("assay-risk")]
        let folder = try TemporaryDirectory()
        let list = "\(folder.path)/risk.list"
        func write(_ members: [Int]) throws {
            let text = members.map { "127.0.0.1:\(services[$0].port)\n" }.joined()
            try GatewayUnderTest.write(text, to: list)
        }
        try write([0])
        let gateway = try await mesh.gateway("file://\(list)", expecting: "assay-risk")
        let client = try gateway.client()
        let callers = SteadyCallers(client, key: Self.key)
        for members in [[0, 1], [1], [0]] {
            try write(members)
            // Until all of those are asked that are named, and none besides.
            let end = ContinuousClock.now + .seconds(60)
            var isThere = false
            while !isThere, ContinuousClock.now < end {
                let before = services.map(\.service.count)
                try await Task.sleep(for: .milliseconds(300))
                let after = services.map(\.service.count)
                isThere = [0, 1].allSatisfy { members.contains($0) == (after[$0] > before[$0]) }
            }
            #expect(isThere, "\(members): \(services.map(\.service.count))")
        }
        let result = await callers.stop()
        #expect(result.failed == 0, "\(result.failed) of \(result.calls): \(result.failures)")
        await client.close()
        await gateway.stop()
        for service in services { await service.stop() }
    }
}
