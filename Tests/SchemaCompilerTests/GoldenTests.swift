import Foundation
import SchemaCompiler
import Testing

/// What the compiler writes for a whole schema, kept as files and reviewed as diffs. The Swift in
/// them is part of this test target, so it is also known to compile.
///
/// `ASSAY_UPDATE_GOLDEN=1 swift test --filter GoldenTests` refreshes them.
@Suite("Golden files")
struct GoldenTests {
    @Test(
        "the compiler writes exactly the golden files", arguments: ["conformance", "everything"])
    func golden(name: String) throws {
        let compilation = Compilation(try Fixtures.sources(below: "Golden/\(name)/schemas"))
        #expect(!compilation.hasErrors)
        var files: [OutputFile] = []
        // The test target compiles both sets, so only one may bring the files of all packages.
        let hidden = name == "conformance" ? "nothing" : ".generated.swift"
        files += compilation.swiftFiles().filter { !$0.path.hasSuffix(hidden) }.map {
            OutputFile(path: "swift/\($0.path)", text: $0.text)
        }
        files += compilation.protoFiles().map {
            OutputFile(path: "proto/\($0.path)", text: $0.text)
        }
        files.append(OutputFile(path: "bounds.txt", text: compilation.boundsReport()))
        files.append(
            OutputFile(path: "fds.hex", text: Hexadecimal.lines(compilation.descriptorSet())))
        files.append(OutputFile(path: "openapi.json", bytes: compilation.openAPI()))
        files.append(OutputFile(path: "canonical.txt", text: compilation.canonicalReport))
        let directory = Fixtures.directory.appending(path: "Golden/\(name)")
        for file in files {
            let url = directory.appending(path: file.path)
            if Fixtures.isUpdate {
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(file.text.utf8).write(to: url)
            }
            let golden = try? String(contentsOf: url, encoding: .utf8)
            #expect(golden == file.text, "\(name)/\(file.path) differs; see the comment above")
        }
    }

    @Test("the order of the sources changes nothing")
    func deterministic() throws {
        let sources = try Fixtures.sources(below: "Golden/everything/schemas")
        let forward = Compilation(sources)
        let backward = Compilation(sources.reversed())
        #expect(forward.swiftFiles() == backward.swiftFiles())
        #expect(forward.protoFiles() == backward.protoFiles())
    }
}
