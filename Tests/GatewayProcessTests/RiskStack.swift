import Foundation
import GatewayCore
import TLS
import TestSupport
import Testing

/// A real assay-risk, and the gateway with TLS in front of it: for clients that everybody has.
final class RiskStack: Sendable {
    let gateway: GatewayUnderTest
    let authority: String
    /// For clients of ours.
    let context: TLSContext
    private let risk: ChildProcess
    private let folder: TemporaryDirectory

    static let riskService = "assay.risk.v1.RiskAssessment"
    /// Changes nothing, is quick, and takes an empty request.
    static let listProposals = "/assay.risk.v1.RuleAdministration/ListProposals"
    static let scopes = ["risk.assess", "risk.decisions.read", "risk.rules.read"]
    /// Keys with a rate that no test reaches: of tenant bank, and of tenant other.
    static let bank = GatewayFiles.key(1)
    static let other = GatewayFiles.key(2)
    /// Of tenant bank, each on the default plan.
    static let standard = (10..<30).map { GatewayFiles.key(UInt8($0)) }

    init() async throws {
        folder = try TemporaryDirectory()
        let program = try #require(
            PackageLayout.executable("assay-risk"),
            "the assay-risk program was not built beside the tests")
        // Nobody listens at port 1: decisions are made without features and model.
        risk = try ChildProcess(
            program,
            [
                "--insecure", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
                "--endpoint-delay", "0", "--grace", "1", "--log-level", "error", "--data",
                "\(folder.path)/data", "--rules", "\(PackageLayout.root)/deploy/rules",
                "--features", "127.0.0.1:1", "--models", "127.0.0.1:1",
            ])
        let line = try await risk.line(within: .seconds(60)) { $0.hasPrefix("ready risk ") }
        let word = line.split(separator: " ").first { $0.hasPrefix("rpc=") }
        let port = try #require(word.flatMap { Int($0.dropFirst(4)) })
        let certificates = try DevelopmentCertificateAuthority()
        authority = "\(folder.path)/ca.pem"
        try certificates.trust.write(file: authority)
        context = try TLSContext.client(trust: certificates.trust, serverName: "localhost")
        let (certificate, key) = ("\(folder.path)/edge.pem", "\(folder.path)/edge.key")
        try certificates.issue(
            LeafCertificateRequest(commonName: "localhost", dnsNames: ["localhost"])
        ).write(certificateFile: certificate, keyFile: key)
        gateway = try await GatewayUnderTest([
            "gateway.yaml": Self.configuration(upstream: port),
            "keys.yaml": APIKeyFile(entries: Self.entries).yaml,
            "pepper-1": GatewayFiles.pepper(1),
            "edge.pem": try String(contentsOfFile: certificate, encoding: .utf8),
            "edge.key": try String(contentsOfFile: key, encoding: .utf8),
        ])
    }

    /// `limits` says nothing of the plan default: it is the one that is shipped.
    private static func configuration(upstream port: Int) -> String {
        let scopes = scopes.joined(separator: ", ")
        return """
            version: 1
            listeners:
              - { name: public, port: 0, tls: { certificate: edge.pem, key: edge.key } }
            admin: { port: 0 }
            authentication: { api_keys: { file: keys.yaml, peppers: { 1: pepper-1 } } }
            authorization:
              tenants:
                bank: { scopes: [\(scopes)] }
                other: { scopes: [\(scopes)] }
            limits:
              plans:
                wide: { client: { limit: 100000, period: 1s, burst: 100000 }, concurrency: 1000 }
            capacity: { in_flight: 100000, memory: 1000GiB }
            routes:
              - { service: \(riskService), upstream: risk }
              - { service: assay.risk.v1.RuleAdministration, upstream: risk }
            upstreams: { risk: { target: "127.0.0.1:\(port)" } }
            """
    }

    private static var entries: [APIKeyFile.Entry] {
        func entry(_ number: UInt8, _ tenant: String, plan: String?) -> APIKeyFile.Entry {
            var entry = GatewayFiles.entry(number)
            (entry.tenant, entry.plan, entry.scopes) = (tenant, plan, scopes)
            return entry
        }
        let standard = (10..<30).map { entry(UInt8($0), "bank", plan: nil) }
        return [entry(1, "bank", plan: "wide"), entry(2, "other", plan: "wide")] + standard
    }

    func stop() async {
        await gateway.stop()
        risk.terminate()
        _ = await risk.end()
    }

    // MARK: curl

    struct Reply: Sendable {
        var status: Int
        var body: String

        /// The body as JSON.
        var fields: [String: Any] {
            let object = try? JSONSerialization.jsonObject(with: Data(body.utf8))
            return object as? [String: Any] ?? [:]
        }
    }

    /// In place of a status.
    static let cutOff = 0

    func url(_ path: String) -> String { "https://localhost:\(gateway.port)\(path)" }

    /// One call over JSON.
    func post(
        _ path: String, _ json: String, key: APIKey, headers: [String] = []
    ) async throws -> Reply {
        var arguments = [
            "--silent", "--show-error", "--max-time", "30", "--cacert", authority, "--request",
            "POST", "--write-out", "\n%{http_code}", "--data-binary", json,
        ]
        for header in ["content-type: application/json", "x-api-key: \(key.text)"] + headers {
            arguments += ["--header", header]
        }
        let result = try await ChildProcess.run("/usr/bin/curl", arguments + [url(path)])
        // A reply that its deadline cut off half way is none.
        if result.end == .exit(92) { return Reply(status: Self.cutOff, body: result.errors) }
        try #require(result.end == .exit(0), "curl: \(result.errors)")
        let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
        return Reply(
            status: try #require(lines.last.flatMap { Int($0) }),
            body: lines.dropLast().joined(separator: "\n"))
    }

    /// Asks until there is a decision: a debug build on a busy machine can miss a deadline of 50 ms,
    /// and asking again with the same request id is deciding once.
    func decide(_ json: String, key: APIKey) async throws -> Reply {
        var reply = try await post("/\(Self.riskService)/AssessTransaction", json, key: key)
        for _ in 0..<100 where [503, 504, Self.cutOff].contains(reply.status) {
            reply = try await post("/\(Self.riskService)/AssessTransaction", json, key: key)
        }
        return reply
    }

    static func payment(_ id: String, further: String = "") -> String {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime]
        return """
            {"requestId":"\(id)","industry":"fintech",\(further)
             "transaction":{"transactionId":"\(id)","occurredAt":"\(formatter.string(from: Date()))",
               "amount":{"currency":"EUR","amount":"12.50"},"type":"purchase","channel":"web",
               "country":"DE"},
             "account":{"accountId":"account-1"},"customer":{"customerId":"customer-1"},
             "card":{"token":"card-1"}}
            """
    }
}
