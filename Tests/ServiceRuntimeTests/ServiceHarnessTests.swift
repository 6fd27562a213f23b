import ArgumentParser
import Foundation
import NIOCore
import NIOPosix
import RPC
import ServiceRuntime
import Synchronization
import TLS
import TestSupport
import Testing

@Suite("A service's life")
struct ServiceHarnessTests {
    /// A service that runs until it is shut down.
    final class FakeService: Sendable {
        private let stream: AsyncStream<Void>
        private let continuation: AsyncStream<Void>.Continuation
        let timesSeen = Mutex<DrainTimes?>(nil)
        let hurries = Mutex(0)

        init() {
            (stream, continuation) = AsyncStream.makeStream()
        }

        var running: RunningService {
            RunningService(
                port: 4711,
                run: { for await _ in self.stream {} },
                shutdown: { times in
                    self.timesSeen.withLock { $0 = times }
                    if times.grace < .seconds(60) { self.continuation.finish() }
                },
                hurry: {
                    self.hurries.withLock { $0 += 1 }
                    self.continuation.finish()
                })
        }

        func end() { continuation.finish() }
    }

    /// Collects what the harness prints, and hands out the first line.
    final class Output: Sendable {
        private let (stream, continuation) = AsyncStream<String>.makeStream()
        var output: LogOutput {
            LogOutput { self.continuation.yield(String(decoding: $0, as: UTF8.self)) }
        }
        func line() async -> String { await stream.first { _ in true } ?? "" }
    }

    private func harness(_ arguments: [String] = []) throws -> ServiceHarness {
        let options = try ServiceOptions.parse(
            ["--insecure", "--endpoint-delay", "2", "--grace", "3", "--log-level", "critical"]
                + arguments)
        return ServiceHarness(name: "test", options: options, loops: 1)
    }

    private func get(_ path: String, port: Int) async throws -> (status: Int, body: String) {
        let result = try await ChildProcess.run(
            "/usr/bin/curl",
            ["-s", "-m", "10", "-w", "\n%{http_code}", "http://127.0.0.1:\(port)\(path)"])
        let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
        return (Int(lines.last ?? "") ?? 0, lines.dropLast().joined(separator: "\n"))
    }

    @Test("it says that it is ready, answers on the admin port, and ends after a signal")
    func life() async throws {
        let (signals, send) = AsyncStream<Int32>.makeStream()
        let output = Output()
        let service = FakeService()
        let harness = try harness()
        async let ended: Void = harness.run(
            signals: signals, output: output.output
        ) { environment in
            environment.pages.add("/debug/x") { _ in .json("{}") }
            environment.metrics.counter("assay_x_total", help: "X.").increment()
            environment.health.component("store").markReady()
            return service.running
        }
        let words = await output.line().split { " =\n".contains($0) }
        #expect(words.prefix(4) == ["ready", "test", "rpc", "4711"])
        let port = try #require(words.last.flatMap { Int($0) })
        #expect(try await get("/livez", port: port) == (200, "alive\n"))
        #expect(try await get("/readyz", port: port) == (200, "ready\n"))
        #expect(try await get("/metrics", port: port).body.contains("assay_x_total 1"))
        #expect(try await get("/debug/x?y=1", port: port) == (200, "{}"))
        #expect(try await get("/nothing", port: port).status == 404)
        send.yield(SIGTERM)
        try await ended
        #expect(
            service.timesSeen.withLock { $0 }
                == DrainTimes(endpointDelay: .seconds(2), grace: .seconds(3)))
        #expect(service.hurries.withLock { $0 } == 0)
    }

    @Test("a second signal waits for nobody any more")
    func secondSignal() async throws {
        let (signals, send) = AsyncStream<Int32>.makeStream()
        let output = Output()
        let service = FakeService()
        let harness = try harness(["--grace", "600"])
        async let ended: Void = harness.run(signals: signals, output: output.output) { _ in
            service.running
        }
        _ = await output.line()
        send.yield(SIGTERM)
        send.yield(SIGTERM)
        try await ended
        #expect(service.hurries.withLock { $0 } == 1)
    }

    @Test("it ends when the service ends by itself")
    func ownEnd() async throws {
        let (signals, _) = AsyncStream<Int32>.makeStream()
        let service = FakeService()
        service.end()
        try await harness().run(signals: signals, output: Output().output) { _ in service.running }
    }

    @Test("an error of the service is the process's error")
    func failure() async throws {
        struct Broken: Error {}
        let (signals, _) = AsyncStream<Int32>.makeStream()
        await #expect(throws: Broken.self) {
            try await harness().run(signals: signals, output: Output().output) { _ in
                RunningService(port: 1, run: { throw Broken() }, shutdown: { _ in })
            }
        }
    }

    @Test("readiness lists what is missing, and ends with draining")
    func readiness() {
        let health = Health()
        #expect(health.isReady)
        let store = health.component("store")
        #expect(health.unready == ["store": "starting"])
        store.markReady()
        #expect(health.isReady)
        store.markUnready("disk full")
        #expect(health.unready == ["store": "disk full"])
        store.markReady()
        health.startDraining()
        #expect(health.unready == ["process": "draining"])
    }

    @Test("the admin port refuses writes and survives garbage")
    func hostileAdmin() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let server = try await AdminServer.start(
            on: ListenAddress(host: "127.0.0.1", port: 0), health: Health(),
            metrics: MetricsRegistry(), group: group)
        let url = "http://127.0.0.1:\(server.port)/livez"
        let post = try await ChildProcess.run(
            "/usr/bin/curl", ["-s", "-m", "10", "-i", "-d", "x=1", url])
        #expect(post.output.hasPrefix("HTTP/1.1 405"))
        for garbage in [
            "\u{0}\u{1}\r\n\r\n", "GET  / HTTP/9.9\r\n\r\n", "GET /livez HTTP/1.1\r\nA",
        ] {
            let channel = try await ClientBootstrap(group: group)
                .connect(host: "127.0.0.1", port: server.port).get()
            try? await channel.writeAndFlush(ByteBuffer(string: garbage)).get()
            // The server may have closed first.
            try? await channel.close().get()
        }
        let head = try await ChildProcess.run("/usr/bin/curl", ["-s", "-m", "10", "-I", url])
        #expect(head.output.hasPrefix("HTTP/1.1 200") && !head.output.contains("alive"))
        await server.close()
        try await group.shutdownGracefully()
    }

    @Test(
        "addresses",
        arguments: [
            ("127.0.0.1:7003", "127.0.0.1:7003"), ("[::1]:0", "[::1]:0"),
            ("assay-risk:7002", "assay-risk:7002"), ("7003", nil), (":7003", nil), ("a:65536", nil),
            ("a:-1", nil), ("::1:80", nil), ("a:", nil),
        ])
    func addresses(text: String, expected: String?) {
        #expect(ListenAddress(text)?.description == expected)
    }

    @Test("plaintext stays on loopback, and TLS needs all three files")
    func options() throws {
        #expect(throws: (any Error).self) {
            try ServiceOptions.parse(["--insecure", "--listen", "0.0.0.0:7003"])
        }
        #expect(throws: (any Error).self) { try ServiceOptions.parse([]) }
        let files = ["--tls-certificate", "a", "--tls-key", "b", "--tls-trust", "c"]
        #expect(throws: (any Error).self) { try ServiceOptions.parse(Array(files.dropLast(2))) }
        let options = try ServiceOptions.parse(files)
        #expect(
            options.certificateFiles
                == CertificateStore.Files(certificate: "a", key: "b", trust: "c"))
        let everywhere = try ServiceOptions.parse(
            ["--insecure-everywhere", "--listen", "0.0.0.0:7003"])
        #expect(everywhere.isInsecure && everywhere.certificateFiles == nil)
    }

    @Test("the certificates of a service are followed by its contexts, metrics and readiness")
    func certificates() async throws {
        let directory = try TemporaryDirectory()
        let authority = try DevelopmentCertificateAuthority()
        let files = CertificateStore.Files(
            certificate: try directory.path("a.pem"), key: try directory.path("a.key"),
            trust: try directory.path("ca.pem"))
        let request = LeafCertificateRequest(commonName: "a", spiffeID: .service("assay-a"))
        try authority.issue(request).write(certificateFile: files.certificate, keyFile: files.key)
        let arguments = [
            "--tls-certificate", files.certificate, "--tls-key", files.key, "--tls-trust",
            files.trust ?? "", "--log-level", "critical",
        ]
        let (signals, send) = AsyncStream<Int32>.makeStream()
        let (hangups, hangUp) = AsyncStream<Void>.makeStream()
        let options = try ServiceOptions.parse(arguments)
        let harness = ServiceHarness(name: "test", options: options, loops: 1)
        let error = await #expect(throws: TLSError.self) {
            try await harness.run(signals: signals, output: Output().output) { _ in
                FakeService().running
            }
        }
        #expect(error?.message.contains("ca.pem") == true)
        try authority.trust.write(file: files.trust ?? "")

        let service = FakeService()
        let output = Output()
        let stores = Mutex<CertificateStore?>(nil)
        async let ended: Void = harness.run(
            signals: signals, hangups: hangups, output: output.output
        ) { environment in
            stores.withLock { $0 = environment.certificates }
            environment.handshakes.handshakeEnded(.failure(TLSError(.handshake, "none")))
            return service.running
        }
        let words = await output.line().split { " =\n".contains($0) }
        let port = try #require(words.last.flatMap { Int($0) })
        let store = try #require(stores.withLock { $0 })
        try Data("nonsense".utf8).write(to: URL(filePath: files.certificate))
        hangUp.yield()
        while store.status.refusals == 0 { await Task.yield() }
        let text = try await get("/metrics", port: port).body
        #expect(text.contains("assay_tls_certificate_expiry_seconds{certificate=\"mesh\"} 25"))
        #expect(text.contains("assay_tls_certificate_refusals_total{certificate=\"mesh\"} 1"))
        #expect(text.contains("assay_tls_certificate_stale{certificate=\"mesh\"} 1"))
        #expect(text.contains("assay_tls_handshakes_total{result=\"handshake\",version=\"\"} 1"))
        try authority.issue(request).write(certificateFile: files.certificate, keyFile: files.key)
        hangUp.yield()
        while store.status.loads == 1 { await Task.yield() }
        #expect(!store.status.isStale)
        send.yield(SIGTERM)
        try await ended
    }
}
