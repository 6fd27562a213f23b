import ArgumentParser
import AssayMessages
import FeatureCore

/// The store that definitions are compared with, and applied to.
struct RunningStoreOptions: ParsableArguments {
    @Flag(help: "Of the store that runs on the data folder.") var running = false
    @OptionGroup var server: FeatureServerOptions

    /// Whether a store is to be asked, and not a folder.
    var isAsked: Bool { running || server.address != nil }

    func connect() throws -> FeaturesConnection {
        try server.connect(
            scopes: ["features.define", "features.define.apply", "features.read"])
    }

    /// The plan as the store makes it. Throws what is wrong with the files.
    func plan(_ options: PlanOptions) async throws -> AssayFeaturesV1.PlanDefinitionsResponse {
        let connection = try connect()
        let plan = try await AssayFeaturesV1.FeatureStore.Client(connection.transport)
            .planDefinitions(
                AssayFeaturesV1.PlanDefinitionsRequest(
                    files: try options.files(), pinned: options.pinned),
                options: connection.options(.seconds(30)))
        await connection.transport.close()
        guard plan.mistakes.isEmpty else {
            throw Complaint(
                plan.mistakes.map { "\($0.path):\($0.line):\($0.column): \($0.message)" }
                    .joined(separator: "\n"))
        }
        return plan
    }
}

extension PlanOptions {
    /// What a store is sent.
    func files() throws -> [AssayFeaturesV1.DefinitionText] {
        try DefinitionSources(folder: definitions).texts.sorted { $0.key < $1.key }.map {
            AssayFeaturesV1.DefinitionText(path: $0.key, text: $0.value)
        }
    }
}

extension AssayFeaturesV1.PlanDefinitionsResponse {
    func complainIfRefused() throws {
        let refused = changes.filter { !$0.refusal.isEmpty }
        guard !refused.isEmpty else { return }
        throw Complaint(
            refused.map { "\($0.subject) \($0.text): \($0.refusal)" }.joined(separator: "\n"))
    }
}
