import AssayMessages
import Foundation
import RPC
import RPCTransport
import Redis
import Storage
import TestSupport
import Testing
import Wire

/// Real processes over a real Redis: what a bank runs, on one machine.
final class SharedProcesses: Sendable {
    let redis: RedisServer
    let folder: TemporaryDirectory
    private let program: String

    init(redis: RedisServer) throws {
        self.redis = redis
        folder = try TemporaryDirectory()
        program = try #require(
            PackageLayout.executable("assay-features"),
            "the assay-features program was not built beside the tests")
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/definitions", withIntermediateDirectories: true)
        try write(Bank.text, to: "definitions/bank.yaml")
        try write(String(repeating: "5a", count: 32), to: "key")
    }

    func write(_ text: String, to name: String) throws {
        try text.write(toFile: "\(folder.path)/\(name)", atomically: true, encoding: .utf8)
    }

    /// - Parameter password: as the environment gives it.
    func start(_ arguments: [String], password: String? = nil) throws -> ChildProcess {
        try ChildProcess(
            program,
            [
                "--insecure", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
                "--endpoint-delay", "0", "--grace", "5", "--definitions",
                "\(folder.path)/definitions", "--redis-timeout", "2000",
            ] + arguments, environment: password.map { ["ASSAY_REDIS_PASSWORD": $0] } ?? [:])
    }

    var store: [String] {
        ["--redis", "redis://127.0.0.1:\(redis.port)", "--master-key", "\(folder.path)/key"]
    }

    func server() async throws -> Server {
        let process = try start(store)
        return Server(process, port: try await Self.port(of: process))
    }

    func keeper() async throws -> ChildProcess {
        let process = try start(store + ["--role", "keeper", "--data", keeperDirectory])
        _ = try await Self.port(of: process)
        return process
    }

    var keeperDirectory: String { "\(folder.path)/keeper" }

    private static func port(of process: ChildProcess) async throws -> Int {
        let line = try await process.line { $0.hasPrefix("ready features ") }
        let word = line.split(separator: " ").first { $0.hasPrefix("rpc=") }
        return try #require(word.flatMap { Int($0.dropFirst(4)) })
    }

    /// A server process and a client of it.
    struct Server: Sendable {
        let process: ChildProcess
        private let channel: RPCClient

        init(_ process: ChildProcess, port: Int) {
            self.process = process
            // The address is this process's own.
            guard let channel = try? RPCClient("127.0.0.1:\(port)") else {
                preconditionFailure("a port is no address")
            }
            self.channel = channel
        }

        private static let options = CallOptions(
            deadline: .after(.seconds(60)),
            metadata: [
                "assay-tenant": "bank", "assay-client": "test", "assay-scopes": "features.score",
            ])

        private var store: AssayFeaturesV1.FeatureStore.Client {
            AssayFeaturesV1.FeatureStore.Client(channel)
        }

        func score(
            _ event: AssayFeaturesV1.Event, dryRun: Bool = false
        ) async throws -> AssayFeaturesV1.ScoreEventResponse {
            try await store.scoreEvent(
                AssayFeaturesV1.ScoreEventRequest(
                    event: event, vectors: [Bank.vector], dryRun: dryRun),
                options: Self.options)
        }

        /// The reply, asked for again where a busy machine let a call's short deadline pass.
        func answer(
            _ event: AssayFeaturesV1.Event, dryRun: Bool = false
        ) async throws -> AssayFeaturesV1.ScoreEventResponse {
            for _ in 0..<100 {
                do {
                    return try await score(event, dryRun: dryRun)
                } catch let error as RPCError where error.code == .deadlineExceeded {
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            return try await score(event, dryRun: dryRun)
        }

        func close() async {
            await channel.close()
            process.terminate()
            _ = await process.end()
        }
    }
}
