import ArgumentParser
import AssayMessages

/// Shows proposals, newest first.
struct RulesProposalsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proposals",
        abstract: "Shows what was proposed, newest first; with an id, all of that proposal.")

    enum Status: String, CaseIterable, ExpressibleByArgument {
        case proposed, approved, rejected, applied, void

        var message: AssayRiskV1.ProposalStatus {
            switch self {
            case .proposed: .proposed
            case .approved: .approved
            case .rejected: .rejected
            case .applied: .applied
            case .void: .void
            }
        }
    }

    @Argument(help: "Id of a proposal, such as change-7.") var id: String?
    @Option(help: "Only proposals that stand so.") var status: Status?
    @Option(help: "At most so many.") var last = 20
    @OptionGroup var service: RulesOptions
    @OptionGroup var output: RulesOutput

    func run() async throws {
        let proposals = try await read()
        if let id {
            guard let proposal = proposals.first(where: { $0.proposalID == id }) else {
                throw Complaint("no proposal '\(id)'; 'assay rules proposals' shows them")
            }
            if output.json { return print(RulesText.json(proposal)) }
            return print(RulesText.lines(proposal).joined(separator: "\n"))
        }
        if output.json {
            return print(RulesText.json(AssayRiskV1.ProposalPage(proposals: proposals)))
        }
        for proposal in proposals { print(RulesText.line(proposal)) }
        if proposals.isEmpty { print("no proposals") }
    }

    private func read() async throws -> [AssayRiskV1.Proposal] {
        try await service.call { client, options in
            var found: [AssayRiskV1.Proposal] = []
            var token = ""
            repeat {
                let page = try await client.listProposals(
                    AssayRiskV1.ListProposalsRequest(
                        status: status?.message ?? .unspecified, pageToken: token),
                    options: options)
                found += page.proposals
                token = page.nextPageToken
                if let id, found.contains(where: { $0.proposalID == id }) { break }
            } while !token.isEmpty && (id != nil || found.count < last)
            return id == nil ? Array(found.prefix(last)) : found
        }
    }
}
