import Foundation
import SchemaCompiler
import Testing

/// The project's own schemas and what is checked in for them.
@Suite("The schemas of Assay")
struct RepositoryTests {
    @Test("they compile without a single finding")
    func clean() throws {
        let compilation = try Repository.compilation()
        let findings = compilation.diagnostics
        #expect(findings.isEmpty, "\(compilation.report)")
    }

    @Test("the checked-in Swift and .proto files are what they compile to")
    func current() throws {
        let compilation = try Repository.compilation()
        let outputs = [
            ("Proto/Generated", compilation.swiftFiles()), ("docs/proto", compilation.protoFiles()),
        ]
        for (directory, files) in outputs {
            #expect(!files.isEmpty)
            for file in files {
                let url = Repository.root.appending(path: "\(directory)/\(file.path)")
                let committed = try? String(contentsOf: url, encoding: .utf8)
                #expect(committed == file.text, "\(file.path): run 'make generate'")
            }
        }
    }

    @Test(
        "protoc compiles the published .proto files",
        .enabled(if: Protoc.isPresent, "protoc is not installed"))
    func published() throws {
        let files = try Repository.compilation().protoFiles().map(\.path)
        let directory = Repository.root.appending(path: "docs/proto")
        #expect(throws: Never.self) {
            try Protoc.run(["--descriptor_set_out=/dev/null"] + files, in: directory)
        }
    }
}

/// The project's own schemas.
enum Repository {
    static let root = Fixtures.directory.deletingLastPathComponent().deletingLastPathComponent()

    static func compilation() throws -> Compilation {
        let schemas = root.appending(path: "Proto/Schemas")
        let names = try FileManager.default.subpathsOfDirectory(atPath: schemas.path)
        return Compilation(
            try names.filter { $0.hasSuffix(".schema") }.map { name in
                let data = try Data(contentsOf: schemas.appending(path: name))
                return SourceFile(path: name, bytes: Array(data))
            })
    }
}
