import AssayMessages
import Foundation
import RPC

@testable import ModelCore

/// A registry with the models `trees` (boosted, of XGBoost), `forest` and `line`, one version each.
struct EnsembleKit {
    let kit: RegistryKit
    let registry: ModelRegistry
    let inputs: [AssayModelsV1.InputField]
    /// One row of all inputs.
    let row: [Double]

    static let forest = Array(
        """
        {"format":"assay-forest","version":1,"kind":"regressor",
         "inputs":["amount","card_txn_cnt_1h"],"trees":[
         {"left":[1,-1,3,-1,-1],"right":[2,-1,4,-1,-1],"feature":[0,-2,1,-2,-2],
          "threshold":[100,-2,3,-2,-2],"value":[0,0.25,0,0.5,2],
          "missing_left":[true,true,true,true,true],"cover":[10,6,4,1,3]}]}
        """.utf8)
    static let line = Array(
        """
        {"format":"assay-linear","version":1,"inputs":["card_txn_cnt_24h","amount"],
         "impute":[0,0],"scaler":{"mean":[2,150],"scale":[3,90]},
         "coefficients":[[0.7,-0.3]],"intercept":[-0.9],"link":"logit"}
        """.utf8)

    init() async throws {
        kit = try RegistryKit()
        registry = try await kit.open()
        let manifest = try Example.payments.manifest()
        inputs = manifest.inputs
        row = manifest.goldenRows[0].values
        _ = try await registry.register(try Example.payments.registration(model: "trees"))
        for (name, file, own) in [
            ("forest", Self.forest, ["amount", "card_txn_cnt_1h"]),
            ("line", Self.line, ["card_txn_cnt_24h", "amount"]),
        ] {
            let fields = own.map {
                AssayModelsV1.InputField(name: $0, kind: .number, nullable: true)
            }
            _ = try await registry.register(
                .init(
                    requestID: "r-1", model: name, manifest: .init(inputs: fields), artifact: file,
                    actor: "ann"))
        }
    }

    /// What version 1 of a model answers to the row, of which it takes what it knows.
    func ask(
        _ model: String, _ registry: ModelRegistry? = nil,
        explain: AssayModelsV1.ExplainMode = .unspecified
    ) async throws -> AssayModelsV1.PredictResponse {
        let values =
            switch model {
            case "forest": [row[0], row[1]]
            case "line": [row[2], row[0]]
            default: row
            }
        return try await ModelServingService(registry ?? self.registry).predict(
            .init(
                requestID: "p", model: model, selector: .version(1), values: values,
                explain: explain),
            context: ServerContext(method: AssayModelsV1.ModelServing.predict))
    }

    func register(
        _ model: String, _ members: [String], combine: String = "weighted",
        on space: String = "margin", golden: [Double] = [], id: String = "r-1"
    ) async throws -> AssayModelsV1.Version {
        let rows: [AssayModelsV1.GoldenRow] =
            golden.isEmpty ? [] : [.init(values: row, margin: golden)]
        return try await registry.register(
            .init(
                requestID: id, model: model, manifest: .init(inputs: inputs, goldenRows: rows),
                artifact: EnsembleText.file(
                    combine, on: space, inputs: inputs.map(\.name), members),
                actor: "ann"))
    }

    func set(
        _ model: String, _ status: AssayModelsV1.VersionStatus, id: String, by actor: String = "bob"
    ) async throws -> AssayModelsV1.Version {
        try await registry.setStatus(
            .init(
                requestID: id, model: model, version: 1, status: status, reason: "old",
                actor: actor))
    }

    /// Damages the file of a model's version 1.
    func damage(_ model: String) throws {
        let artifact = try registry.snapshot.model(model).records[0].artifact
        let name = ArtifactDigest(artifact)?.description
        for file in try kit.artifactFiles() where file.lastPathComponent == name {
            try Data("{}".utf8).write(to: file)
        }
    }
}
