import ArgumentParser
import AssayMessages
import Foundation
import Wire

/// Says which version answered at a moment.
struct AsOfCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "as-of", abstract: "Says which version answered under an alias at a moment.")

    @OptionGroup var registry: RegistryOptions
    @Option(help: "Name of the model.") var model: String
    @Option(help: "Name of the alias.") var alias = "champion"
    @Option(help: "The moment, such as 2026-11-22T11:40:00Z.") var time: String

    func run() async throws {
        guard let date = try? Date(time, strategy: .iso8601) else {
            throw Complaint("\(time): expected a moment such as 2026-11-22T11:40:00Z")
        }
        guard let moment = Timestamp(seconds: Int64(date.timeIntervalSince1970), nanoseconds: 0)
        else { throw Complaint("\(time): expected a moment of the years 1 to 9999") }
        let answer = try await registry.call { client, options in
            try await client.asOf(
                AssayModelsV1.AsOfRequest(model: model, alias: alias, time: moment),
                options: options)
        }
        guard answer.version > 0 else {
            print("\(model)@\(alias) pointed to no version at \(time)")
            if let event = answer.event { print("  since \(RegistryText.line(event))") }
            return
        }
        print("\(model)@\(alias) pointed to version \(answer.version) at \(time)")
        if let event = answer.event { print("  by \(RegistryText.line(event))") }
    }
}
