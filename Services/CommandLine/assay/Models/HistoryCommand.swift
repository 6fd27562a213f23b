import ArgumentParser
import AssayMessages

/// Prints who changed a model, when and why.
struct ModelHistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Prints every change of a model, oldest first.")

    @OptionGroup var registry: RegistryOptions
    @Option(help: "Name of the model.") var model: String
    @Option(help: "Only what concerns this alias.") var alias: String?
    @Option(help: "Only what concerns this version.") var version: UInt32?
    @Flag(help: "Print each event as a line of JSON.") var json = false

    private var nothing: String {
        let asked = [version.map { "version \($0)" }, alias.map { "alias \"\($0)\"" }]
            .compactMap(\.self).joined(separator: " under ")
        return "nothing ever happened to \(asked) of \(model); assay models list --model \(model) "
            + "shows what there is"
    }

    func run() async throws {
        try await registry.call { client, options in
            var request = AssayModelsV1.HistoryRequest(
                model: model, alias: alias ?? "", version: version ?? 0)
            var isEmpty = true
            repeat {
                let page = try await client.history(request, options: options)
                for event in page.events {
                    isEmpty = false
                    print(
                        json
                            ? String(decoding: event.json(), as: UTF8.self)
                            : RegistryText.line(event))
                }
                request.after = page.next
            } while request.after != 0
            // A model has a history, so a selection without one names what is not there.
            if isEmpty { throw Complaint(nothing) }
        }
    }
}
