import ArgumentParser
import AssayMessages
import Foundation

/// Approves or rejects what somebody else proposed.
struct RulesReviewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "review",
        abstract: "Approves or rejects what somebody else proposed.",
        discussion: """
            It is said in the name of the API key: on a development machine by the key "reviewer", \
            since whoever proposes a change cannot approve it.
            """)

    @Argument(help: "Id of the proposal, such as change-7.") var id: String
    @Flag(help: "Approve it.") var approve = false
    @Flag(help: "Reject it.") var reject = false
    @Option(help: "What you have to say; kept with the proposal.") var comment = ""
    @OptionGroup var service: RulesOptions
    @OptionGroup var output: RulesOutput

    func validate() throws {
        if approve == reject { throw ValidationError("say --approve or --reject") }
    }

    func run() async throws {
        let proposal = try await service.call(as: .reviewer) { client, options in
            try await client.reviewProposal(
                AssayRiskV1.ReviewRequest(
                    requestID: RulesOptions.requestID(), proposalID: id, approve: approve,
                    comment: comment, actor: NSUserName()),
                options: options)
        }
        if output.json { return print(RulesText.json(proposal)) }
        print(RulesText.lines(proposal).joined(separator: "\n"))
        if proposal.status == .approved {
            print("next: assay rules apply \(proposal.proposalID) --reason …")
        }
    }
}
