import ArgumentParser
import Foundation
import InteropCases
import RPCTransport
import TLS

/// The client of gRPC's interoperability tests, with the flags that those of other languages have.
@main
struct RPCInteropClient: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rpc-interop-client",
        abstract: "Runs interop cases against the interop server of any gRPC implementation.",
        discussion: "Prints 'ok NAME' or 'FAIL NAME: why' for each case; exits with 1 if one fails."
    )

    @Option(name: .customLong("server_host"), help: "The server's name or address.")
    var host = "127.0.0.1"

    @Option(name: .customLong("server_port"), help: "The server's port.")
    var port: Int

    @Option(
        name: .customLong("server_host_override"),
        help: "The name that the server's certificate has, if it is not the host.")
    var hostOverride: String?

    @Flag(name: .customLong("use_tls"), help: "Speaks TLS.")
    var useTLS = false

    @Option(name: .customLong("ca_file"), help: "Certificates of the authorities to trust, in PEM.")
    var authorityFile: String?

    @Option(
        name: .customLong("test_case"), help: "A case's name, several with commas, or all.",
        completion: .list(InteropCase.allCases.map(\.rawValue) + ["all"]))
    var testCase: String

    @Option(name: .customLong("soak_iterations"), help: "Calls of a soak.")
    var soakIterations = 10

    @Option(name: .customLong("soak_max_failures"), help: "Calls of a soak that may fail.")
    var soakFailures = 0

    @Option(
        name: .customLong("soak_per_iteration_max_acceptable_latency_ms"),
        help: "The longest that a call of a soak may take.")
    var soakLatency = 1_000

    private var cases: [InteropCase] {
        get throws {
            if testCase == "all" { return InteropCase.allCases }
            return try testCase.split(separator: ",").map { name in
                if let known = InteropCase(rawValue: String(name)) { return known }
                let names = InteropCase.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("'\(name)' is no case; these are: \(names)")
            }
        }
    }

    func validate() throws {
        guard (1...65_535).contains(port) else { throw ValidationError("there is no port \(port)") }
        _ = try cases
        if useTLS, authorityFile == nil { throw ValidationError("--use_tls needs --ca_file") }
    }

    func run() async throws {
        let tls = try context()
        let target = "\(host):\(port)"
        let client = try RPCClient(target, tls: tls)
        let peer = InteropPeer(
            client: client,
            soak: InteropPeer.Soak(
                iterations: soakIterations, maximumFailures: soakFailures,
                maximumLatency: .milliseconds(soakLatency))
        ) { try RPCClient(target, tls: tls) }
        var hasFailed = false
        for testCase in try cases {
            do {
                try await testCase.run(against: peer)
                try say("ok \(testCase)")
            } catch {
                hasFailed = true
                let reason = "\(error)".replacing("\n", with: " ")
                try say("FAIL \(testCase): \(reason)")
            }
        }
        await client.close()
        if hasFailed { throw ExitCode(1) }
    }

    private func say(_ line: String) throws {
        try FileHandle.standardOutput.write(contentsOf: Data("\(line)\n".utf8))
    }

    private func context() throws -> TLSContext? {
        guard useTLS, let authorityFile else { return nil }
        return try .client(
            trust: try TLSTrust(file: authorityFile), serverName: hostOverride ?? host)
    }
}
