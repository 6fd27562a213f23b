internal import ArgumentParser
internal import SchemaCompiler

/// `schemac check`: parses and checks everything, and prints bounds, depth and limits per rpc.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks the schemas and prints the bounds of every rpc.")

    @OptionGroup var sources: SourceOptions

    func run() throws {
        print(try sources.compile().boundsReport(), terminator: "")
    }
}
