import AssayMessages
import Foundation
import RPC
import RPCTransport
import TestSupport
import Testing

/// Fails with everything that an error can carry.
private struct Failing: BenchV1.Echo.Service {
    func say(
        _ request: BenchV1.EchoMessage, context: ServerContext
    ) async throws -> BenchV1.EchoMessage {
        throw RPCError(
            code: .invalidArgument, message: "not like this: ü", reason: "NOT_TODAY",
            details: [
                .badRequest([
                    FieldViolation(field: "/payload", description: "is wrong: ü"),
                    FieldViolation(field: "/other", description: "too"),
                ])
            ], retryAfter: .milliseconds(1_500))
    }
}

@Suite("Details of errors")
struct StatusDetailsTests {
    private static let python = "\(PackageLayout.root)/.venv/bin/python"

    @Test(
        "Google's own types read them, on the gRPC and on the JSON face",
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: python),
            "no .venv with grpcio here: make test creates it"))
    func foreign() async throws {
        let server = RPCServer(listeners: [.plaintext(port: 0)], services: [Failing()])
        try await server.start()
        let root = PackageLayout.root
        let result = try await ChildProcess.run(
            Self.python,
            [
                "\(root)/Tests/Interop/python/status_details.py", "\(root)/docs/proto",
                "127.0.0.1:\(server.port)",
            ])
        #expect(result.end == .exit(0), "\(result.output)\(result.errors)")
        await server.shutdown(grace: .seconds(1))
    }
}
