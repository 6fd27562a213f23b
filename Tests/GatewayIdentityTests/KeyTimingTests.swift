import Foundation
import TestSupport
import Testing

/// The programs that count instructions.
private enum Profiler {
    static let valgrind = "/usr/bin/valgrind"
    static let strip = "/usr/bin/strip"

    static var isPresent: Bool {
        [valgrind, strip].allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }
    }
}

/// Counted in instructions, by a profiler: time on a shared machine shows nothing.
@Suite(.enabled(if: Profiler.isPresent, "valgrind or strip is not installed"))
struct KeyTimingTests {
    @Test("unknown and known ids take equal time: the same instructions within one in a hundred")
    func equalWork() async throws {
        let folder = try TemporaryDirectory()
        let bench = try #require(PackageLayout.executable("gateway-bench"), "was not built")
        // The profiler gives up on debug information that it does not know.
        let program = try folder.path("gateway-bench")
        let stripped = try await ChildProcess.run(
            Profiler.strip, ["--strip-debug", "-o", program, bench])
        #expect(stripped.end == .exit(0), "\(stripped.errors)")
        let function = "assay_measured_key_checks"
        let run = try await ChildProcess.run(
            Profiler.valgrind,
            [
                "--tool=callgrind", "--quiet", "--toggle-collect=\(function)",
                "--dump-after=\(function)", "--callgrind-out-file=\(folder.path)/out", program,
                "--work",
            ])
        #expect(run.end == .exit(0), "\(run.errors)")
        let costs = try (1...3).map { try Self.total(in: "\(folder.path)/out.\($0)") }
        let (known, unknown) = (costs[1], costs[2])
        #expect(known > 8 * 1000)
        #expect(abs(known - unknown) * 100 <= known, "\(known) and \(unknown) instructions")
    }

    private static func total(in file: String) throws -> Int {
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix("summary: ") }
        return try #require(line.flatMap { Int($0.dropFirst("summary: ".count)) })
    }
}
