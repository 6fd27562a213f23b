import Foundation
import NIOPosix
import RPC
import RPCTransport
import ServiceRuntime
import TLS
import TestSupport

/// A real assay-models with a folder of its own, and clients of it.
struct ModelsProcess {
    private let folder: TemporaryDirectory
    private let program: String
    private let arguments: [String]
    private var process: ChildProcess
    private var port: Int
    /// Issues certificates; nil without TLS.
    private let authority: DevelopmentCertificateAuthority?

    /// - Parameter tls: mutual TLS, as between services; otherwise plaintext on loopback.
    init(_ program: String, tls: Bool, arguments: [String] = []) async throws {
        folder = try TemporaryDirectory()
        authority = tls ? try DevelopmentCertificateAuthority(name: "model-load") : nil
        var all = [
            "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--log-level", "error",
            "--endpoint-delay", "0", "--data", folder.path + "/data",
        ]
        // The alias moves at every swap: what is measured has no people in it.
        let policies = folder.path + "/alias-policies"
        try FileManager.default.createDirectory(
            atPath: policies, withIntermediateDirectories: true)
        try "model: \"*\"\naliases: {champion: {approvals: 0, gates: [compatible]}}\n"
            .write(toFile: policies + "/bench.yaml", atomically: true, encoding: .utf8)
        all += ["--alias-policies", policies]
        if let authority {
            let (chain, key) = (folder.path + "/server.pem", folder.path + "/server.key")
            let trust = folder.path + "/trust.pem"
            try authority.trust.write(file: trust)
            try Self.identity("assay-models", authority).write(certificateFile: chain, keyFile: key)
            all += ["--tls-certificate", chain, "--tls-key", key, "--tls-trust", trust]
        } else {
            all.append("--insecure")
        }
        self.program = program
        self.arguments = all + arguments
        (process, port) = try await Self.start(program, self.arguments)
    }

    private static func start(
        _ program: String, _ arguments: [String]
    ) async throws -> (ChildProcess, Int) {
        let process = try ChildProcess(program, arguments)
        let line = try await process.line(within: .seconds(120)) { $0.hasPrefix("ready models") }
        guard let text = line.split(separator: " ").first(where: { $0.hasPrefix("rpc=") }),
            let port = Int(text.dropFirst(4))
        else { throw RPCError(.unavailable, "\(program) did not start: \(line)") }
        return (process, port)
    }

    /// Ends the process, and starts one on the same data.
    ///
    /// - Returns: the time until it was ready.
    mutating func restart() async throws -> Duration {
        await stop()
        let began = ContinuousClock.now
        (process, port) = try await Self.start(program, arguments)
        return began.duration(to: .now)
    }

    var identifier: Int32 { process.processID }

    /// Where calls go.
    var target: String { "127.0.0.1:\(port)" }

    /// A client that is one of our services.
    func client(_ service: String, _ group: MultiThreadedEventLoopGroup) throws -> RPCClient {
        guard let authority else {
            return try RPCClient(
                target, profile: .mesh, claimedIdentity: SPIFFEID.service(service).description,
                group: group)
        }
        let context = try TLSContext.client(
            trust: authority.trust, identity: Self.identity(service, authority),
            expecting: .workloads([.service("assay-models")]))
        return try RPCClient(target, tls: context, profile: .mesh, group: group)
    }

    private static func identity(
        _ service: String, _ authority: DevelopmentCertificateAuthority
    ) throws -> TLSIdentity {
        try authority.issue(
            LeafCertificateRequest(
                commonName: service, spiffeID: .service(service), dnsNames: ["localhost"],
                ipAddresses: ["127.0.0.1"]))
    }

    func stop() async {
        process.terminate()
        _ = await process.end()
    }
}
