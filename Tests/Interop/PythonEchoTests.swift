import AssayMessages
import Foundation
import RPC
import RPCTransport
import Testing

/// The foreign client of the runtime: Python's grpcio, through stubs from the emitted `.proto`.
/// `make test` creates the environment; without it these tests are skipped.
@Suite("Python grpcio")
struct PythonEchoTests {
    struct EchoService: BenchV1.Echo.Service {
        func say(
            _ request: BenchV1.EchoMessage, context: ServerContext
        ) async throws -> BenchV1.EchoMessage {
            request
        }
    }

    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static var python: URL { root.appending(path: ".venv/bin/python") }
    static var hasPython: Bool { FileManager.default.isExecutableFile(atPath: python.path) }

    @Test(
        "calls our server and gets every answer right",
        .enabled(if: hasPython, "no .venv with grpcio here: make test creates it"))
    func echo() async throws {
        let server = RPCServer(listeners: [.plaintext(port: 0)], services: [EchoService()])
        try await server.start()
        let process = Process()
        process.executableURL = Self.python
        process.arguments = [
            Self.root.appending(path: "Tests/Interop/echo_client.py").path,
            Self.root.appending(path: "docs/proto").path, "127.0.0.1:\(server.port)",
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(String(decoding: output, as: UTF8.self))")
        await server.shutdown(grace: .seconds(1))
    }
}
