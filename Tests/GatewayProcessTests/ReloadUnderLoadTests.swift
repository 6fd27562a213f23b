import Foundation
import GatewayCore
import RPC
import RPCTransport
import TLS
import TestSupport
import Testing

@Suite("A gateway that is changed while it serves", .serialized, .timeLimit(.minutes(5)))
struct ReloadUnderLoadTests {
    private static let key = GatewayFiles.key(1)

    /// Until so many further calls were made.
    private func more(_ callers: SteadyCallers, _ count: Int = 20) async throws {
        let goal = callers.calls + count
        let end = ContinuousClock.now + .seconds(30)
        while callers.calls < goal, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(callers.calls >= goal, "the callers do not get on")
    }

    @Test("G12: configuration, upstream and certificate change under load, and no call fails")
    func configuration() async throws {
        let authority = try DevelopmentCertificateAuthority(validity: .days(2))
        let (first, second) = (try await StandInServer(), try await StandInServer())
        var files = GatewayFiles(
            upstreamPort: first.port, tls: "{ certificate: edge.pem, key: edge.key }")
        let certificate = try Self.certificate(authority)
        let gateway = try await GatewayUnderTest(
            files.all([GatewayFiles.entry(1)]).merging(certificate) { $1 })
        let context = try TLSContext.client(trust: authority.trust, serverName: "localhost")
        let client = try gateway.client(context)
        let callers = SteadyCallers(client, key: Self.key)
        try await more(callers)

        for round in 1...4 {
            files.limit = 1_000_000 - round
            files.upstreamPort = round % 2 == 1 ? second.port : first.port
            try gateway.write(files.configuration, to: "gateway.yaml")
            gateway.process.send(SIGHUP)
            try await gateway.wait(for: GatewayUnderTest.loaded) { $0 == Double(round) }
            try await more(callers)
        }
        #expect(second.service.count > 0)

        // What does not load changes nothing, and is told.
        try gateway.write("version: 2", to: "gateway.yaml")
        gateway.process.send(SIGHUP)
        try await gateway.wait(for: GatewayUnderTest.rejected) { $0 == 1 }
        try gateway.write("no certificate", to: "edge.pem")
        gateway.process.send(SIGHUP)
        let refusals = "assay_tls_certificate_refusals_total{certificate=\"edge\"}"
        try await gateway.wait(for: refusals) { $0 >= 1 }
        try await more(callers)
        for (name, text) in try Self.certificate(authority) { try gateway.write(text, to: name) }
        gateway.process.send(SIGHUP)
        let loads = "assay_tls_certificate_loads_total{certificate=\"edge\"}"
        try await gateway.wait(for: loads) { $0 >= 2 }
        let fresh = try gateway.client(context)
        #expect(await SteadyCallers.call(fresh, key: Self.key) == "0")
        try await more(callers)

        let result = await callers.stop()
        #expect(result.failed == 0, "\(result.failed) of \(result.calls): \(result.failures)")
        for client in [client, fresh] { await client.close() }
        await gateway.stop()
        for server in [first, second] { await server.stop() }
    }

    private static func certificate(
        _ authority: DevelopmentCertificateAuthority
    ) throws -> [String: String] {
        let folder = try TemporaryDirectory()
        let (certificate, key) = ("\(folder.path)/edge.pem", "\(folder.path)/edge.key")
        try authority.issue(
            LeafCertificateRequest(
                commonName: "localhost", dnsNames: ["localhost"], validity: .days(1))
        ).write(certificateFile: certificate, keyFile: key)
        return [
            "edge.pem": try String(contentsOfFile: certificate, encoding: .utf8),
            "edge.key": try String(contentsOfFile: key, encoding: .utf8),
        ]
    }

    @Test("G10: key and pepper rotate under load, no live key is refused, a revoked one soon is")
    func keys() async throws {
        let service = try await StandInServer()
        var files = GatewayFiles(upstreamPort: service.port)
        let gateway = try await GatewayUnderTest(files.all([GatewayFiles.entry(1)]))
        let client = try gateway.client()
        let callers = SteadyCallers(client, key: Self.key)
        try await more(callers)

        // The new pepper and the new key come beside the old ones, and then the callers change.
        files.peppers = [1, 2]
        try gateway.write(GatewayFiles.pepper(2), to: "pepper-2")
        try gateway.write(files.configuration, to: "gateway.yaml")
        try gateway.write(
            APIKeyFile(entries: [GatewayFiles.entry(1), GatewayFiles.entry(2, pepper: 2)]).yaml,
            to: "keys.yaml")
        let new = GatewayFiles.key(2)
        let end = ContinuousClock.now + .seconds(10)
        while await SteadyCallers.call(client, key: new) != "0", ContinuousClock.now < end {}
        callers.use(new)
        // Those that had begun with the old key have ended when each has called once more.
        try await more(callers, 40)

        try gateway.write(
            APIKeyFile(
                entries: [GatewayFiles.entry(1, isRevoked: true), GatewayFiles.entry(2, pepper: 2)]
            ).yaml, to: "keys.yaml")
        let revoked = ContinuousClock.now
        while await SteadyCallers.call(client, key: Self.key) == "0",
            ContinuousClock.now < revoked + .seconds(20)
        {}
        let took = ContinuousClock.now - revoked
        // The files are looked at every two seconds; two more are for a busy machine.
        #expect(took < .seconds(4), "the revoked key was refused after \(took)")
        #expect(await SteadyCallers.call(client, key: Self.key) == "16 BAD_CREDENTIALS")
        try await more(callers)

        let result = await callers.stop()
        #expect(result.failed == 0, "\(result.failed) of \(result.calls): \(result.failures)")
        await client.close()
        await gateway.stop()
        // The security log goes to standard error when it has no file.
        #expect(gateway.process.standardError.contains("\"detail\":\"revoked\""))
        await service.stop()
    }
}
