import Foundation
import RPC
import RPCTransport
import TestSupport
import Testing

@testable import GatewayCore

/// 105 requests at once on the default plan, from the clients that everybody has: 100 pass, 5 are
/// refused and told when to come back. The gateway's clock stands still, so nothing is earned.
@Suite("A burst on the default plan", .timeLimit(.minutes(2)))
struct BurstTests {
    private struct Scene {
        let server: RPCServer

        init() async throws {
            let answer = RawReply(
                status: 200, headers: ["content-type": "application/grpc+assay"],
                body: [0, 0, 0, 0, 0], trailers: ["grpc-status": "0"])
            let json = RawReply(
                status: 200, headers: ["content-type": "application/json"], body: Array("{}".utf8))
            let upstream = FakeUpstream { request in
                request.headers["content-type"] == "application/json" ? json : answer
            }
            let text = Fixtures.yaml.replacing("localhost]", with: "localhost, 127.0.0.1]")
            let snapshot = try Fixtures.loader(["/etc/gateway.yaml": text])
                .load("/etc/gateway.yaml")
            let start = Instant(nanoseconds: UInt64(Replica.now))
            let handler = GatewayHandler(
                serving: ServingSlot(ServingState(snapshot: snapshot, upstreams: [upstream])),
                limits: GatewayLimits(capacity: 64, seed: 1),
                clock: GatewayClock(now: { start }, unixMilliseconds: { 2_000_000 }), log: nil,
                counters: GatewayCounters(), seed: 7)
            var listener = RPCListener.plaintext(port: 0)
            listener.http1 = .edge
            server = RPCServer(listeners: [listener], handler: handler, profile: .edge)
            try await server.start()
        }
    }

    // Over HTTP/1.1: curl 7.88 cannot use an unencrypted connection of HTTP/2 twice.
    @Test("over JSON, by curl")
    func curl() async throws {
        let scene = try await Scene()
        let folder = try TemporaryDirectory()
        let file = try folder.path("burst.txt")
        let url = "http://127.0.0.1:\(scene.server.port)\(Fixtures.read.path)"
        let requests = (0..<105).map { _ in "url = \"\(url)\"\noutput = /dev/null\n" }.joined()
        try requests.write(toFile: file, atomically: true, encoding: .utf8)
        let result = try await ChildProcess.run(
            "/usr/bin/curl",
            [
                "--silent", "--show-error", "--max-time", "60", "--request", "POST", "--header",
                "content-type: application/json", "--header",
                "x-api-key: \(Fixtures.key(1).text)", "--data-binary", "{}", "--write-out",
                "%{http_code} %header{ratelimit-policy} %header{ratelimit} retry %header{retry-after}\n",
                "--config", file, "--http1.1", "--parallel", "--parallel-max", "20",
            ])
        #expect(result.end == .exit(0), "\(result.errors)")
        let lines = result.output.split(separator: "\n")
        #expect(lines.count { $0.hasPrefix("200 ") } == 100)
        let refused = lines.filter { $0.hasPrefix("429 ") }
        #expect(refused.count == 5 && lines.count == 105)
        for line in refused {
            #expect(line == "429 \"client\";q=100;w=60 \"client\";r=0;t=60 retry 1")
        }
        #expect(lines.allSatisfy { $0.contains("\"client\";q=100;w=60 \"client\";r=") })
        await scene.server.shutdown(grace: .zero)
    }

    private struct Line: Decodable {
        let code: String
        let reason: String?
        let retryDelay: Double?
        let policy: String?
        let state: String?

        enum CodingKeys: String, CodingKey {
            case code, reason
            case retryDelay = "retry_delay"
            case policy = "ratelimit-policy"
            case state = "ratelimit"
        }
    }

    private static var python: String? {
        let path = "\(PackageLayout.root)/.venv/bin/python"
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }

    @Test("over gRPC, by Python", .enabled(if: python != nil))
    func grpcio() async throws {
        let scene = try await Scene()
        let result = try await ChildProcess.run(
            try #require(Self.python),
            [
                "\(PackageLayout.root)/Tests/GatewayCoreTests/Limits/burst.py",
                "127.0.0.1:\(scene.server.port)", Fixtures.read.path, Fixtures.key(1).text, "105",
            ])
        #expect(result.end == .exit(0), "\(result.errors)")
        let lines = try result.output.split(separator: "\n").map {
            try JSONDecoder().decode(Line.self, from: Data($0.utf8))
        }
        #expect(lines.count { $0.code == "OK" } == 100)
        let refused = lines.filter { $0.code == "RESOURCE_EXHAUSTED" }
        #expect(refused.count == 5)
        for line in refused {
            #expect(line.reason == "RATE_LIMITED" && line.retryDelay == 0.6)
            #expect(line.policy == "\"client\";q=100;w=60")
            #expect(line.state == "\"client\";r=0;t=60")
        }
        await scene.server.shutdown(grace: .zero)
    }
}
