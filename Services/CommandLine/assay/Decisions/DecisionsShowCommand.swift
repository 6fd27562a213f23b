import ArgumentParser
import AssayMessages

/// Shows one decision.
struct DecisionsShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows one decision with its reasons.")

    @Argument(help: "Id of the decision.") var decision: String
    @Flag(help: "Print the decision as JSON.") var json = false
    @OptionGroup var service: DecisionsOptions

    func run() async throws {
        let id = try DecisionsOptions.decision(decision)
        let found = try await service.call { client, options in
            try await client.getDecision(.init(decisionID: id), options: options)
        }
        if json { return print(String(decoding: found.json(), as: UTF8.self)) }
        for line in DecisionSheet.lines(found) { print(line) }
    }
}
