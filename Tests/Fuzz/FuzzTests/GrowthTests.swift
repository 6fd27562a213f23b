import Foundation
import FuzzProperties
import Testing

/// P6: time grows no faster than depth × size × log size. Counted in instructions, by a profiler, so that
/// the figure is the same on every machine and under any load.
@Suite("Growth", .enabled(if: Callgrind.isPresent, "valgrind or strip is not installed"))
struct GrowthTests {
    @Test("sixteen times the input costs at most sixteen times the work, but for a logarithm")
    func growth() throws {
        let (small, large) = (1 << 10, 1 << 14)
        let costs = try Callgrind.instructions(sizes: [small, large])
        #expect(costs.count == 2 * HostileMessage.all.count)
        for (index, message) in HostileMessage.all.enumerated() where costs.count > 2 * index + 1 {
            let (before, after) = (costs[2 * index], costs[2 * index + 1])
            // 16 · log(2^14) / log(2^10).
            #expect(
                10 * after.instructions < 224 * before.instructions,
                "\(message.name): \(before.instructions) became \(after.instructions)")
            #expect(before.isAccepted == message.isAccepted, "\(message.name)")
            #expect(after.isAccepted == message.isAccepted, "\(message.name)")
        }
    }
}

/// Runs `hostile-work` under valgrind's profiler.
private enum Callgrind {
    static let program = "/usr/bin/valgrind"
    static let strip = "/usr/bin/strip"
    static var isPresent: Bool {
        [program, strip].allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }
    }

    struct Cost {
        let isAccepted: Bool
        let instructions: Int
    }

    /// The costs of every hostile input, in each of the sizes.
    static func instructions(sizes: [Int]) throws -> [Cost] {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // The profiler gives up on debug information that it does not know.
        let program = folder.appending(path: "hostile-work").path
        try run(strip, ["--strip-debug", "-o", program, try hostileWork()], in: folder)
        let function = "assay_measured_work"
        let output = try run(
            Self.program,
            [
                "--tool=callgrind", "--quiet", "--toggle-collect=\(function)",
                "--dump-after=\(function)", program,
            ] + sizes.map(String.init), in: folder)
        let dumps = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .compactMap { name in Int(name.split(separator: ".").last ?? "").map { (name, $0) } }
            .filter { $0.0.split(separator: ".").count == 4 }
            .sorted { $0.1 < $1.1 }
        return try zip(output.split(separator: "\n"), dumps).map { line, dump in
            Cost(
                isAccepted: line.hasSuffix("accepted"),
                instructions: try total(in: folder.appending(path: dump.0)))
        }
    }

    /// Runs a program in a folder; what it printed.
    @discardableResult
    private static func run(
        _ program: String, _ arguments: [String], in folder: URL
    ) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(program)")
        return String(decoding: data, as: UTF8.self)
    }

    /// The program is built beside the tests.
    private static func hostileWork() throws -> String {
        let tests = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        let places = [tests, tests.deletingLastPathComponent()]
        let found = places.map { $0.appending(path: "hostile-work").path }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
        return try #require(found, "hostile-work was not built beside the tests")
    }

    private static func total(in file: URL) throws -> Int {
        let text = try String(contentsOf: file, encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix("summary: ") }
        return try #require(line.flatMap { Int($0.dropFirst("summary: ".count)) })
    }
}
