internal import ArgumentParser
internal import SchemaCompiler

/// `schemac compile`: writes the generated files, or compares them.
struct Compile: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Writes the generated files.")

    @OptionGroup var sources: SourceOptions

    @Option(help: "Directory for the generated Swift.")
    var swift: String?

    @Option(help: "Directory for the .proto files.")
    var proto: String?

    @Option(help: "File for the descriptors of all .proto files, a FileDescriptorSet.")
    var descriptors: FilePath?

    @Option(help: "File for the OpenAPI document of all unary methods.")
    var openapi: FilePath?

    @Flag(help: "Write nothing; fail if a file would change.")
    var check = false

    func run() throws {
        let compilation = try sources.compile()
        var drift: [String] = []
        if let swift {
            let directory = OutputDirectory(path: swift, suffix: ".swift")
            drift += try update(directory, compilation.swiftFiles())
        }
        if let proto {
            let directory = OutputDirectory(path: proto, suffix: ".proto")
            drift += try update(directory, compilation.protoFiles())
        }
        if let descriptors {
            let file = OutputFile(path: descriptors.name, bytes: compilation.descriptorSet())
            drift += try update(OutputDirectory(path: descriptors.directory), [file])
        }
        if let openapi {
            let file = OutputFile(path: openapi.name, bytes: compilation.openAPI())
            drift += try update(OutputDirectory(path: openapi.directory), [file])
        }
        guard drift.isEmpty else {
            let list = drift.joined(separator: "\n")
            throw Failure.findings(
                "generated files differ from the schemas:\n\(list)\nrun schemac compile to refresh them"
            )
        }
    }

    private func update(_ directory: OutputDirectory, _ files: [OutputFile]) throws -> [String] {
        let drift = try directory.drift(from: files)
        if check { return drift.map(\.description) }
        try directory.write(files)
        return []
    }
}

/// A file that an option names.
struct FilePath: ExpressibleByArgument {
    let directory: String
    let name: String

    init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
        guard let last = parts.last, !last.isEmpty else { return nil }
        name = String(last)
        let folders = parts.dropLast()
        directory = folders.isEmpty ? "." : folders == [""] ? "/" : folders.joined(separator: "/")
    }
}
