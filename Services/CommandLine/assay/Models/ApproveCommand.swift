import ArgumentParser
import AssayMessages
import Foundation

/// Approves or rejects a version.
struct ApproveCommand: AsyncParsableCommand {
    enum Decision: String, CaseIterable, ExpressibleByArgument {
        case approved, rejected, withdrawn

        var message: AssayModelsV1.ApprovalDecision {
            switch self {
            case .approved: .approved
            case .rejected: .rejected
            case .withdrawn: .withdrawn
            }
        }
    }

    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Approves or rejects a version.",
        discussion: """
            It is said in the name of the API key: on a development machine by the key "reviewer", \
            since whoever uploaded a version cannot approve it. What a person says replaces what \
            they said before; a rejection stands until then.
            """)

    @OptionGroup var registry: RegistryOptions
    @Option(help: "Name of the model.") var model: String
    @Option(help: "Number of the version.") var version: UInt32
    @Option(help: "As what you speak, such as \"model risk\".") var role: String
    @Option(help: "What you decide.") var decision = Decision.approved
    @Option(help: "Why; kept in the registry's log.") var reason: String
    @Option(help: "Number of a ticket; kept beside the reason.") var ticket: String?

    func run() async throws {
        let (said, record) = try await registry.call(as: .reviewer) { client, options in
            let said = try await client.approve(
                AssayModelsV1.ApproveRequest(
                    requestID: RegistryOptions.requestID(), model: model, version: version,
                    decision: decision.message, role: role, reason: reason,
                    ticket: ticket ?? "", actor: NSUserName()),
                options: options)
            let record = try await client.getVersion(
                AssayModelsV1.VersionRef(model: model, version: version), options: options)
            return (said, record)
        }
        print(
            "\(model) version \(version): \(said.decision) by \(said.person), \(said.role); it is "
                + "\(record.version.status)")
    }
}
