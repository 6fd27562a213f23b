internal import ArgumentParser
internal import Foundation
internal import SchemaCompiler

/// Where the schemas are; common to all commands.
struct SourceOptions: ParsableArguments {
    @Option(help: "The schema root: a package is a directory below it.")
    var schemas = "Proto/Schemas"

    /// Compiles all schemas below the root and prints what there is to say about them.
    func compile() throws -> Compilation {
        let compilation = Compilation(try files())
        for diagnostic in compilation.diagnostics {
            Console.error(compilation.rendered(diagnostic))
        }
        let errors = compilation.diagnostics.count { $0.severity == .error }
        if errors > 0 { throw Failure.findings("\(errors) error\(errors == 1 ? "" : "s")") }
        return compilation
    }

    func files() throws -> [SourceFile] {
        let names: [String]
        do {
            names = try FileManager.default.subpathsOfDirectory(atPath: schemas)
        } catch {
            throw Failure.input("cannot read the schema root '\(schemas)'")
        }
        let schemaNames = names.filter { $0.hasSuffix(".schema") }
        if schemaNames.isEmpty { throw Failure.input("no .schema file below '\(schemas)'") }
        return try schemaNames.map { name in
            guard let data = FileManager.default.contents(atPath: "\(schemas)/\(name)") else {
                throw Failure.input("cannot read '\(schemas)/\(name)'")
            }
            return SourceFile(path: name, bytes: Array(data))
        }
    }
}

/// Standard error, a line at a time.
enum Console {
    static func error(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}
