internal import ArgumentParser
internal import SchemaCompiler

/// `schemac describe`: numbers, bounds, fingerprints and policy of one declaration.
struct Describe: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows everything about a type, service, rpc or package.")

    @OptionGroup var sources: SourceOptions

    @Argument(help: "A full name, or the end of one: AssessRequest, assay.risk.v1, RiskService.")
    var name: String

    func run() throws {
        switch try sources.compile().describe(name) {
        case .text(let text): print(text, terminator: "")
        case .ambiguous(let names):
            throw Failure.input(
                "'\(name)' may be one of these:\n" + names.map { "  \($0)" }.joined(separator: "\n")
            )
        case .unknown(let suggestion):
            let hint = suggestion.map { "; did you mean '\($0)'?" } ?? ""
            throw Failure.input("nothing is called '\(name)' below '\(sources.schemas)'\(hint)")
        }
    }
}
