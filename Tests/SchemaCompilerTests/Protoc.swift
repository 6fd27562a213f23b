import Foundation

/// Debian's `protoc`, the oracle for the emitted `.proto` files.
enum Protoc {
    static let path = ["/usr/bin/protoc", "/usr/local/bin/protoc"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    static var isPresent: Bool { path != nil }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs `protoc` in a directory of `.proto` files and returns its standard output.
    static func run(_ arguments: [String], input: [UInt8] = [], in directory: URL) throws -> [UInt8]
    {
        guard let path else { throw Failure(description: "protoc is not installed") }
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = ["--proto_path=\(directory.path)"] + arguments
        let scratch = FileManager.default.temporaryDirectory
            .appending(path: "assay-protoc-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        let files = ["in", "out", "err"].map { scratch.appending(path: $0) }
        try Data(input).write(to: files[0])
        for file in files[1...] { try Data().write(to: file) }
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: try String(contentsOf: files[2], encoding: .utf8))
        }
        return Array(try Data(contentsOf: files[1]))
    }
}
