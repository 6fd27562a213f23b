import Foundation
import TestSupport
import Testing

/// Other programs' opinions on our bytes, in Python: a slice of what `make conformance` runs in full.
/// `make test` creates the environment; without it these tests are skipped.
@Suite("Conformance oracles")
struct ConformanceOracleTests {
    private static let root = URL(filePath: PackageLayout.root)
    private static var python: URL { root.appending(path: ".venv/bin/python") }
    private static var hasPython: Bool {
        FileManager.default.isExecutableFile(atPath: python.path)
    }

    @Test(
        "a thousand random pairs agree with protobuf and the reference",
        .enabled(if: hasPython, "no .venv with protobuf here: make test creates it"),
        .enabled(if: Protoc.isPresent, "protoc is not installed"))
    func pairs() throws {
        let driver = try #require(PackageLayout.executable("wire-conformance-driver"))
        try run("wire_oracle.py", "--driver", driver, "--pairs", "1000", "--seed", "20261121")
    }

    @Test(
        "the pack is what its generator writes, and the reference agrees with it",
        .enabled(if: hasPython, "no .venv here: make test creates it"))
    func pack() throws {
        try run("wire_vectors.py", "--check")
        try run("run_pack.py")
    }

    private func run(_ script: String, _ arguments: String...) throws {
        let process = Process()
        process.executableURL = Self.python
        let path = Self.root.appending(path: "Tests/Conformance/\(script)").path
        process.arguments = ["-B", path] + arguments
        process.currentDirectoryURL = Self.root
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(String(decoding: output, as: UTF8.self))")
    }
}
