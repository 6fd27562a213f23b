import AssayMessages
import RPC

@testable import ModelCore

/// Versions made of a few numbers.
enum SmallVersion {
    typealias Field = AssayModelsV1.InputField

    /// margin = a + 2b + 0.5 over the inputs a and b; a missing one counts as 0.
    static func artifact(_ inputs: [String] = ["a", "b"], link: String = "logit") -> [UInt8] {
        let names = inputs.map { "\"\($0)\"" }.joined(separator: ",")
        let zeros = inputs.map { _ in "0" }.joined(separator: ",")
        let ones = inputs.map { _ in "1" }.joined(separator: ",")
        let weights = inputs.indices.map { "\($0 + 1)" }.joined(separator: ",")
        return Array(
            """
            {"format":"assay-linear","version":1,"inputs":[\(names)],"impute":[\(zeros)],
             "link":"\(link)","scaler":{"mean":[\(zeros)],"scale":[\(ones)]},
             "coefficients":[[\(weights)]],"intercept":[0.5]}
            """.utf8)
    }

    static func number(
        _ name: String, _ change: (inout Field) -> Void = { _ in }
    ) -> Field {
        var field = Field(name: name, kind: .number, nullable: true)
        change(&field)
        return field
    }

    static func make(
        _ fields: [Field] = [number("a"), number("b")], link: String = "logit",
        number: UInt32 = 1, _ change: (inout AssayModelsV1.Manifest) -> Void = { _ in }
    ) throws(RPCError) -> ServingVersion {
        var manifest = AssayModelsV1.Manifest(inputs: fields)
        change(&manifest)
        let artifact = artifact(fields.map(\.name), link: link)
        return try ServingVersion(
            artifact: artifact, digest: ArtifactDigest(of: artifact), number: number,
            manifest: manifest)
    }

    static func snapshot(
        _ versions: [ServingVersion], champion: UInt32 = 1, generation: UInt64 = 1
    ) -> ServingSnapshot {
        let model = ServingModel(
            name: "m", aliases: ["champion": champion],
            versions: Dictionary(uniqueKeysWithValues: versions.map { ($0.number, $0) }),
            damage: [:], newest: versions.map(\.number).max() ?? 0)
        return ServingSnapshot(generation: generation, models: ["m": model])
    }
}

extension ServingVersion {
    func predict(
        _ values: [Double], _ change: (inout AssayModelsV1.PredictRequest) -> Void = { _ in }
    ) throws(RPCError) -> AssayModelsV1.PredictResponse {
        var request = AssayModelsV1.PredictRequest(requestID: "p", model: "m", values: values)
        change(&request)
        return try Predictor.predict(request, with: self, generation: 1)
    }
}

/// The error of what must fail.
func refusal<Result>(_ body: () throws -> Result) -> RPCError {
    do {
        _ = try body()
        return RPCError(.ok, "it succeeded")
    } catch {
        return error as? RPCError ?? RPCError(.unknown, "\(error)")
    }
}
