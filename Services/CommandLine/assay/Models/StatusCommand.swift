import ArgumentParser
import AssayMessages
import Foundation

/// Suspends, reinstates, retires or erases a version.
struct StatusCommand: AsyncParsableCommand {
    enum Status: String, CaseIterable, ExpressibleByArgument {
        case candidate, approved, suspended, retired, erased

        var message: AssayModelsV1.VersionStatus {
            switch self {
            case .candidate: .candidate
            case .approved: .approved
            case .suspended: .suspended
            case .retired: .retired
            case .erased: .erased
            }
        }
    }

    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Suspends, reinstates, retires or erases a version.",
        discussion: """
            A suspended version scores nothing until it is a candidate or approved again, as it was \
            before. What is retired stays so. erased removes the model file of a retired version; \
            its record and its history stay. What an alias points to cannot be taken away.
            """)

    @OptionGroup var registry: RegistryOptions
    @Option(help: "Name of the model.") var model: String
    @Option(help: "Number of the version.") var version: UInt32
    @Option(help: "Its status from now on.") var to: Status
    @Option(help: "Why; kept in the registry's log.") var reason: String
    @Option(help: "Number of a ticket; kept beside the reason.") var ticket: String?

    func run() async throws {
        let changed = try await registry.call { client, options in
            try await client.setStatus(
                AssayModelsV1.SetStatusRequest(
                    requestID: RegistryOptions.requestID(), model: model, version: version,
                    status: to.message, reason: reason, ticket: ticket ?? "",
                    actor: NSUserName()),
                options: options)
        }
        print("\(changed.model) version \(changed.number) is \(changed.status)")
    }
}
