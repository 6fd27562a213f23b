import Foundation
import RPC
import RPCTransport
import TestSupport
import Testing

/// The foreign client of the runtime: Python's grpcio, through stubs from the emitted `.proto`.
/// `make test` creates the environment; without it these tests are skipped.
@Suite("Python grpcio")
struct PythonEchoTests {
    @Test(
        "calls our server and gets every answer right",
        .enabled(if: Python.isThere, "no .venv with grpcio here: make test creates it"))
    func echo() async throws {
        let server = RPCServer(listeners: [.plaintext(port: 0)], services: [EchoService()])
        try await server.start()
        let result = try await Python.run("echo_client.py", "127.0.0.1:\(server.port)")
        #expect(result.end == .exit(0), "\(result.output)\(result.errors)")
        await server.shutdown(grace: .seconds(1))
    }
}

/// The interpreter with grpcio, and our scripts for it.
enum Python {
    static let interpreter = "\(PackageLayout.root)/.venv/bin/python"
    static let isThere = FileManager.default.isExecutableFile(atPath: interpreter)

    static func script(_ name: String) -> String {
        "\(PackageLayout.root)/Tests/Interop/python/\(name)"
    }

    static func arguments(_ script: String, _ arguments: [String]) -> [String] {
        [Self.script(script), "\(PackageLayout.root)/docs/proto"] + arguments
    }

    static func run(
        _ script: String, _ arguments: String...
    ) async throws -> (end: ChildProcess.End, output: String, errors: String) {
        try await ChildProcess.run(interpreter, Self.arguments(script, arguments))
    }
}
