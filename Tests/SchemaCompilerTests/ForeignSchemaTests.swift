import Foundation
import SchemaCompiler
import Testing
import Wire

/// Our schemas of the foreign protocols against the official descriptors from PyPI, and against what
/// official implementations write.
@Suite("Foreign schemas")
struct ForeignSchemaTests {
    private static var python: URL { Repository.root.appending(path: ".venv/bin/python") }
    private static var hasPython: Bool {
        let site = Repository.root.appending(path: ".venv/lib")
        let names = try? FileManager.default.subpathsOfDirectory(atPath: site.path)
        return names?.contains { $0.hasSuffix("site-packages/open_inference") } == true
    }

    @Test(
        "names, numbers, types, labels, oneofs, nesting, services and file names are the official",
        .enabled(if: hasPython, "no .venv with the official types here: make test creates it"))
    func structure() throws {
        let set = FileManager.default.temporaryDirectory
            .appending(path: "assay-foreign-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: set) }
        try Data(Repository.compilation().descriptorSet()).write(to: set)
        let process = Process()
        process.executableURL = Self.python
        process.arguments = [
            Repository.root.appending(path: "Tests/Conformance/foreign/structure.py").path,
            set.path,
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(String(decoding: output, as: UTF8.self))")
    }

    /// A line of Tests/Conformance/foreign/vectors.txt: `type canonical shuffled`, in hex.
    private static func vectors() throws -> [(type: String, canonical: [UInt8], shuffled: [UInt8])]
    {
        let url = Repository.root.appending(path: "Tests/Conformance/foreign/vectors.txt")
        return try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map { line in
            let parts = line.split(separator: " ")
            try #require(parts.count == 3)
            let bytes = parts.dropFirst().compactMap { text in
                text == "-" ? [] : Hexadecimal.bytes(text)
            }
            try #require(bytes.count == 2)
            return (String(parts[0]), bytes[0], bytes[1])
        }
    }

    @Test("official bytes come through messages without generated code")
    func dynamic() throws {
        let compilation = try Repository.compilation()
        let schema = try #require(compilation.dynamicSchema())
        for vector in try Self.vectors() {
            let inputs: [(bytes: [UInt8], door: Door)] = [
                (vector.canonical, .strict), (vector.canonical, .tolerant),
                (vector.shuffled, .tolerant),
            ]
            for input in inputs {
                let message = try DynamicMessage(
                    decoding: input.bytes, as: vector.type, in: schema, door: input.door)
                #expect(message?.encoded() == vector.canonical, "\(vector.type)")
            }
        }
    }

    @Test(
        "protoc reads them by the published .proto files, and writes the same bytes",
        .enabled(if: Protoc.isPresent, "protoc is not installed"))
    func publishedFiles() throws {
        let directory = Repository.root.appending(path: "docs/proto")
        let files = try Repository.compilation().protoFiles().map(\.path).sorted()
        var seen: Set<String> = []
        for vector in try Self.vectors() where seen.insert(vector.type).inserted {
            let text = try Protoc.run(
                ["--decode=\(vector.type)"] + files, input: vector.canonical, in: directory)
            let again = try Protoc.run(
                ["--encode=\(vector.type)", "--deterministic_output"] + files, input: text,
                in: directory)
            #expect(again == vector.canonical, "\(vector.type)")
        }
    }
}
