import ArgumentParser
import AssayMessages

/// Works on shadows: versions that score calls of an alias too, behind their replies.
struct ShadowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shadow",
        abstract: "Lets a version score calls of an alias too, behind their replies.",
        discussion: """
            Files of shadows are planned and applied like those of experiments, from the same \
            folder or another one.
            """,
        subcommands: [
            ExperimentsPlanCommand.self, ExperimentsApplyCommand.self, ShadowStatusCommand.self,
            ShadowStopCommand.self,
        ])
}

/// Shows shadows as they stand.
struct ShadowStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows shadows as they stand, and how their calls fared.")

    @Option(help: "Only those of this model.") var model: String?
    @Flag(help: "Those that have ended, too.") var all = false
    @Flag(help: "Print the reply as JSON.") var json = false
    @OptionGroup var service: MonitoringOptions

    func run() async throws {
        let request = AssayModelsV1.ListShadowsRequest(model: model ?? "", withStopped: all)
        let page = try await service.call { client, options in
            try await client.listShadows(request, options: options)
        }
        if json { return print(String(decoding: page.json(), as: UTF8.self)) }
        if page.shadows.isEmpty { return print(all ? "there is no shadow" : "no shadow runs") }
        for shadow in page.shadows { print(ShadowText.status(shadow).joined(separator: "\n")) }
    }
}

/// Ends a shadow.
struct ShadowStopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Ends a shadow; what it recorded stays until it expires.")

    @Argument(help: "Name of the model.") var model: String
    @Argument(help: "Name of the shadow.") var shadow: String
    @Option(help: "Why; kept in the registry's log.") var reason: String
    @OptionGroup var service: MonitoringOptions

    func run() async throws {
        let request = AssayModelsV1.StopShadowRequest(
            requestID: ExperimentsOptions.requestID(), model: model, shadow: shadow,
            reason: reason)
        let stopped = try await service.call { client, options in
            try await client.stopShadow(request, options: options)
        }
        print(ShadowText.status(stopped).joined(separator: "\n"))
    }
}
