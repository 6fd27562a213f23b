import AssayMessages
import Foundation
import RPC
import RPCTransport
import ServiceRuntime
import TestSupport
import Testing

/// All of a retry policy but its codes.
private let retry = """
    "maxAttempts": 2, "initialBackoff": "1s", "maxBackoff": "1s", "backoffMultiplier": 2
    """

@Suite("Service config")
struct ServiceConfigTests {
    static let whole = """
        {
        \t"loadBalancingConfig": [{ "grpclb": {} }, { "ring_hash": { "spill": "never" } }],
          "methodConfig": [
            { "name": [{}], "timeout": "2s" },
            { "name": [{ "service": "grpc.health.v1.Health" }], "waitForReady": true,
              "hedgingPolicy": { "maxAttempts": 9, "hedgingDelay": "0.005s",
                                 "nonFatalStatusCodes": ["unavailable", 13] } },
            { "name": [{ "service": "grpc.health.v1.Health", "method": "Check" }],
              "timeout": "0.250000001s",
              "retryPolicy": { "maxAttempts": 4, "initialBackoff": "0.1s", "maxBackoff": "1s",
                               "backoffMultiplier": 1.5,
                               "retryableStatusCodes": ["UNAVAILABLE", "ABORTED"] } }
          ],
          "retryThrottling": { "maxTokens": 10, "tokenRatio": 0.5 },
          "healthCheckConfig": { "serviceName": "bench.v1.Echo" }
        }
        """

    private static func read(_ text: String) throws -> ServiceConfig {
        let directory = try TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let path = try directory.path("config.json")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return try ServiceConfigFile(path: path, methods: PolicyTable.all).slot.config
    }

    @Test("every part of gRPC's JSON is read, and the nearest name counts")
    func reads() throws {
        let config = try Self.read(Self.whole)
        #expect(config.balancing == .ringHash(spill: .never))
        #expect(config.throttling == RetryThrottling(maximumTokens: 10, tokenRatio: 0.5))
        #expect(config.healthCheckService == "bench.v1.Echo")
        let check = try #require(config.settings(for: "/grpc.health.v1.Health/Check"))
        #expect(check.timeout == .nanoseconds(250_000_001))
        #expect(
            check.retry
                == RetryPolicy(
                    maximumAttempts: 4, codes: [.unavailable, .aborted],
                    initialBackoff: .milliseconds(100), maximumBackoff: .seconds(1),
                    backoffMultiplier: 1.5))
        let list = try #require(config.settings(for: "/grpc.health.v1.Health/List"))
        #expect(list.waitsForReady)
        #expect(
            list.hedging
                == HedgingPolicy(
                    maximumAttempts: 5, delay: .milliseconds(5), codes: [.unavailable, .internal]))
        #expect(config.settings(for: "/bench.v1.Echo/Say")?.timeout == .seconds(2))
        #expect(try Self.read("{}") == ServiceConfig())
    }

    @Test("backoffs grow by the multiplier, up to the longest")
    func backoff() {
        let policy = RetryPolicy(
            initialBackoff: .milliseconds(100), maximumBackoff: .milliseconds(300),
            backoffMultiplier: 2)
        let pauses = (0...3).map { policy.backoff(after: $0) }
        #expect(pauses == [100, 200, 300, 300].map { Duration.milliseconds($0) })
    }

    @Test(
        "what gRFC A6 forbids is refused with its place",
        arguments: [
            ("{", "config.json:"), ("[]", "expected a mapping"),
            ("{\"methodConfigs\": []}", "unknown key 'methodConfigs'"),
            ("{\"methodConfig\": [{}]}", "key 'name' is missing"),
            ("{\"methodConfig\": [{\"name\": [{\"method\": \"M\"}]}]}", "needs the service"),
            ("{\"methodConfig\": [{\"name\": [{}]}, {\"name\": [{}]}]}", "stands in two entries"),
            ("{\"methodConfig\": [{\"name\": [{}], \"timeout\": \"0s\"}]}", "above zero"),
            ("{\"methodConfig\": [{\"name\": [{}],\n \"timeout\": \"1 s\"}]}", ":2:"),
            ("{\"methodConfig\": [{\"name\": [{}], \"timeout\": \"1.0000000001s\"}]}", "seconds"),
            ("{\"methodConfig\": [{\"name\": [{}], \"timeout\": 5}]}", "seconds"),
            (
                "{\"methodConfig\": [{\"name\": [{\"service\": \"no.Such\"}]}]}",
                "no schema has no.Such"
            ),
            (
                "{\"methodConfig\": [{\"name\": [{}], \"retryPolicy\": {\(retry)}}]}",
                "'retryableStatusCodes' is missing"
            ),
            (
                """
                {"methodConfig": [{"name": [{}],
                  "retryPolicy": {\(retry), "retryableStatusCodes": []}}]}
                """, "at least one code"
            ),
            (
                """
                {"methodConfig": [{"name": [{}],
                  "retryPolicy": {\(retry), "retryableStatusCodes": ["SOMETIMES"]}}]}
                """, "/methodConfig/0/retryPolicy/retryableStatusCodes/0"
            ),
            (
                """
                {"methodConfig": [{"name": [{}],
                  "retryPolicy": {"maxAttempts": 1, "initialBackoff": "1s", "maxBackoff": "1s",
                    "backoffMultiplier": 2, "retryableStatusCodes": [14]}}]}
                """, "at least 2 attempts"
            ),
            (
                """
                {"methodConfig": [{"name": [{}], "hedgingPolicy": {"maxAttempts": 2},
                  "retryPolicy": {\(retry), "retryableStatusCodes": [14]}}]}
                """, "exclude each other"
            ),
            (
                """
                {"methodConfig": [{"name": [{"service": "bench.v1.Streaming", "method": "Collect"}],
                  "hedgingPolicy": {"maxAttempts": 2}}]}
                """, "may not be repeated"
            ),
            ("{\"retryThrottling\": {\"maxTokens\": 0, \"tokenRatio\": 1}}", "1 to 1000"),
            ("{\"retryThrottling\": {\"maxTokens\": 1, \"tokenRatio\": 0}}", "ratio"),
            ("{\"loadBalancingConfig\": [{\"best\": {}}]}", "one of p2c"),
            ("{\"loadBalancingConfig\": []}", "one of p2c"),
        ])
    func refuses(text: String, expected: String) {
        let error = #expect(throws: ConfigurationError.self) { try Self.read(text) }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }

    @Test("cut or changed files are refused or read, and never trap")
    func hostile() {
        let bytes = Array(Self.whole.utf8)
        for end in stride(from: 0, to: bytes.count, by: 7) {
            _ = try? Self.read(String(decoding: bytes[..<end], as: UTF8.self))
            var changed = bytes
            changed[end] = changed[end] &* 31 &+ 7
            _ = try? Self.read(String(decoding: changed, as: UTF8.self))
        }
    }

    @Test("a changed file is in force; a wrong one is refused, said once, and the old one stays")
    func reload() async throws {
        let directory = try TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let path = try directory.path("config.json")
        func write(_ text: String) throws {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        try write("{}")
        let file = try ServiceConfigFile(path: path, methods: PolicyTable.all)
        #expect(await file.check() == .unchanged)
        try write("{\"methodConfig\": [{\"name\": [{}], \"timeout\": \"3s\"}]}")
        #expect(await file.check() == .loaded)
        #expect(file.slot.config.settings(for: "/a.B/C")?.timeout == .seconds(3))
        for wrong in ["{\"nothing\": 1}", "{\"loadBalancingConfig\": [{\"p2c\": {}}]}", "\u{0}"] {
            try write(wrong)
            guard case .refused = await file.check() else {
                Issue.record("\(wrong) was not refused")
                return
            }
            #expect(await file.check() == .unchanged)
            #expect(file.slot.config.methods.count == 1)
        }
        try FileManager.default.removeItem(atPath: path)
        guard case .refused = await file.check() else {
            Issue.record("a file that is gone was not refused")
            return
        }
        #expect(file.slot.config.methods.count == 1)
        try write("{}")
        #expect(await file.check() == .loaded)
        #expect(file.slot.config == ServiceConfig())
    }

    @Test("what a gateway forwards goes by it too")
    func forwarded() async throws {
        try await Link.with { link in
            let name = MethodConfig.Name(service: "bench.v1.Echo", method: "Say")
            let slot = ServiceConfigSlot(
                ServiceConfig(methods: [MethodConfig(names: [name], timeout: .nanoseconds(1))]))
            let client = try #require(
                link.transport.client(serviceConfig: slot) as? any RawUpstream)
            var request = RawRequest(
                target: "/bench.v1.Echo/Say", headers: ["content-type": "application/json"],
                body: Array("{}".utf8))
            let error = await #expect(throws: RPCError.self) {
                try await client.forward(request, deadline: .none)
            }
            #expect(error?.code == .deadlineExceeded)
            request.target += "?a=b"
            await #expect(throws: RPCError.self) {
                try await client.forward(request, deadline: .none)
            }
            slot.update(ServiceConfig())
            request.target = "/bench.v1.Echo/Say"
            #expect(try await client.forward(request, deadline: .none).status == 200)
        }
    }

    @Test("a client goes by it from the next call on")
    func client() async throws {
        try await Link.with { link in
            let slot = ServiceConfigSlot(
                ServiceConfig(methods: [
                    MethodConfig(
                        names: [.init(service: "bench.v1.Echo")], timeout: .nanoseconds(1))
                ]))
            let client = link.transport.client(serviceConfig: slot)
            let echo = BenchV1.Echo.Client(client)
            let error = await #expect(throws: RPCError.self) {
                try await echo.say(BenchV1.EchoMessage(payload: [1]))
            }
            #expect(error?.code == .deadlineExceeded)
            slot.update(ServiceConfig(throttling: RetryThrottling(maximumTokens: 4)))
            _ = try await echo.say(BenchV1.EchoMessage(payload: [1]))
        }
    }

    @Test("a child's deadline leaves a tenth, or a round trip and a millisecond if that is less")
    func margin() {
        let now = Instant(nanoseconds: 1_000_000_000)
        let parent = Deadline(now + .milliseconds(100))
        #expect(
            parent.child(at: now, roundTrip: .milliseconds(2)).remaining(at: now)
                == .milliseconds(97))
        #expect(
            parent.child(at: now, roundTrip: .seconds(1)).remaining(at: now) == .milliseconds(90))
        #expect(parent.child(at: now).remaining(at: now) == .milliseconds(95))
        #expect(Deadline.none.child(at: now, roundTrip: .seconds(1)) == .none)
        #expect(parent.child(at: now + .seconds(1)).hasPassed(at: now + .seconds(1)))
    }

    @Test("a handler sees what is left of its time")
    func remaining() async throws {
        struct Telling: BenchV1.Echo.Service {
            func say(
                _ request: BenchV1.EchoMessage, context: ServerContext
            ) async throws -> BenchV1.EchoMessage {
                let left = try #require(context.remaining)
                #expect(left > .zero && left < .seconds(3))
                return request
            }
        }
        let link = InProcessTransport(.direct)
        let server = RPCServer(listeners: [.inProcess(link)], services: [Telling()])
        try await server.start()
        _ = try await BenchV1.Echo.Client(link.client()).say(
            BenchV1.EchoMessage(payload: [1]), options: CallOptions(deadline: .after(.seconds(3))))
        await server.shutdown(grace: .milliseconds(200))
    }
}
