import Foundation
import TLS
import TestSupport
import Testing

/// What `openssl s_client`, which is none of ours, can and cannot negotiate with us.
@Suite(
    "OpenSSL's own client",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl"), "needs openssl"))
struct ForeignPeerTests {
    private let authority: Authority
    private let directory: TemporaryDirectory

    init() throws {
        authority = try Authority()
        directory = try TemporaryDirectory()
    }

    private func server(_ versions: TLSVersions) async throws -> MeshServer {
        try await MeshServer(
            TLSContext.server(identity: authority.identity("assay-gateway"), versions: versions))
    }

    /// Everything that the client prints. What the command `input` prints is typed meanwhile.
    private func connect(
        _ server: MeshServer, _ arguments: String, input: String = "printf 'Q\\n'"
    ) async throws -> String {
        let command =
            "(\(input)) | /usr/bin/openssl s_client -connect \(server.target) "
            + "\(arguments.contains("-alpn") ? "" : "-alpn h2") \(arguments) 2>&1"
        return try await ChildProcess.run("/bin/sh", ["-c", command]).output
    }

    @Test("A17: of the ciphers of TLS 1.2 only ECDHE with AES-GCM or ChaCha20 can be negotiated")
    func ciphers() async throws {
        let server = try await server(.edge)
        // RFC 9113, appendix A: by key exchange, mode of the cipher, and none at all.
        for weak in [
            "AES128-SHA", "AES256-SHA", "AES128-SHA256", "AES128-GCM-SHA256", "AES256-GCM-SHA384",
            "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-AES128-SHA256",
            "ECDHE-ECDSA-AES128-CCM8", "ECDHE-ECDSA-AES256-CCM", "DHE-RSA-AES128-GCM-SHA256",
            "DHE-RSA-AES256-SHA", "ADH-AES128-SHA256", "AECDH-AES128-SHA", "NULL-SHA256",
            "ECDHE-ECDSA-NULL-SHA", "PSK-AES128-GCM-SHA256", "ECDHE-ECDSA-CAMELLIA128-SHA256",
            "ECDHE-ECDSA-ARIA128-GCM-SHA256", "ALL:!ECDHE", "ALL:!AESGCM:!CHACHA20",
        ] {
            let output = try await connect(server, "-tls1_2 -cipher '\(weak):@SECLEVEL=0'")
            #expect(
                output.contains("Cipher is (NONE)") || output.contains("no cipher match"), "\(weak)"
            )
        }
        for strong in [
            "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
            "ECDHE-ECDSA-CHACHA20-POLY1305",
        ] {
            let output = try await connect(server, "-tls1_2 -cipher \(strong)")
            #expect(output.contains("Cipher is \(strong)"), "\(output)")
        }
        try await server.stop()
        #expect(server.handshakes.versions == ["TLSv1.2", "TLSv1.2", "TLSv1.2"])
    }

    @Test("the edge speaks what the client chose by ALPN: HTTP/1.1 too")
    func http1() async throws {
        let context = try TLSContext.server(
            identity: authority.identity("assay-gateway"), versions: .edge,
            alpn: [ApplicationProtocol.http2, ApplicationProtocol.http11])
        let server = try await MeshServer(context, http1: .edge)
        let request =
            "POST \(WhoAmI.ask.path) HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n"
            + "Content-Type: application/json\\r\\nContent-Length: 2\\r\\n\\r\\n{}"
        let old = try await connect(server, "-ign_eof -alpn http/1.1", input: "printf '\(request)'")
        #expect(old.contains("ALPN protocol: http/1.1"))
        #expect(old.contains("HTTP/1.1 200 OK"), "\(old)")
        let both = try await connect(server, "-alpn http/1.1,h2")
        #expect(both.contains("ALPN protocol: h2"))
        try await server.stop()
    }

    @Test("TLS 1.1 is refused at the edge, 1.2 in the mesh; 1.3 is taken by both")
    func versions() async throws {
        for (versions, options) in [
            (TLSVersions.edge, ["-tls1", "-tls1_1"]), (.mesh, ["-tls1_1", "-tls1_2"]),
        ] {
            let server = try await server(versions)
            for option in options {
                let output = try await connect(server, "\(option) -cipher 'ALL:@SECLEVEL=0'")
                #expect(output.contains("Cipher is (NONE)"), "\(option)")
            }
            #expect(try await connect(server, "-tls1_3").contains("New, TLSv1.3"))
            try await server.stop()
        }
    }

    @Test("without ALPN, or with none of ours, the answer is the alert no_application_protocol")
    func applicationProtocol() async throws {
        for versions in [TLSVersions.edge, .mesh] {
            let server = try await server(versions)
            for arguments in ["-alpn spdy/3", "-noservername -alpn http/1.0"] {
                #expect(try await connect(server, arguments).contains("alert number 120"))
            }
            let none = try await ChildProcess.run(
                "/bin/sh",
                ["-c", "/usr/bin/openssl s_client -connect \(server.target) </dev/null 2>&1"])
            #expect(none.output.contains("alert number 120"))
            try await server.stop()
        }
    }

    @Test("there is no renegotiation and no compression")
    func renegotiation() async throws {
        let server = try await server(.edge)
        // The client asks when it has the server's first frames, since data that comes under its
        // handshake is an error to it; and the end of its input would end it before it has read the
        // answer. Half a minute is what the slowest of both may take.
        let answer = try directory.path("answer")
        let wait = { (text: String) in
            "for try in $(seq 150); do grep -qsE '\(text)' \(answer) && break; sleep 0.1; done; "
        }
        _ = try await connect(
            server, "-tls1_2 -msg 2>&1 | tee \(answer)",
            input: wait("^ +17 03 03") + "printf 'R\\n'; " + wait("no.renegotiation"))
        let output = String(
            decoding: try Data(contentsOf: URL(filePath: answer)), as: UTF8.self)
        #expect(output.contains(/no.renegotiation/), "\(output)")
        #expect(output.contains("Compression: NONE"))
        try await server.stop()
    }

    @Test("a session is resumed at the edge, and never in the mesh; early data is not offered")
    func resumption() async throws {
        for (versions, resumed) in [(TLSVersions.edge, true), (.mesh, false)] {
            for version in versions == .edge ? ["-tls1_2", "-tls1_3"] : ["-tls1_3"] {
                let server = try await server(versions)
                let session = try directory.path("session\(version)")
                // Read for a moment, so that the tickets of TLS 1.3 arrive.
                let first = try await ChildProcess.run(
                    "/bin/sh",
                    [
                        "-c",
                        "sleep 1 | /usr/bin/openssl s_client -connect \(server.target) -alpn h2 "
                            + "\(version) -sess_out \(session) 2>&1",
                    ])
                #expect(!first.output.contains("Max Early Data: 1"))
                guard FileManager.default.fileExists(atPath: session) else {
                    #expect(!resumed, "\(first.output)")
                    try await server.stop()
                    continue
                }
                let second = try await connect(server, "\(version) -sess_in \(session)")
                #expect(second.contains("Reused, TLS") == resumed, "\(version) \(second)")
                try? FileManager.default.removeItem(atPath: session)
                try await server.stop()
            }
        }
    }

    @Test("handshakes that fail say why, and from where")
    func failures() async throws {
        let server = try await server(.mesh)
        _ = try await connect(server, "-tls1_2")
        _ = try await ChildProcess.run(
            "/bin/sh",
            [
                "-c",
                "printf 'GET / HTTP/1.1\\r\\n\\r\\n' | nc -w 1 127.0.0.1 \(server.port) || true",
            ])
        try await server.stop()
        let first = try #require(server.handshakes.failures.first)
        #expect(first.reasons.contains { $0.contains("protocol") })
        #expect(first.peerAddress?.hasPrefix("127.0.0.1:") == true)
        #expect("\(first)".contains("peer 127.0.0.1:"))
    }
}
