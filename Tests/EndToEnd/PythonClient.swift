import Foundation
import TestSupport
import Testing

/// The example client of deploy/examples/clients: Python grpcio with stubs from the emitted .proto files.
struct PythonClient {
    let interpreter: String

    /// nil where the virtual environment of `make test` is missing.
    static func find() -> PythonClient? {
        let path = "\(PackageLayout.root)/.venv/bin/python"
        return FileManager.default.isExecutableFile(atPath: path)
            ? PythonClient(interpreter: path) : nil
    }

    func assess(
        _ assay: AssayUnderTest, key: String, _ arguments: [String]
    ) async throws -> [String: JSONValue] {
        var reply: [String: JSONValue] = [:]
        for _ in 0..<20 {
            reply = try await once(assay, key: key, arguments)
            guard let status = reply["status"]?.text,
                ["DEADLINE_EXCEEDED", "UNAVAILABLE"].contains(status)
            else { break }
        }
        return reply
    }

    private func once(
        _ assay: AssayUnderTest, key: String, _ arguments: [String]
    ) async throws -> [String: JSONValue] {
        let script = "\(PackageLayout.root)/deploy/examples/clients/assess_transaction.py"
        let result = try await ChildProcess.run(
            interpreter,
            [
                script, "--target", "localhost:\(try assay.port("gateway"))", "--ca",
                assay.authority, "--key", key,
            ] + arguments)
        let line = try #require(
            result.output.split(separator: "\n").last, "no output: \(result.errors)")
        return try JSONDecoder().decode([String: JSONValue].self, from: Data(line.utf8))
    }
}
