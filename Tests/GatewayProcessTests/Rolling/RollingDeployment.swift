import Foundation
import GatewayCore
import RPC
import RPCTransport
import Synchronization
import TLS
import TestSupport
import Testing

/// The whole platform as it is deployed: two gateways, two of risk and of models, one feature store,
/// with TLS between all of them, and each of them can be ended and started again where it was.
final class RollingDeployment: Sendable {
    /// One process of the deployment.
    struct Member: Hashable, Sendable, CustomStringConvertible {
        let service: String
        let number: Int

        var description: String { "\(service)-\(number)" }
    }

    /// All of it.
    static let whole =
        [Member(service: "features", number: 1)]
        + ["models", "risk", "gateway"].flatMap { service in
            (1...2).map { Member(service: service, number: $0) }
        }

    private struct Running: Sendable {
        var process: ChildProcess
        var port: Int
        var admin: Int
    }

    let folder: TemporaryDirectory
    /// What clients believe.
    let trust: TLSTrust
    /// Seconds in which a member that ends still serves everything.
    private let endpointDelay: Int
    /// In the order in which they start: who is called comes before who calls.
    let members: [Member]
    private let running = Mutex<[Member: Running]>([:])

    static let key = GatewayFiles.key(9)
    private static let scopes = ["risk.assess", "risk.decisions.read", "experiments.read"]

    init(_ members: [Member] = whole, endpointDelay: Int) async throws {
        self.members = members
        self.endpointDelay = endpointDelay
        folder = try TemporaryDirectory()
        let authority = try DevelopmentCertificateAuthority(validity: .days(2))
        trust = authority.trust
        try trust.write(file: "\(folder.path)/ca.pem")
        for service in ["features", "models", "risk", "gateway"] {
            try authority.issue(
                LeafCertificateRequest(
                    commonName: "assay-\(service)", spiffeID: try Self.identity(service),
                    dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"], validity: .days(1))
            ).write(
                certificateFile: "\(folder.path)/\(service).pem",
                keyFile: "\(folder.path)/\(service).key")
        }
        for member in members { try await start(member) }
    }

    private static func identity(_ service: String) throws -> SPIFFEID {
        try #require(SPIFFEID("spiffe://assay.example/ns/default/sa/assay-\(service)"))
    }

    // MARK: Members

    private func start(_ member: Member) async throws {
        let program = try #require(
            PackageLayout.executable("assay-\(member.service)"),
            "the assay-\(member.service) program was not built beside the tests")
        let before = running.withLock { $0[member] }
        let process = try ChildProcess(
            program, try arguments(member, port: before?.port ?? 0, admin: before?.admin ?? 0))
        let line = try await process.line(within: .seconds(120)) {
            $0.hasPrefix("ready \(member.service) ")
        }
        func number(_ name: String) throws -> Int {
            let word = line.split(separator: " ").first { $0.hasPrefix("\(name)=") }
            return try #require(word.flatMap { Int($0.dropFirst(name.count + 1)) })
        }
        let now = Running(process: process, port: try number("rpc"), admin: try number("admin"))
        running.withLock { $0[member] = now }
        try await waitUntilReady(now, member)
    }

    private func waitUntilReady(_ member: Running, _ name: Member) async throws {
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            let asked = try await ChildProcess.run(
                "/usr/bin/curl",
                [
                    "--silent", "--output", "/dev/null", "--write-out", "%{http_code}",
                    "--max-time", "10", "http://127.0.0.1:\(member.admin)/readyz",
                ])
            if asked.output == "200" { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("\(name) is not ready: \(member.process.standardError.suffix(2000))")
    }

    private func arguments(_ member: Member, port: Int, admin: Int) throws -> [String] {
        let common = [
            "--listen", "127.0.0.1:\(port)", "--admin", "127.0.0.1:\(admin)", "--endpoint-delay",
            "\(endpointDelay)", "--grace", "15", "--log-level", "error",
        ]
        if member.service == "gateway" {
            let file = "\(folder.path)/\(member).yaml"
            try writeGateway(file)
            return common + ["--config", file, "--loops", "2"]
        }
        let own = "\(folder.path)/\(member.service)"
        let state =
            common + [
                "--data", "\(folder.path)/data-\(member)", "--tls-certificate", "\(own).pem",
                "--tls-key", "\(own).key", "--tls-trust", "\(folder.path)/ca.pem",
            ]
        let shipped = "\(PackageLayout.root)/deploy"
        switch member.service {
        case "features":
            return state + ["--definitions", "\(shipped)/definitions", "--replace-definitions"]
        case "models": return state + ["--alias-policies", "\(shipped)/alias-policies"]
        default:
            return state + [
                "--rules", "\(shipped)/rules", "--features", addresses(of: "features"),
                "--models", addresses(of: "models"),
            ]
        }
    }

    private func writeGateway(_ file: String) throws {
        func upstream(_ service: String) throws -> String {
            let target = addresses(of: service)
            if target.isEmpty { return "" }
            return "  \(service): { target: \"\(target)\", "
                + "expect: [\"\(try Self.identity(service))\"] }\n"
        }
        let scopes = Self.scopes.joined(separator: ", ")
        let routes = [
            ("assay.risk.v1.RiskAssessment", "risk"), ("assay.models.v1.Experiments", "models"),
        ]
        .filter { !addresses(of: $0.1).isEmpty }
        .map { "  - { service: \($0.0), upstream: \($0.1) }" }.joined(separator: "\n")
        let text = """
            version: 1
            listeners:
              - { name: public, port: 0, tls: { certificate: gateway.pem, key: gateway.key } }
            admin: { port: 0 }
            mesh: { certificate: gateway.pem, key: gateway.key, bundle: ca.pem }
            authentication: { api_keys: { file: keys.yaml, peppers: { 1: pepper-1 } } }
            authorization: { tenants: { bank: { scopes: [\(scopes)] } } }
            limits:
              address: { limit: 1000000, period: 1s, burst: 1000000 }
              plans:
                default:
                  client: { limit: 1000000, period: 1s, burst: 1000000 }
                  concurrency: { client: 100000, tenant: 100000 }
            capacity: { in_flight: 100000, memory: 1000GiB }
            routes:
            \(routes)
            upstreams:

            """
        var entry = GatewayFiles.entry(9)
        entry.scopes = Self.scopes
        let files = [
            (file, text + (try upstream("risk")) + (try upstream("models"))),
            ("\(folder.path)/keys.yaml", APIKeyFile(entries: [entry]).yaml),
            ("\(folder.path)/pepper-1", GatewayFiles.pepper(1)),
        ]
        for (path, content) in files { try GatewayUnderTest.write(content, to: path) }
    }

    /// Of all members of a service, as a target has them.
    func addresses(of service: String) -> String {
        let known = running.withLock { $0 }
        return members.filter { $0.service == service }
            .compactMap { known[$0]?.port }.map { "127.0.0.1:\($0)" }.joined(separator: ",")
    }

    // MARK: What happens to them

    /// Ends a member at once, in the middle of whatever it does.
    func kill(_ member: Member) async throws {
        let process = try #require(running.withLock { $0[member] }?.process)
        process.kill()
        _ = await process.end()
    }

    /// Starts a member that was killed, on the same ports.
    func revive(_ member: Member) async throws { try await start(member) }

    /// Ends a member in order, as an orchestrator does, and starts it again on the same ports.
    func restart(_ member: Member) async throws {
        let process = try #require(running.withLock { $0[member] }?.process)
        process.terminate()
        let end = await process.end()
        #expect(end == .exit(0), "\(member): \(process.standardError.suffix(2000))")
        try await start(member)
    }

    /// Waits until a gateway has so many connections' worth of a service's endpoints, over its two loops.
    func waitForEndpoints(_ count: Int, of service: String, at gateway: Member) async throws {
        let admin = try #require(running.withLock { $0[gateway] }?.admin)
        let target = "grpc_target=\"\(addresses(of: service))\""
        let end = ContinuousClock.now + .seconds(60)
        var seen = ""
        while ContinuousClock.now < end {
            seen = try await ChildProcess.run(
                "/usr/bin/curl",
                ["--silent", "--max-time", "10", "http://127.0.0.1:\(admin)/metrics"]
            ).output
            // One that was ejected is tried all the same where there is no other.
            let ready = seen.split(separator: "\n").filter { line in
                line.hasPrefix("assay_lb_endpoints{") && line.contains(target)
                    && (line.contains("state=\"ready\"") || line.contains("state=\"ejected\""))
            }
            let numbers = ready.compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
            if numbers.reduce(0, +) == Double(count) { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("\(gateway) has not \(count) endpoints of \(service):\n\(seen)")
    }

    func client() throws -> RPCClient {
        try RPCClient(
            addresses(of: "gateway"),
            tls: try TLSContext.client(trust: trust, serverName: "localhost"))
    }

    /// What the members have written to their logs.
    func troubles() -> String {
        let known = running.withLock { $0 }
        return members.compactMap { member in
            known[member].map { "\(member): \($0.process.standardError.suffix(600))" }
        }.joined(separator: "\n")
    }

    /// Callers end before those that they call.
    func stop() async {
        for member in members.reversed() {
            guard let process = running.withLock({ $0[member] })?.process else { continue }
            guard process.isRunning else { continue }
            process.terminate()
            process.terminate()
            #expect(await process.end() == .exit(0), "\(member)")
        }
    }
}
