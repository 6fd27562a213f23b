import AssayMessages
import RPC
import RPCServices
import RPCTransport
import Synchronization
import Testing
import Wire

/// Says which server answered.
private struct Named: BenchV1.Echo.Service {
    let name: UInt8
    func say(
        _ request: BenchV1.EchoMessage, context: ServerContext
    ) async throws -> BenchV1.EchoMessage { BenchV1.EchoMessage(payload: [name]) }
}

@Suite("Client-side health watch")
struct HealthWatchTests {
    /// Servers that say of themselves what their readiness says, and a client that listens.
    private static func with(
        _ count: Int, hasHealth: Bool = true,
        _ body: (BenchV1.Echo.Client, [Readiness]) async throws -> Void
    ) async throws {
        var servers: [RPCServer] = []
        var readiness: [Readiness] = []
        for index in 0..<count {
            let state = Readiness()
            let service = Named(name: UInt8(index))
            let server = RPCServer(
                listeners: [.plaintext(port: 0)],
                services: hasHealth
                    ? StandardServices.added(to: [service], readiness: state) : [service])
            try await server.start()
            servers.append(server)
            readiness.append(state)
        }
        let target = "static:///" + servers.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
        let client = try RPCClient(
            target, profile: .mesh,
            policy: ClientPolicy(balancing: .roundRobin, healthService: ""))
        await client.warmUp()
        do {
            try await body(BenchV1.Echo.Client(client), readiness)
        } catch {
            Issue.record(error)
        }
        await client.close()
        for server in servers { await server.shutdown(grace: .milliseconds(300)) }
    }

    /// Calls until the set of servers that answer is `expected`, thirty times in a row.
    private static func settle(
        _ echo: BenchV1.Echo.Client, on expected: Set<UInt8>
    ) async throws -> Bool {
        for _ in 0..<2_000 {
            var seen: Set<UInt8> = []
            for _ in 0..<30 {
                seen.formUnion(try await echo.say(BenchV1.EchoMessage(payload: [9])).payload)
            }
            if seen == expected { return true }
        }
        return false
    }

    @Test("calls leave a server that says NOT_SERVING, without one failing, and come back")
    func leave() async throws {
        try await Self.with(3) { echo, readiness in
            let begun = try await Self.settle(echo, on: [0, 1, 2])
            #expect(begun)
            readiness[1].setProcess(isServing: false)
            let left = try await Self.settle(echo, on: [0, 2])
            #expect(left)
            readiness[1].setProcess(isServing: true)
            let back = try await Self.settle(echo, on: [0, 1, 2])
            #expect(back)
        }
    }

    @Test("where none wants to serve, all are tried: a lone server that is about to end still does")
    func nobody() async throws {
        try await Self.with(1) { echo, readiness in
            for isServing in [false, true, false] {
                readiness[0].setProcess(isServing: isServing)
                for _ in 0..<300 {
                    let reply = try await echo.say(BenchV1.EchoMessage(payload: [9]))
                    #expect(reply.payload == [0])
                }
            }
        }
        try await Self.with(2) { echo, readiness in
            for state in readiness { state.setProcess(isServing: false) }
            let settled = try await Self.settle(echo, on: [0, 1])
            #expect(settled)
            readiness[1].setProcess(isServing: true)
            let left = try await Self.settle(echo, on: [1])
            #expect(left)
        }
    }

    @Test("a server without health service takes calls")
    func unimplemented() async throws {
        try await Self.with(2, hasHealth: false) { echo, _ in
            let settled = try await Self.settle(echo, on: [0, 1])
            #expect(settled)
        }
    }

    @Test("a lost watch is opened again after 1 s, growing by 1.6 to 120 s")
    func backoff() {
        var backoff = HealthBackoff()
        let pauses = (0..<14).map { _ in backoff.failed(jitter: 1) }
        #expect(pauses[0] == .seconds(1))
        #expect(pauses[1] > .milliseconds(1_599) && pauses[1] < .milliseconds(1_601))
        #expect(pauses.last == .seconds(120))
        backoff.succeeded()
        #expect(backoff.failed(jitter: 1) == .seconds(1))
    }

    @Test("the question and the answer are those of the generated messages; junk is no SERVING")
    func messages() throws {
        for service in ["", "assay.risk.v1.RiskAssessment"] {
            let framed = HealthQuestion.request(for: service)
            let request = try GRPCHealthV1.HealthCheckRequest(
                decoding: Array(framed.dropFirst(5)), door: .strict)
            #expect(request.service == service)
        }
        for status in [GRPCHealthV1.HealthCheckResponse.ServingStatus.serving, .notServing] {
            let reply = GRPCHealthV1.HealthCheckResponse(status: status)
            #expect(
                HealthQuestion.isServing([0, 0, 0, 0, 0] + reply.encoded()) == (status == .serving))
        }
        for junk in [[], [8], [8, 0xFF], [1, 1], [0x0A, 0x7F]] as [[UInt8]] {
            #expect(!HealthQuestion.isServing([0, 0, 0, 0, 0] + junk))
        }
    }
}
