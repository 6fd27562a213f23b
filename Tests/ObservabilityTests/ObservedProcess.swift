import AssayMessages
import Foundation
import Logging
import Observability
import RPC
import RPCTransport
import ServiceRuntime
import Synchronization
import TestSupport
import Testing

/// A service as a process has it, with its admin port, within the test.
final class ObservedProcess: Sendable {
    let server: RPCServer
    let observability: Observability
    let environment: ServiceEnvironment
    let admin: Int
    private let stopped: AsyncStream<Int32>.Continuation
    private let ended: Task<Void, any Error>

    private struct Parts: Sendable {
        let server: RPCServer
        let observability: Observability
        let environment: ServiceEnvironment
    }

    /// - Parameter services: made when the telemetry is there, with clients that use it.
    init(
        _ arguments: [String] = [],
        services:
            @escaping @Sendable (Observability, ServiceEnvironment) throws -> (
                [any RPCService], [RPCClient]
            )
    ) async throws {
        let (signals, send) = AsyncStream<Int32>.makeStream()
        let (lines, line) = AsyncStream<String>.makeStream()
        let (made, make) = AsyncStream<Parts>.makeStream()
        let options = try ServiceOptions.parse(
            ["--insecure", "--endpoint-delay", "0", "--grace", "1", "--log-level", "critical"]
                + arguments)
        let harness = ServiceHarness(name: "test", options: options, loops: 2)
        let output = LogOutput { line.yield(String(decoding: $0, as: UTF8.self)) }
        ended = Task {
            try await harness.run(signals: signals, output: output) { environment in
                let observability = try Observability(environment)
                let (services, clients) = try services(observability, environment)
                let server = RPCServer(
                    listeners: [.plaintext(host: "127.0.0.1", port: 0)], services: services,
                    authorizer: ScopeAuthorizer(trustsEveryPeer: true), profile: .mesh,
                    telemetry: observability.telemetry, group: environment.group)
                observability.watch(server, clients)
                try await server.start()
                make.yield(
                    Parts(
                        server: server, observability: observability, environment: environment))
                return RunningService(
                    port: server.port, run: { try await server.run() },
                    shutdown: { times in
                        await server.shutdown(times)
                        for client in clients { await client.close() }
                        await observability.close()
                    })
            }
        }
        stopped = send
        let parts = try #require(await made.first { _ in true })
        let words = try #require(await lines.first { _ in true }).split { " =\n".contains($0) }
        server = parts.server
        observability = parts.observability
        environment = parts.environment
        admin = try #require(words.last.flatMap { Int($0) })
    }

    var target: String { "127.0.0.1:\(server.port)" }

    func stop() async throws {
        stopped.yield(SIGTERM)
        try await ended.value
    }

    /// A page of the admin port.
    func page(_ path: String, accept: String = "*/*") async throws -> String {
        try await ChildProcess.run(
            "/usr/bin/curl",
            ["-s", "-m", "10", "-H", "accept: \(accept)", "http://127.0.0.1:\(admin)\(path)"]
        ).output
    }

    /// Reads `/debug/rpc` until it says what is waited for; fails after many times.
    func debug(until isSeen: (DebugView) -> Bool) async throws -> DebugView {
        for _ in 0..<300 {
            let view = try JSONDecoder().decode(
                DebugView.self, from: Data(try await page("/debug/rpc").utf8))
            if isSeen(view) { return view }
        }
        throw RPCError(.deadlineExceeded, "the page never said so: \(try await page("/debug/rpc"))")
    }
}

/// What the tests read of `/debug/rpc`.
struct DebugView: Decodable {
    struct Server: Decodable {
        let connections: Int
        let streams: Int
        let stalled: [String: Int]
        let listed: [Connection]
    }
    struct Connection: Decodable {
        let peer: String
        let state: String
        let windowOurs: Int
        let windowPeers: Int
        let takesOutput: Bool
        let score: Int
        let listed: [Stream]
        enum CodingKeys: String, CodingKey {
            case peer, state, score, listed
            case windowOurs = "window_ours"
            case windowPeers = "window_peers"
            case takesOutput = "takes_output"
        }
    }
    struct Stream: Decodable {
        let method: String
        let stalled: String?
        let metadata: [String: String]
    }
    struct Client: Decodable {
        struct Endpoint: Decodable {
            let address: String
            let state: String
            let inFlight: Int
            enum CodingKeys: String, CodingKey {
                case address, state
                case inFlight = "in_flight"
            }
        }
        let target: String
        let stalled: [String: Int]
        let endpoints: [Endpoint]
    }
    let process: String
    let servers: [Server]
    let clients: [Client]

    /// Streams of the server that are stalled, with why.
    var stalls: [String] {
        servers.flatMap(\.listed).flatMap(\.listed).compactMap(\.stalled)
    }
}

/// Keeps the records of calls.
final class RecordingLog: CallObserver {
    private let records = Mutex<[CallRecord]>([])
    func callEnded(_ record: CallRecord) { records.withLock { $0.append(record) } }
    var all: [CallRecord] { records.withLock { $0 } }
}

/// Opens once; who waits before waits until then.
final class Gate: Sendable {
    private let waiting = Mutex<(isOpen: Bool, [AsyncStream<Void>.Continuation])>((false, []))

    func open() {
        let all = waiting.withLock { state in
            state.isOpen = true
            return state.1
        }
        for continuation in all { continuation.finish() }
    }

    /// Ends with the task's cancellation too.
    func wait() async {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        let isOpen = waiting.withLock { state in
            state.1.append(continuation)
            return state.isOpen
        }
        if isOpen { continuation.finish() }
        for await _ in stream {}
    }
}

struct Echo: BenchV1.Echo.Service {
    func say(
        _ request: BenchV1.EchoMessage, context: ServerContext
    ) async throws -> BenchV1.EchoMessage {
        request
    }
}
