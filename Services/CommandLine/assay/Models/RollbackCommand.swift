import ArgumentParser
import AssayMessages
import Foundation

/// Points an alias back at a version that served before.
struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Points an alias back at a version that served under it before.",
        discussion: """
            It goes without the gates that only a move forward must pass (card, metrics, fairness, \
            stability, approval). The version's file is read and its golden rows are replayed \
            before the alias moves.
            """)

    @OptionGroup var registry: RegistryOptions
    @Option(help: "Name of the model.") var model: String
    @Option(help: "Name of the alias.") var alias = "champion"
    @Option(help: "The version to go back to; by default the one before.") var to: UInt32?
    @Option(help: "Why; kept in the registry's log.") var reason: String
    @Option(help: "Number of a ticket; kept beside the reason.") var ticket: String?

    func run() async throws {
        let moved = try await registry.call { client, options in
            let present = try await client.getAlias(
                AssayModelsV1.GetAliasRequest(model: model, alias: alias), options: options)
            let moved = try await client.rollback(
                AssayModelsV1.RollbackRequest(
                    requestID: RegistryOptions.requestID(), model: model, alias: alias,
                    version: to ?? 0, leaving: present.version, reason: reason,
                    ticket: ticket ?? "", actor: NSUserName()),
                options: options)
            return (present.version, moved)
        }
        let left = moved.0
        print(
            "\(model): alias \(alias) rolled back from version \(left) to version "
                + "\(moved.1.version) (generation \(moved.1.generation))")
    }
}
