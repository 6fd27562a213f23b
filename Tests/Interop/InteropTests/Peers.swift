import InteropCases
import RPCTransport
import TLS
import TestSupport
import Testing

/// The servers and clients that all cases of a run share. They end with the process.
actor Peers {
    static let shared = Peers()

    typealias Transport = InteropCaseTests.Transport

    struct Server {
        let port: Int
        let credentials: Credentials?
    }

    private var servers: [Transport: Task<Server, any Error>] = [:]
    private var foreignServers: [[String]: Task<Server, any Error>] = [:]
    private var foreignClients: [Transport: Task<ChildProcess, any Error>] = [:]
    private var processes: [ChildProcess] = []

    /// A server of ours.
    func server(_ transport: Transport) async throws -> Server {
        if let started = servers[transport] { return try await started.value }
        let starting = Task {
            let credentials = transport == .tls ? try Credentials() : nil
            let server = RPCServer.interop(
                listener: RPCListener(
                    host: "127.0.0.1", port: 0,
                    tls: try credentials.map { try TLSContext.server(identity: $0.identity) }))
            try await server.start()
            return Server(port: server.port, credentials: credentials)
        }
        servers[transport] = starting
        return try await starting.value
    }

    /// A server of grpcio's.
    func foreignServer(_ transport: Transport, _ options: [String] = []) async throws -> Server {
        let key = [transport.rawValue] + options
        if let started = foreignServers[key] { return try await started.value }
        let starting = Task {
            let credentials = transport == .tls ? try Credentials() : nil
            let process = try ChildProcess(
                Python.interpreter,
                [Python.script("interop_server.py")] + options
                    + (credentials.map {
                        [
                            "--use_tls", "--tls_cert_file", $0.certificateFile, "--tls_key_file",
                            $0.keyFile,
                        ]
                    } ?? []))
            processes.append(process)
            let line = try await process.line { $0.hasPrefix("ready ") }
            let port = try #require(line.split(separator: " ").last.flatMap { Int($0) })
            return Server(port: port, credentials: credentials)
        }
        foreignServers[key] = starting
        return try await starting.value
    }

    /// A client of grpcio's that runs all cases, one after the other, against our server.
    func foreignClient(_ transport: Transport) async throws -> ChildProcess {
        if let started = foreignClients[transport] { return try await started.value }
        let starting = Task {
            let server = try await server(transport)
            return try ChildProcess(
                Python.interpreter,
                [
                    Python.script("interop_client.py"), "--server_port", "\(server.port)",
                    "--test_case", InteropCase.allCases.map(\.rawValue).joined(separator: ","),
                    "--soak_iterations", "20",
                    "--soak_per_iteration_max_acceptable_latency_ms", "5000",
                ]
                    + (server.credentials.map {
                        [
                            "--use_tls", "--ca_file", $0.authorityFile, "--server_host_override",
                            "localhost",
                        ]
                    } ?? []))
        }
        foreignClients[transport] = starting
        return try await starting.value
    }
}
