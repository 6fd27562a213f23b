import ArgumentParser
import AssayMessages

/// Prints what the registry knows of one version.
struct ShowModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Prints a version: its file, its inputs, where it serves.")

    @OptionGroup var registry: RegistryOptions
    @Option(help: "Name of the model.") var model: String
    @Option(help: "Number of the version; by default the one an alias points to.")
    var version: UInt32?
    @Option(help: "The alias whose version is meant.") var alias: String?
    @Flag(help: "Print the version and its whole manifest as JSON.") var json = false

    func validate() throws {
        guard version == nil || alias == nil else {
            throw ValidationError("give --version or --alias, not both")
        }
    }

    func run() async throws {
        try await registry.call { client, options in
            let record = try await client.getVersion(
                AssayModelsV1.VersionRef(
                    model: model, version: version ?? 0, alias: alias ?? ""), options: options)
            if json { return print(String(decoding: record.json(), as: UTF8.self)) }
            let page = try await client.listVersions(
                AssayModelsV1.ListVersionsRequest(model: model, limit: 1), options: options)
            let aliases = page.aliases.filter { $0.version == record.version.number }
            for (name, value) in facts(record, aliases) where !value.isEmpty {
                print("\(name.padding(toLength: 12, withPad: " ", startingAt: 0)) \(value)")
            }
            for approval in record.state?.approvals ?? [] {
                print(
                    "\(approval.decision) by \(approval.person), \(approval.role), "
                        + "\(RegistryText.time(approval.time)) — \(approval.reason)")
            }
            for line in inputs(record.manifest) { print(line) }
        }
    }

    private func facts(
        _ record: AssayModelsV1.VersionRecord, _ aliases: [AssayModelsV1.Alias]
    ) -> [(String, String)] {
        let (version, manifest) = (record.version, record.manifest)
        return [
            ("model", version.model), ("version", "\(version.number)"),
            (
                "serves as",
                aliases.map { "\($0.alias) (generation \($0.generation))" }
                    .joined(separator: ", ")
            ),
            ("registered", "\(RegistryText.time(version.registeredAt)) by \(version.uploader)"),
            (
                "artifact",
                "\(version.format), \(RegistryText.size(version.size)), \(version.trees) trees"
            ),
            ("sha256", RegistryText.digest(version.artifact)), ("library", manifest.library),
            ("purpose", manifest.purpose), ("description", manifest.descriptionField),
            ("status", status(record)), ("card", card(manifest)), ("metrics", metrics(manifest)),
            ("golden rows", "\(version.goldenRows)"), ("vector", manifest.vector),
        ]
    }

    private func status(_ record: AssayModelsV1.VersionRecord) -> String {
        let version = record.version
        guard !version.statusReason.isEmpty, let state = record.state else {
            return "\(version.status)"
        }
        return "\(version.status) since \(RegistryText.time(state.changedAt)) by \(state.actor): "
            + version.statusReason
    }

    private func card(_ manifest: AssayModelsV1.Manifest) -> String {
        guard let card = manifest.card else { return "" }
        let review = card.nextReview.map { "; next review \(RegistryText.time($0))" } ?? ""
        return "for \(card.intendedUse); owner \(card.owner), approver \(card.approver)" + review
    }

    private func metrics(_ manifest: AssayModelsV1.Manifest) -> String {
        guard let metrics = manifest.metrics else { return "" }
        let figures = metrics.figures.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
        return "\(figures) on \(metrics.set)"
    }

    private func inputs(_ manifest: AssayModelsV1.Manifest) -> [String] {
        let rows = manifest.inputs.enumerated().map { index, input in
            let kind =
                switch input.kind {
                case .number: "number"
                case .category: "category of \(input.vocabulary.count)"
                case .flag: "flag"
                default: "?"
                }
            return ["\(index)", input.name, kind, input.nullable ? "yes" : "no", input.reasonCode]
        }
        guard !rows.isEmpty else { return [] }
        return ["", RegistryText.table(["INPUT", "NAME", "KIND", "MISSING", "REASON"], rows)]
    }
}
