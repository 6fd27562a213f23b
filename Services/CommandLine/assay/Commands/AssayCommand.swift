import ArgumentParser

/// The person's tool.
@main
struct AssayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "assay",
        abstract: "Starts Assay on this machine, sends it requests, and shows what it decides.",
        subcommands: [
            RunCommand.self, UpCommand.self, DemoCommand.self, LoadCommand.self, AssessCommand.self,
            FeaturesCommand.self, ModelsCommand.self, ExperimentsCommand.self, RulesCommand.self,
            DecisionsCommand.self, KeysCommand.self, CertificatesCommand.self,
        ])
}

/// Something went wrong that a person can do something about: printed as it is, exit code 1.
struct Complaint: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = TerminalText.escaped(description) }
}
