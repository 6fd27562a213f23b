import ArgumentParser
import AssayMessages
import Foundation
import RPC

/// Points an alias at a version, or ends it.
struct AliasCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alias", abstract: "Points an alias at a version, or ends it.",
        discussion: """
            The alias moves if every gate passes that its policy asks for: see assay models policy \
            show. --delete ends it: calls that name it are refused from then on.
            """)

    @OptionGroup var registry: RegistryOptions
    @Option(help: "Name of the model.") var model: String
    @Option(help: "Name of the alias.") var alias = "champion"
    @Option(help: "Number of the version.") var version: UInt32?
    @Flag(help: "End the alias.") var delete = false
    @Option(help: "Why; kept in the registry's log.") var reason: String
    @Option(help: "Number of a ticket; kept beside the reason.") var ticket: String?

    func validate() throws {
        guard delete != (version != nil) else {
            throw ValidationError("give --version or --delete")
        }
    }

    func run() async throws {
        if let version { return try await move(to: version) }
        let event = try await registry.call { client, options in
            let present = try await client.getAlias(
                AssayModelsV1.GetAliasRequest(model: model, alias: alias), options: options)
            return try await client.deleteAlias(
                AssayModelsV1.DeleteAliasRequest(
                    requestID: RegistryOptions.requestID(), model: model, alias: alias,
                    expectedVersion: present.version, expectedGeneration: present.generation,
                    reason: reason, ticket: ticket ?? "", actor: NSUserName()),
                options: options)
        }
        print("\(model): alias \(alias) is gone; it was at version \(event.previousVersion)")
    }

    private func move(to version: UInt32) async throws {
        let moved = try await registry.call { client, options in
            try await ModelPush(registry: client, options: options).move(
                model: model, alias: alias, to: version, reason: reason, ticket: ticket ?? "")
        }
        print(
            "\(moved.model): alias \(moved.alias) → version \(moved.version) "
                + "(generation \(moved.generation))")
    }
}
