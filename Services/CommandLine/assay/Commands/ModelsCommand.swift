import ArgumentParser
import AssayMessages
import Foundation
import RPC

/// Scores with model files, registers models and moves aliases.
struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "Scores with model files, registers models and moves aliases.",
        subcommands: [
            Push.self,
            AliasCommand.self,
            ApproveCommand.self,
            RollbackCommand.self,
            StatusCommand.self,
            PolicyCommand.self,
            ListModelsCommand.self,
            ShowModelCommand.self,
            ModelHistoryCommand.self,
            AsOfCommand.self,
            PredictCommand.self,
            ExplainModelCommand.self,
            ShadowCommand.self,
            CompareModelsCommand.self,
            ModelStatisticsCommand.self,
            FsckCommand.self,
        ])

    struct Push: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Registers a model file as a new version.")
        @OptionGroup var registry: RegistryOptions
        @Option(help: "Name of the model.") var model: String
        @Option(help: "JSON file with what the model file cannot say.") var manifest: String
        @Option(help: "The model file, as the training library saved it.") var artifact: String
        @Option(help: "Alias to move to the new version.") var alias: String?

        func run() async throws {
            try await registry.call(deadline: .seconds(600), push)
        }

        private func push(
            _ client: AssayModelsV1.ModelRegistry.Client, _ options: CallOptions
        ) async throws {
            let push = ModelPush(registry: client, options: options)
            let version = try await register(push)
            let digest = version.artifact.map {
                String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)
            }
            .joined()
            print(
                "\(version.model) version \(version.number): \(version.format), "
                    + "\(version.trees) trees, \(version.inputs) inputs, "
                    + "\(version.goldenRows) golden rows reproduced")
            print("  sha256 \(digest)")
            guard let alias else { return }
            let moved = try await push.move(
                model: model, alias: alias, to: version.number, reason: "assay models push")
            print("  alias \(moved.alias) → version \(moved.version)")
        }

        private func register(_ push: ModelPush) async throws -> AssayModelsV1.Version {
            let size = ModelPush.size(artifact) ?? 0
            if size > ModelUpload.smallestBytes {
                return try await ModelUpload(registry: push.registry, options: push.options)
                    .register(model: model, manifest: manifest, artifact: artifact)
            }
            return try await push.register(model: model, manifest: manifest, artifact: artifact)
        }
    }
}
