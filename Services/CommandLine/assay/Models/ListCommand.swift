import ArgumentParser
import AssayMessages
import RPC

/// Lists models, or the versions of one.
struct ListModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the models of a running registry, or one's versions.")

    @OptionGroup var registry: RegistryOptions
    @Option(help: "List the versions of this model.") var model: String?

    func run() async throws {
        try await registry.call { client, options in
            if let model {
                print(try await versions(of: model, client, options))
            } else {
                print(try await models(client, options))
            }
        }
    }

    private func models(
        _ client: AssayModelsV1.ModelRegistry.Client, _ options: CallOptions
    ) async throws -> String {
        var rows: [[String]] = []
        var request = AssayModelsV1.ListModelsRequest()
        while true {
            let page = try await client.listModels(request, options: options)
            guard let last = page.models.last else { break }
            rows += page.models.map { model in
                [
                    model.model, "\(model.versions)", RegistryText.time(model.changedAt),
                    model.aliases.map { "\($0.alias) → \($0.version)" }.joined(separator: ", "),
                ]
            }
            request.after = last.model
        }
        guard !rows.isEmpty else { return "no models; register one with: assay models push" }
        return RegistryText.table(["MODEL", "VERSIONS", "CHANGED", "ALIASES"], rows)
    }

    private func versions(
        of model: String, _ client: AssayModelsV1.ModelRegistry.Client, _ options: CallOptions
    ) async throws -> String {
        var versions: [AssayModelsV1.Version] = []
        var aliases: [UInt32: [String]] = [:]
        var request = AssayModelsV1.ListVersionsRequest(model: model)
        while true {
            let page = try await client.listVersions(request, options: options)
            if versions.isEmpty {
                for alias in page.aliases {
                    aliases[alias.version, default: []].append(alias.alias)
                }
            }
            versions = page.versions + versions
            guard let first = page.versions.first, first.number > 1 else { break }
            request.before = first.number
        }
        return RegistryText.table(
            [
                "VERSION", "STATUS", "FORMAT", "TREES", "INPUTS", "GOLDEN", "REGISTERED", "BY",
                "ALIASES",
            ],
            versions.map { version in
                [
                    "\(version.number)", "\(version.status)", version.format, "\(version.trees)",
                    "\(version.inputs)",
                    "\(version.goldenRows)", RegistryText.time(version.registeredAt),
                    version.uploader, (aliases[version.number] ?? []).joined(separator: ", "),
                ]
            })
    }
}
