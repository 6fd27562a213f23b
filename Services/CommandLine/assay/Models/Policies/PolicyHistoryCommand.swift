import ArgumentParser
import AssayMessages

/// Prints who changed what aliases ask for, when and why.
struct PolicyHistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Prints every change of policies, oldest first.")

    @OptionGroup var registry: RegistryOptions

    func run() async throws {
        try await registry.call { client, options in
            var request = AssayModelsV1.HistoryRequest(model: "@policies")
            repeat {
                let page = try await client.history(request, options: options)
                for event in page.events { print(RegistryText.line(event)) }
                request.after = page.next
            } while request.after != 0
        }
    }
}
