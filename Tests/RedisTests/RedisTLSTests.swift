import NIOCore
import NIOPosix
import Redis
import TLS
import TestSupport
import Testing

/// A real server behind TLS, which asks its clients for a certificate.
@Suite(
    "A server behind TLS", .enabled(if: RedisServer.executable != nil), .timeLimit(.minutes(2)))
struct RedisTLSTests {
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    private struct Encrypted {
        let server: RedisServer
        let port: Int
        let authority: DevelopmentCertificateAuthority
        let directory: TemporaryDirectory
    }

    private func start() async throws -> Encrypted {
        let directory = try TemporaryDirectory()
        let authority = try DevelopmentCertificateAuthority()
        let identity = try authority.issue(
            LeafCertificateRequest(commonName: "redis", ipAddresses: ["127.0.0.1"]))
        let (certificate, key, trust) = (
            "\(directory.path)/redis.pem", "\(directory.path)/redis.key", "\(directory.path)/ca.pem"
        )
        try identity.write(certificateFile: certificate, keyFile: key)
        try authority.trust.write(file: trust)
        let port = try FreePort.find()
        let server = try await RedisServer.start(password: "secret") { options in
            options.arguments = [
                "--tls-port", "\(port)", "--tls-cert-file", certificate, "--tls-key-file", key,
                "--tls-ca-cert-file", trust, "--tls-auth-clients", "yes",
            ]
        }
        return Encrypted(
            server: server, port: port, authority: authority, directory: directory)
    }

    private func connect(
        _ url: String, trust: TLSTrust, identity: TLSIdentity? = nil
    ) async throws -> RedisConnection {
        let url = try RedisURL(url)
        let context = try TLSContext.client(
            trust: trust, identity: identity, serverName: url.host, versions: .edge, alpn: [])
        return try await RedisConnection.connect(
            url.configuration(tls: context), on: Self.group.next())
    }

    private func client(_ authority: DevelopmentCertificateAuthority) throws -> TLSIdentity {
        try authority.issue(LeafCertificateRequest(commonName: "assay-features"))
    }

    @Test("answers like any other, large replies too")
    func answers() async throws {
        let redis = try await start()
        let connection = try await connect(
            "rediss://:secret@127.0.0.1:\(redis.port)", trust: redis.authority.trust,
            identity: client(redis.authority))
        let value = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
        let replies = try await connection.send([
            RedisCommand("SET", key: Array("k".utf8), value),
            RedisCommand("GET", key: Array("k".utf8)),
        ])
        #expect(replies == [.status("OK"), .bytes(value)])
        await connection.close()
        await redis.server.kill()
    }

    @Test("is refused if another authority vouches for it")
    func stranger() async throws {
        let redis = try await start()
        let other = try DevelopmentCertificateAuthority(name: "another")
        let error = await #expect(throws: RedisError.self) {
            _ = try await connect(
                "rediss://:secret@127.0.0.1:\(redis.port)", trust: other.trust,
                identity: client(redis.authority))
        }
        #expect(error.map { "\($0)".contains("certificate") } == true)
        await redis.server.kill()
    }

    @Test("refuses a client that shows no certificate, and one that speaks in the clear")
    func refuses() async throws {
        let redis = try await start()
        await #expect(throws: RedisError.self) {
            _ = try await connect(
                "rediss://:secret@127.0.0.1:\(redis.port)", trust: redis.authority.trust)
        }
        await #expect(throws: RedisError.self) {
            let url = try RedisURL("redis://:secret@127.0.0.1:\(redis.port)")
            _ = try await RedisConnection.connect(url.configuration(), on: Self.group.next())
        }
        await redis.server.kill()
    }
}
