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
        for line in DecisionText.lines(found) { print(line) }
        for line in Self.flags(found) { print(line) }
        for line in DecisionText.origin(found) { print(line) }
        print("  decided \(found.decidedAt)")
    }

    private static func flags(_ decision: AssayRiskV1.Decision) -> [String] {
        let rows = decision.flags.map {
            ["  \($0.rule)", $0.name, "\($0.score) points", $0.severity, $0.text]
        }
        var lines = DecisionTable.aligned(rows)
        if !decision.missingFacts.isEmpty {
            let names = decision.missingFacts.map { "\($0.fact) (\($0.cause))" }
            lines.append("  not known: " + names.joined(separator: ", "))
        }
        return lines
    }
}
