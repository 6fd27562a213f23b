import ArgumentParser
import AssayMessages
import ModelCore

/// Prints what an alias asks for.
struct PolicyShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Prints what an alias asks of a version, and who said so.")

    @OptionGroup var registry: RegistryOptions
    @Option(help: "Name of the model.") var model: String
    @Option(help: "Name of the alias.") var alias = "champion"

    func run() async throws {
        let found = try await registry.call { client, options in
            try await client.getPolicy(
                AssayModelsV1.GetPolicyRequest(model: model, alias: alias), options: options)
        }
        print("\(model)@\(alias) asks for \(found.policy.sentence)")
        var source = "  said by: \(found.source)"
        if !found.owner.isEmpty { source += " of \(found.owner)" }
        if let time = found.changedAt {
            source += ", since \(RegistryText.time(time)) by \(found.actor)"
        }
        print(source)
        if found.legalHold { print("  under legal hold: nothing of the model may be erased") }
        if !found.heldVersions.isEmpty {
            let numbers = found.heldVersions.map { "\($0)" }.joined(separator: ", ")
            print("  under legal hold: versions \(numbers)")
        }
    }
}
