import ArgumentParser
import AssayMessages

/// Shows everything that a decision was made from.
struct DecisionsExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Shows what a decision was made from: rules of then, facts, the model's reasons.")

    @Argument(help: "Id of the decision.") var decision: String
    @Flag(help: "Rules that did not hold, too.") var all = false
    @Flag(help: "Values of personal facts; needs the scope risk.decisions.personal.")
    var personal = false
    @Flag(help: "Print the explanation as JSON.") var json = false
    @OptionGroup var service: DecisionsOptions

    func run() async throws {
        let id = try DecisionsOptions.decision(decision)
        let found = try await service.call { client, options in
            try await client.explainDecision(
                .init(decisionID: id, personal: personal), options: options)
        }
        if json { return print(String(decoding: found.json(), as: UTF8.self)) }
        for line in DecisionText.lines(found.decision) { print(line) }
        for line in DecisionText.origin(found.decision) { print(line) }
        for line in DecisionExplanationText.lines(found, all: all) { print(line) }
    }
}
