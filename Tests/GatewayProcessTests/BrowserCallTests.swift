import Foundation
import TLS
import TestSupport
import Testing

/// What a browser sees of a gateway with TLS, in both versions of HTTP on one port.
@Suite("Browsers at the public port", .timeLimit(.minutes(2)))
struct BrowserCallTests {
    private static let page = "https://app.bank.example"

    /// A gateway with TLS that one page may call.
    private static func run(_ body: (EchoGateway) async throws -> Void) async throws {
        let authority = try DevelopmentCertificateAuthority(validity: .days(2))
        let folder = try TemporaryDirectory()
        let (certificate, key) = ("\(folder.path)/edge.pem", "\(folder.path)/edge.key")
        try authority.issue(
            LeafCertificateRequest(
                commonName: "localhost", dnsNames: ["localhost"], validity: .days(1))
        ).write(certificateFile: certificate, keyFile: key)
        let listener =
            ", tls: { certificate: \(certificate), key: \(key) }, authorities: [localhost], "
            + "cors: { origins: [\"\(page)\"], headers: [content-type] }"
        try await EchoGateway.run(listener: listener, body)
    }

    /// What curl gets, fields in lower case.
    private static func curl(
        _ echo: EchoGateway, _ version: String, _ arguments: [String], path: String
    ) async throws -> String {
        let result = try await ChildProcess.run(
            "/usr/bin/curl",
            [
                "--silent", "--show-error", "--insecure", "--include", "--max-time", "20", version,
            ] + arguments + ["https://localhost:\(echo.gateway.port)\(path)"])
        #expect(result.end == .exit(0), "\(arguments): \(result.errors)")
        return result.output
    }

    @Test("preflight, GET and POST, with all that a page needs to know")
    func calls() async throws {
        try await Self.run { echo in
            for version in ["--http1.1", "--http2"] {
                let origin = ["--header", "Origin: \(Self.page)"]
                let preflight = try await Self.curl(
                    echo, version,
                    origin + [
                        "--request", "OPTIONS", "--header", "Access-Control-Request-Method: POST",
                    ], path: EchoGateway.path)
                #expect(preflight.contains(" 204"), "\(version): \(preflight)")
                #expect(preflight.contains("access-control-allow-origin: \(Self.page)\r\n"))
                #expect(preflight.contains("access-control-allow-headers: content-type\r\n"))
                #expect(preflight.contains("access-control-max-age: 600\r\n"))

                let query = "?connect=v1&encoding=json&base64=1&message=eyJwYXlsb2FkIjoiQVFJRCJ9"
                let got = try await Self.curl(
                    echo, version, origin, path: EchoGateway.path + query)
                #expect(got.contains(" 200"), "\(version): \(got)")
                #expect(got.hasSuffix(EchoGateway.json), "\(version): \(got)")
                #expect(got.contains("access-control-allow-origin: \(Self.page)\r\n"))
                #expect(!got.contains("no-store"))

                let posted = try await Self.curl(
                    echo, version,
                    [
                        "--header", "Content-Type: application/json", "--data", EchoGateway.json,
                        "--header", "Assay-Tenant: other", "--header", "X-Forwarded-For: 192.0.2.1",
                    ], path: EchoGateway.path)
                #expect(posted.contains(" 200"), "\(version): \(posted)")
                for field in [
                    "x-content-type-options: nosniff", "cache-control: no-store",
                    "strict-transport-security: max-age=31536000", "assay-request-id: ",
                ] {
                    #expect(posted.contains(field), "\(version), \(field): \(posted)")
                }
                #expect(!posted.contains("access-control-"))
                #expect(!posted.lowercased().contains("\nserver:"))
            }
        }
    }

    @Test("targets up to 16 KiB are read, in both versions; a host that is not served is 421")
    func targets() async throws {
        try await Self.run { echo in
            func query(_ count: Int) -> String {
                let payload = String(repeating: "AAAA", count: count / 4)
                return
                    "\(EchoGateway.path)?encoding=json&message=%7B%22payload%22:%22\(payload)%22%7D"
            }
            for version in ["--http1.1", "--http2"] {
                let arguments = ["--globoff"]
                let long = try await Self.curl(echo, version, arguments, path: query(16_000))
                #expect(long.contains(" 200"), "\(version): \(long.prefix(300))")
                let longer = try await Self.curl(echo, version, arguments, path: query(17_000))
                #expect(longer.contains(" 414"), "\(version): \(longer.prefix(300))")
                let other = try await Self.curl(
                    echo, version, ["--globoff", "--header", "Host: evil.example"],
                    path: EchoGateway.path + "?encoding=json&message={}")
                #expect(other.contains(" 421"), "\(version): \(other)")
            }
        }
    }
}
