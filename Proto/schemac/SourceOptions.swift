internal import ArgumentParser
internal import Foundation
internal import SchemaCompiler

/// Where the schemas are, and how findings are shown; common to all commands.
struct SourceOptions: ParsableArguments {
    @Option(
        name: [.long, .customLong("root")],
        help: "The schema root: a package is a directory below it.")
    var schemas = "Proto/Schemas"

    @Option(help: "Colours of the output: auto (on a terminal), always or never.")
    var color = ColorMode.auto

    func files() throws -> [SourceFile] { try SchemaDirectory(path: schemas).files() }

    /// Compiles all schemas below the root and prints what there is to say about them.
    func compile() throws -> Compilation {
        let compilation = Compilation(try files())
        try report(compilation)
        return compilation
    }

    /// Compiles the schemas for a command that only uses them: of warnings it says nothing.
    func compileQuietly() throws -> Compilation {
        let compilation = Compilation(try files())
        try report(compilation, warnings: false)
        return compilation
    }

    /// Prints the findings of a compilation; fails if one of them is an error.
    func report(_ compilation: Compilation, warnings: Bool = true) throws {
        for diagnostic in compilation.diagnostics
        where warnings || diagnostic.severity == .error {
            Console.error(compilation.rendered(diagnostic, color.palette(of: .standardError)))
        }
        let errors = compilation.diagnostics.count { $0.severity == .error }
        if errors > 0 { throw Failure.findings("\(errors) error\(errors == 1 ? "" : "s")") }
    }
}

/// When output is coloured.
enum ColorMode: String, CaseIterable, ExpressibleByArgument {
    case auto, always, never

    /// The colours for a stream: in `auto`, only a terminal has some, and none where `NO_COLOR` is
    /// set (no-color.org).
    func palette(of stream: FileHandle) -> Palette {
        switch self {
        case .always: return .ansi
        case .never: return .plain
        case .auto:
            let environment = ProcessInfo.processInfo.environment
            let isRefused =
                environment["NO_COLOR"].map { !$0.isEmpty } ?? false
                || environment["TERM"] == "dumb"
            return isatty(stream.fileDescriptor) == 1 && !isRefused ? .ansi : .plain
        }
    }
}

/// Standard error, a line at a time.
enum Console {
    static func error(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}
