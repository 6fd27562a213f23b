import ArgumentParser
import AssayMessages
import Foundation

/// Makes an approved proposal live.
struct RulesApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Makes an approved proposal live: the next payment is decided by it.",
        discussion: """
            --break-glass applies what nobody approved: it is logged as such, and goes back after 24 \
            hours unless somebody else approves it.
            """)

    @Argument(help: "Id of the proposal, such as change-7.") var id: String
    @Option(help: "Why.") var reason: String
    @Option(help: "Number of a ticket; kept beside the reason.") var ticket: String?
    @Option(help: "Digest of the set that must be live, or nothing is changed.")
    var expected: String?
    @Flag(help: "Apply it without an approval.") var breakGlass = false
    @OptionGroup var service: RulesOptions
    @OptionGroup var output: RulesOutput

    func run() async throws {
        let expected = try expected.map { try RulesFilesCommand.bytes($0) } ?? []
        let set = try await service.call { client, options in
            try await client.applyRules(
                AssayRiskV1.ApplyRequest(
                    requestID: RulesOptions.requestID(), proposalID: id,
                    expectedRuleSet: expected, reason: reason, ticket: ticket ?? "",
                    actor: NSUserName(), breakGlass: breakGlass),
                options: options)
        }
        if output.json { return print(RulesText.json(set)) }
        print("live: \(RulesText.line(set))")
    }
}
