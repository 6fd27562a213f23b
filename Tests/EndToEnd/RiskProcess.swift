import AssayMessages
import Foundation
import RPC
import RPCTransport
import TestSupport
import Testing

/// A real assay-risk, without the services it calls, that a test kills and starts again over the
/// same state.
struct RiskProcess: Sendable {
    let process: ChildProcess
    let channel: RPCClient

    /// - Parameter rules: folder of the rules; nil: the shipped one.
    static func start(in folder: String, rules: String? = nil) async throws -> RiskProcess {
        let program = try #require(
            PackageLayout.executable("assay-risk"),
            "the assay-risk program was not built beside the tests")
        // Nobody listens at port 1: decisions are made without features and model.
        let process = try ChildProcess(
            program,
            [
                "--insecure", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
                "--endpoint-delay", "0", "--grace", "1", "--log-level", "error", "--data",
                "\(folder)/data", "--rules", rules ?? "\(PackageLayout.root)/deploy/rules",
                "--features",
                "127.0.0.1:1", "--models", "127.0.0.1:1",
            ])
        let line = try await process.line(within: .seconds(60)) { $0.hasPrefix("ready risk ") }
        let word = line.split(separator: " ").first { $0.hasPrefix("rpc=") }
        let port = try #require(word.flatMap { Int($0.dropFirst(4)) })
        return RiskProcess(process: process, channel: try RPCClient("127.0.0.1:\(port)"))
    }

    var rules: AssayRiskV1.RuleAdministration.Client { .init(channel) }

    static func options(_ client: String) -> CallOptions {
        CallOptions(
            deadline: .after(.seconds(30)),
            metadata: [
                "assay-tenant": "bank", "assay-client": client,
                "assay-scopes": "risk.assess risk.rules.read risk.rules.test "
                    + "risk.rules.propose risk.rules.approve risk.rules.apply",
            ])
    }

    func kill() async {
        process.kill()
        _ = await process.end()
        await channel.close()
    }

    /// What `assay-risk --verify-log` says of a folder that nobody has open.
    static func verify(
        _ folder: String
    ) async throws -> (end: ChildProcess.End, output: String, errors: String) {
        let program = try #require(PackageLayout.executable("assay-risk"))
        return try await ChildProcess.run(program, ["--verify-log", "\(folder)/data"])
    }
}
