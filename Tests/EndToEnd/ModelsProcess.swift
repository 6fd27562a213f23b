import AssayMessages
import Foundation
import RPC
import RPCTransport
import TestSupport
import Testing

/// A real assay-models that a test kills and starts again over the same state.
struct ModelsProcess: Sendable {
    /// Where the registry is.
    enum Store: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case embedded, redis

        var testDescription: String { rawValue }
    }

    let process: ChildProcess
    let channel: RPCClient

    /// - Parameter redis: the port of the server that holds the registry; nil: it is in the folder.
    static func start(in folder: String, redis: Int?) async throws -> ModelsProcess {
        let program = try #require(
            PackageLayout.executable("assay-models"),
            "the assay-models program was not built beside the tests")
        var arguments = [
            "--insecure", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--endpoint-delay",
            "0", "--grace", "1", "--log-level", "error", "--data", "\(folder)/data",
        ]
        if let redis {
            arguments += [
                "--registry-redis", "redis://127.0.0.1:\(redis)", "--artifacts",
                "\(folder)/artifacts",
            ]
        }
        let process = try ChildProcess(program, arguments)
        let line = try await process.line(within: .seconds(60)) { $0.hasPrefix("ready models ") }
        let word = line.split(separator: " ").first { $0.hasPrefix("rpc=") }
        let port = try #require(word.flatMap { Int($0.dropFirst(4)) })
        return ModelsProcess(process: process, channel: try RPCClient("127.0.0.1:\(port)"))
    }

    var registry: AssayModelsV1.ModelRegistry.Client { .init(channel) }
    var experiments: AssayModelsV1.Experiments.Client { .init(channel) }

    static let options = options(of: "killer")

    /// What a client may do that the gateway let in.
    static func options(of client: String) -> CallOptions {
        CallOptions(
            deadline: .after(.seconds(30)),
            metadata: [
                "assay-tenant": "bank", "assay-client": client,
                "assay-scopes": "models.read models.upload models.move models.approve "
                    + "models.rollback experiments.read experiments.apply experiments.stop",
            ])
    }

    func kill() async {
        process.kill()
        _ = await process.end()
        await channel.close()
    }

    /// What `assay models fsck` says of the state in a folder, which nobody has open.
    static func check(
        _ folder: String, redis: Int?
    ) async throws -> (end: ChildProcess.End, output: String, errors: String) {
        let program = try #require(PackageLayout.executable("assay"))
        let place =
            redis.map {
                [
                    "--registry-redis", "redis://127.0.0.1:\($0)", "--artifacts",
                    "\(folder)/artifacts",
                ]
            } ?? ["--data", "\(folder)/data"]
        return try await ChildProcess.run(program, ["models", "fsck"] + place)
    }
}
