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
        @OptionGroup var place: WorkspaceOptions
        @Option(help: "Name of the model.") var model: String
        @Option(help: "JSON file with what the model file cannot say.") var manifest: String
        @Option(help: "The model file, as the training library saved it.") var artifact: String
        @Option(help: "Alias to move to the new version.") var alias: String?

        func run() async throws {
            let connection = try GatewayConnection(place.workspace, key: .demo)
            let push = ModelPush(connection)
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
            if let alias {
                let moved = try await move(push, alias, to: version.number)
                print("  alias \(moved.alias) → version \(moved.version)")
            }
            await connection.transport.close()
        }

        private func register(_ push: ModelPush) async throws -> AssayModelsV1.Version {
            let size = ModelPush.size(artifact) ?? 0
            if size > ModelUpload.smallestBytes {
                return try await ModelUpload(workspace: place.workspace).register(
                    model: model, manifest: manifest, artifact: artifact)
            }
            return try await push.register(model: model, manifest: manifest, artifact: artifact)
        }

        private func move(
            _ push: ModelPush, _ alias: String, to version: UInt32
        ) async throws -> AssayModelsV1.Alias {
            do {
                return try await push.move(
                    model: model, alias: alias, to: version, reason: "assay models push")
            } catch {
                if let refusal = error as? RPCError {
                    throw Complaint(RegistryOptions.text(refusal))
                }
                throw error
            }
        }
    }
}
