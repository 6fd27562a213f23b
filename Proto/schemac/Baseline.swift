internal import Foundation
internal import SchemaCompiler

/// An older version of the schemas: `git:REV`, a directory, or an archived `.schema` file.
struct Baseline {
    private enum Source {
        case revision(String)
        case directory
        case archive
    }

    private let name: String
    private let schemas: String
    private let source: Source

    init(_ name: String, schemas: String) throws {
        self.name = name
        self.schemas = schemas
        var isDirectory: ObjCBool = false
        if name.hasPrefix("git:") {
            source = .revision(String(name.dropFirst(4)))
        } else if FileManager.default.fileExists(atPath: name, isDirectory: &isDirectory) {
            source = isDirectory.boolValue ? .directory : .archive
        } else {
            throw Failure.input(
                "there is no '\(name)'; write git:REV, a schema root or an archived .schema file")
        }
    }

    /// The old schemas. If they cannot be understood, nothing can be compared: a failure of input.
    func compile(_ options: SourceOptions) throws -> Compilation {
        let compilation: Compilation
        switch source {
        case .directory:
            compilation = Compilation(try SchemaDirectory(path: name).files())
        case .archive:
            let file = SourceFile(
                path: URL(filePath: name).lastPathComponent,
                bytes: try SchemaDirectory.bytes(of: name))
            compilation = Compilation([file], archive: true)
        case .revision(let revision):
            compilation = Compilation(
                try GitRevision(revision, directory: schemas).files())
        }
        if compilation.isResolved { return compilation }
        do {
            try options.report(compilation)
        } catch let failure as Failure {
            throw Failure.input("the schemas of '\(name)' do not compile: \(failure.message)")
        }
        return compilation
    }
}
