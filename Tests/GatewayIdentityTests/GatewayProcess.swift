import Foundation
import TLS
import TestSupport

@testable import GatewayCore

/// A gateway as it is run, in front of nothing: who is let in learns that no service answers.
final class GatewayProcess: Sendable {
    struct Failure: Error {
        let description: String
    }

    /// What `call` says of those who were let in.
    static let letIn = "let in"

    let port: Int
    let adminPort: Int
    let folder: TemporaryDirectory
    let process: ChildProcess
    /// Who vouches for the gateway, and for its clients.
    let authority: DevelopmentCertificateAuthority

    /// - Parameter further: More of the configuration.
    init(
        issuer host: IssuerHost, path: String = "/jwks", keys: [APIKeyFile.Entry] = [],
        further: String = ""
    ) async throws {
        folder = try TemporaryDirectory()
        authority = try DevelopmentCertificateAuthority()
        try authority.trust.write(file: try folder.path("ca.pem"))
        let leaf = try authority.issue(
            LeafCertificateRequest(commonName: "gateway", dnsNames: ["localhost"]))
        try leaf.write(
            certificateFile: try folder.path("e.pem"), keyFile: try folder.path("e.key"))
        let patience = "burst: 100000, failed_logins: { limit: 100000, period: 1s }"
        let issuer = "jwks_url: \"\(host.url(path))\", ca: \"\(host.authorities)\""
        let text = TestGateway.yaml(issuer: issuer)
            .replacing("port: 8443", with: "port: 0").replacing("port: 9901", with: "port: 0")
            .replacing("127.0.0.1:7002", with: "127.0.0.1:1")
            .replacing(
                "assessor: [risk.assess]", with: "assessor: [risk.assess, risk.decisions.read]"
            )
            .replacing(
                "client: batch, scopes: [risk.assess]",
                with: "client: batch, scopes: [risk.decisions.read]"
            )
            // All come from one address, and that they are let go on failing is the point.
            .replacing(
                "limits:\n",
                with: "limits:\n  address: { limit: 100000, period: 1s, \(patience) }\n")
        let file = try folder.write(text + "\n" + further + "\n", to: "gateway.yaml")
        try folder.write(APIKeyFile(entries: keys).yaml, to: "keys.yaml")
        try folder.write(TestGateway.pepper, to: "pepper-1")
        guard let program = PackageLayout.executable("assay-gateway") else {
            throw Failure(description: "assay-gateway was not built")
        }
        process = try ChildProcess(
            program, ["--config", file, "--insecure", "--loops", "1", "--endpoint-delay", "0"])
        let line = try await process.line { $0.hasPrefix("ready ") }
        func number(_ name: String) -> Int {
            line.split(separator: " ").first { $0.hasPrefix("\(name)=") }
                .flatMap { Int($0.dropFirst(name.count + 1)) } ?? 0
        }
        port = number("rpc")
        adminPort = number("admin")
    }

    deinit { process.kill() }

    /// Calls with each of these tokens, "-" for none; how many were answered how.
    func call(
        _ tokens: [String], threads: Int = 1, as identity: TLSIdentity? = nil
    ) async throws -> [String: Int] {
        let script = "\(PackageLayout.root)/Tests/GatewayIdentityTests/calls.py"
        let input = try folder.write(tokens.joined(separator: "\n"), to: "tokens")
        var arguments = ["\(port)", "\(folder.path)/ca.pem", "\(threads)"]
        if let identity {
            let (certificate, key) = (try folder.path("c.pem"), try folder.path("c.key"))
            try identity.write(certificateFile: certificate, keyFile: key)
            arguments += [certificate, key]
        }
        let line =
            "exec /usr/bin/python3 '\(script)' \(arguments.joined(separator: " ")) < '\(input)'"
        let run = try await ChildProcess.run("/bin/sh", ["-c", line])
        guard run.end == .exit(0) else { throw Failure(description: run.errors) }
        var answers: [String: Int] = [:]
        for line in run.output.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1)
            let isLetIn = parts[1].hasPrefix("503") && !parts[1].hasSuffix("OVERLOADED")
            answers[isLetIn ? Self.letIn : String(parts[1]), default: 0] += Int(parts[0]) ?? 0
        }
        return answers
    }

    /// A page of the admin port.
    func page(_ path: String) async throws -> String {
        let url = "http://127.0.0.1:\(adminPort)\(path)"
        return try await ChildProcess.run("/usr/bin/curl", ["-s", url]).output
    }

    /// Waits until a page says so, at most 20 s.
    func wait(_ path: String, until says: @Sendable (String) -> Bool) async throws {
        for _ in 0..<200 {
            if says(try await page(path)) { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw Failure(description: "\(path): \(try await page(path))")
    }
}
