import Foundation
import GatewayCore
import Synchronization
import TLS
import TestSupport
import Testing

/// Gateways as they are run, with one real Redis between them.
@Suite(
    "Gateways with one store", .enabled(if: RedisServer.executable != nil), .serialized,
    .timeLimit(.minutes(5)))
struct SharedStoreTests {
    private static let replicas = "assay_gateway_replicas"
    private static let byStore =
        "assay_gateway_limit_total{rule=\"client\",result=\"admitted\",source=\"store\"}"
    private static let byShare =
        "assay_gateway_limit_total{rule=\"client\",result=\"admitted\",source=\"share\"}"

    private func statuses(_ gateway: GatewayUnderTest, calls count: Int) async throws
        -> [String: Int]
    {
        let client = try gateway.client()
        let calls = (0..<count).map { _ in
            Task { await SteadyCallers.call(client, key: GatewayFiles.key(1)) }
        }
        var statuses: [String: Int] = [:]
        for call in calls { statuses[await call.value, default: 0] += 1 }
        await client.close()
        return statuses
    }

    /// How many calls have ended.
    private final class Ended: Sendable {
        let count = Atomic(0)
    }

    /// What becomes of 50 calls at once while the service answers none of those that reach it.
    private func held(
        _ gateway: GatewayUnderTest, _ service: StandIn, places: Int
    ) async throws -> [String: Int] {
        service.hold(true)
        let client = try gateway.client()
        let ended = Ended()
        let calls = (0..<50).map { _ in
            Task {
                let status = await SteadyCallers.call(client, key: GatewayFiles.key(1))
                ended.count.add(1, ordering: .relaxed)
                return status
            }
        }
        let end = ContinuousClock.now + .seconds(20)
        while ended.count.load(ordering: .relaxed) < 50 - places, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(5))
        }
        try await gateway.wait(for: "assay_gateway_in_flight") { $0 == Double(places) }
        service.hold(false)
        var statuses: [String: Int] = [:]
        for call in calls { statuses[await call.value, default: 0] += 1 }
        await client.close()
        return statuses
    }

    @Test("what a client may have in flight is divided by the gateways that live")
    func concurrency() async throws {
        let redis = try await RedisServer.start()
        let server = try await StandInServer()
        var files = GatewayFiles(upstreamPort: server.port, concurrency: 40)
        files.further = """
            store: { url: "redis://127.0.0.1:\(redis.port)", budget: 10ms }
            replicas: 1
            """
        let all = files.all([GatewayFiles.entry(1)])
        let (first, second) = (try await GatewayUnderTest(all), try await GatewayUnderTest(all))
        for gateway in [first, second] {
            try await gateway.wait(for: Self.replicas) { $0 == 2 }
            let statuses = try await held(gateway, server.service, places: 20)
            #expect(statuses == ["0": 20, "8 CONCURRENCY": 30], "\(statuses)")
        }
        await second.stop()
        try await first.wait(for: Self.replicas) { $0 == 1 }
        let alone = try await held(first, server.service, places: 40)
        #expect(alone == ["0": 40, "8 CONCURRENCY": 10], "\(alone)")
        await first.stop()
        await server.stop()
        await redis.kill()
    }

    // MARK: rediss://

    /// A Redis that takes nothing but TLS, and asks for a password.
    private struct Encrypted {
        let redis: RedisServer
        let port: Int
        let authority: DevelopmentCertificateAuthority
        let folder: TemporaryDirectory

        init() async throws {
            folder = try TemporaryDirectory()
            let authority = try DevelopmentCertificateAuthority()
            self.authority = authority
            let (certificate, key) = ("\(folder.path)/redis.pem", "\(folder.path)/redis.key")
            try authority.issue(
                LeafCertificateRequest(commonName: "redis", ipAddresses: ["127.0.0.1"])
            ).write(certificateFile: certificate, keyFile: key)
            try authority.trust.write(file: "\(folder.path)/ca.pem")
            let port = try FreePort.find()
            self.port = port
            let trust = "\(folder.path)/ca.pem"
            redis = try await RedisServer.start(password: "a secret word") { options in
                options.arguments = [
                    "--tls-port", "\(port)", "--tls-cert-file", certificate, "--tls-key-file",
                    key, "--tls-ca-cert-file", trust, "--tls-auth-clients", "no",
                ]
            }
        }

        /// The files of a gateway that counts there.
        func files(
            upstream: Int, password: String = "a secret word",
            trust: DevelopmentCertificateAuthority? = nil
        ) throws -> [String: String] {
            var files = GatewayFiles(upstreamPort: upstream, limit: 20)
            (files.period, files.burst) = ("600s", 20)
            files.further = """
                store:
                  url: "rediss://127.0.0.1:\(port)"
                  budget: 10ms
                  password_file: redis-password
                  ca: redis-ca.pem
                replicas: 2
                """
            var all = files.all([GatewayFiles.entry(1)])
            all["redis-password"] = password + "\n"
            let file = "\(folder.path)/trust.pem"
            try (trust ?? authority).trust.write(file: file)
            all["redis-ca.pem"] = try String(contentsOfFile: file, encoding: .utf8)
            return all
        }
    }

    @Test("rediss:// with a password: two gateways count together behind TLS")
    func encrypted() async throws {
        let store = try await Encrypted()
        let service = try await StandInServer()
        let files = try store.files(upstream: service.port)
        let gateways = [try await GatewayUnderTest(files), try await GatewayUnderTest(files)]
        for gateway in gateways { try await gateway.wait(for: Self.replicas) { $0 == 2 } }
        var (admitted, refused) = (0, 0)
        for number in 0..<40 {
            let statuses = try await statuses(gateways[number % 2], calls: 1)
            admitted += statuses["0"] ?? 0
            refused += statuses["8 RATE_LIMITED"] ?? 0
        }
        #expect(admitted + refused == 40)
        var (stored, shared) = (0, 0)
        for gateway in gateways {
            stored += Int(try await gateway.metric(Self.byStore))
            shared += Int(try await gateway.metric(Self.byShare))
        }
        // A busy machine may answer late now and then; what the share let in is told apart.
        #expect(stored > 0 && admitted == stored + shared && stored <= 20)
        #expect(admitted >= 20, "\(stored) by the store, \(shared) by shares")
        for gateway in gateways { await gateway.stop() }
        await service.stop()
        await store.redis.kill()
    }

    @Test(
        "a wrong password, and a certificate that nobody vouches for: the share holds, ready all the same"
    )
    func refused() async throws {
        let store = try await Encrypted()
        let service = try await StandInServer()
        let stranger = try DevelopmentCertificateAuthority()
        for files in [
            try store.files(upstream: service.port, password: "wrong"),
            try store.files(upstream: service.port, trust: stranger),
        ] {
            let gateway = try await GatewayUnderTest(files)
            var statuses: [String: Int] = [:]
            for _ in 0..<30 {
                statuses.merge(try await self.statuses(gateway, calls: 1), uniquingKeysWith: +)
            }
            // Half of the burst, since two replicas are written down.
            #expect(statuses == ["0": 10, "8 RATE_LIMITED": 20], "\(statuses)")
            #expect(try await gateway.metric(Self.byStore) == 0)
            let ready = try await gateway.page("/readyz")
            #expect(!ready.contains("false"), "\(ready)")
            #expect(!gateway.process.standardError.contains("secret word"))
            await gateway.stop()
        }
        await service.stop()
        await store.redis.kill()
    }
}
