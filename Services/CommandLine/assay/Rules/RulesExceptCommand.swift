import ArgumentParser
import AssayMessages
import Foundation
import Wire

/// Puts an exception for one subject, or an entry of a list, up for review.
struct RulesExceptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "except",
        abstract: "Proposes an exception for one subject, or an entry of a list.",
        discussion: """
            override lets a customer or an account through, at most 90 days; snooze silences one rule \
            for it; list adds an entry to a list, or takes one away. Each is reviewed and applied as \
            other changes are.
            """)

    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case override, snooze, list
    }

    @Argument(help: "override, snooze or list.") var kind: Kind
    @Argument(help: "Id of the customer or the account; of a list, the entry.") var subject: String
    @Option(help: "The rule to silence.") var rule: String?
    @Option(help: "The list to change.") var list: String?
    @Option(help: "For how many days; of a list's entry: it expires then.") var days: Int?
    @Option(help: "Where a list's entry comes from.") var source: String?
    @Flag(help: "Take the entry out of the list.") var remove = false
    @Option(help: "Why.") var reason: String
    @Option(help: "Number of a ticket; kept beside the reason.") var ticket: String?
    @OptionGroup var service: RulesOptions
    @OptionGroup var output: RulesOutput

    func validate() throws {
        if kind == .snooze, rule == nil { throw ValidationError("--rule says which rule") }
        if kind == .list, list == nil { throw ValidationError("--list says which list") }
        if kind != .list, days == nil { throw ValidationError("--days says for how long") }
        if let days, !(1...36_500).contains(days) { throw ValidationError("--days is 1 or more") }
    }

    func run() async throws {
        let exception = exception()
        let proposal = try await service.call { client, options in
            try await client.proposeException(
                AssayRiskV1.ExceptionRequest(
                    requestID: RulesOptions.requestID(), exception: exception, reason: reason,
                    ticket: ticket ?? "", actor: NSUserName()),
                options: options)
        }
        if output.json { return print(RulesText.json(proposal)) }
        print(RulesText.lines(proposal).joined(separator: "\n"))
        print("next, with another key: assay rules review \(proposal.proposalID) --approve")
    }

    private func exception() -> AssayRiskV1.RuleException {
        let seconds = Int64(Date().timeIntervalSince1970) + Int64(days ?? 0) * 86_400
        let until = Timestamp(seconds: seconds) ?? .blank()
        switch kind {
        case .override:
            return .override(AssayRiskV1.OverrideException(subject: subject, until: until))
        case .snooze:
            return .snooze(
                AssayRiskV1.SnoozeException(rule: rule ?? "", subject: subject, until: until))
        case .list:
            return .listEntry(
                AssayRiskV1.ListEntryException(
                    list: list ?? "", entry: subject, source: source ?? "",
                    expires: days == nil ? nil : until, remove: remove))
        }
    }
}
