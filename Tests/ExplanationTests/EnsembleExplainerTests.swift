import RandomModels
import Testing

@testable import Inference

@Suite("Explanations of ensembles")
struct EnsembleExplainerTests {
    private static let names = (0..<6).map { "f\($0)" }

    private static func trees(_ seed: UInt64) -> ScoringModel {
        var generator = RandomEnsemble(seed: seed)
        return .single(
            CompiledModel(
                LoadedModel(
                    format: .xgboostJSON, library: "", objective: "", link: .xgboostLogistic,
                    inputs: names.map { ModelInput(name: $0) }, body: .trees(generator.binary()))))
    }

    private static func linear() throws -> ScoringModel {
        let text = """
            {"format":"assay-linear","version":1,"inputs":["f2","f0"],"impute":[0,0],"link":"logit",
             "scaler":{"mean":[0.5,1],"scale":[2,3]},"coefficients":[[1.5,-0.7]],"intercept":[0.2]}
            """
        return .single(CompiledModel(try ModelFile.load(Array(text.utf8))))
    }

    private static func isolation() throws -> ScoringModel {
        let text = """
            {"format":"assay-forest","version":1,"kind":"isolation","inputs":["f1"],
             "max_samples":8,"offset":-0.5,"trees":[
              {"left":[1,-1,-1],"right":[2,-1,-1],"feature":[0,-2,-2],"threshold":[0.5,-2,-2],
               "samples":[8,3,5],"missing_left":[true,true,true]}]}
            """
        return .single(CompiledModel(try ModelFile.load(Array(text.utf8))))
    }

    private static func ensemble(
        _ members: [ScoringModel], _ how: String, weights: [Double] = [1, 2, 3, 4]
    ) throws -> EnsembleModel {
        let listed = members.indices.map {
            #"{"model":"m","version":\#($0 + 1),"weight":\#(weights[$0])}"#
        }
        let text = """
            {"format":"assay-ensemble","version":1,
             "inputs":[\(names.map { "\"\($0)\"" }.joined(separator: ","))],
             "members":[\(listed.joined(separator: ","))],\(how)}
            """
        return try EnsembleModel(EnsembleFile(Array(text.utf8)), members: members)
    }

    private static func rows() -> [[Double]] {
        var generator = RandomEnsemble(seed: 77)
        return (0..<20).map { _ in generator.row().map { $0.isNaN ? 0 : $0 } }
    }

    @Test("a weighted mean of margins is the weighted mean of the members' parts, exactly")
    func margins() throws {
        let members = [Self.trees(5), Self.trees(6)]
        let model = try Self.ensemble(members, #""combine":"weighted","on":"margin""#)
        let explainer = try #require(EnsembleExplainer(model))
        for row in Self.rows() {
            let ours = try explainer.explain(row)
            let parts = try members.map {
                try #require(Explainers.best(for: $0, artifact: [])).explain(row)
            }
            for input in row.indices {
                let expected = (parts[0].values[input] + 2 * parts[1].values[input]) / 3
                #expect(abs(ours.values[input] - expected) < 1e-12)
            }
            #expect(ours.exactness == .exact && ours.space == .margin)
            let margin = ScoringModel.ensemble(model).score(row).margin[0]
            #expect(ours.values.reduce(ours.base, +) + ours.rounding == margin)
            #expect(abs(ours.rounding) < 1e-5)
        }
    }

    @Test(
        "through links and a stack, base and parts add up to the answer",
        arguments: [
            #""combine":"mean","on":"probability""#, #""combine":"weighted","on":"margin""#,
            #""combine":"stack","on":"probability","stack":{"format":"assay-linear","version":1,"inputs":["a","b","c"],"impute":[null,null,null],"link":"logit","scaler":{"mean":[0.4,0.5,0.6],"scale":[1,1,1]},"coefficients":[[1,2,-3]],"intercept":[0.3]}"#,
        ])
    func rescaled(_ how: String) throws {
        let members = [Self.trees(5), try Self.linear(), try Self.isolation()]
        let model = try Self.ensemble(members, how)
        let explainer = try #require(EnsembleExplainer(model))
        for row in Self.rows() {
            let ours = try explainer.explain(row)
            #expect(ours.exactness == .rescaled && ours.method == .ensemble)
            let margin = ScoringModel.ensemble(model).score(row).margin[0]
            #expect(abs(ours.values.reduce(ours.base, +) - margin) < 1e-6)
            // Nothing asks the other inputs of the linear model and the isolation forest alone.
            #expect(ours.values.count == Self.names.count)
        }
    }

    @Test("an input that no member reads adds nothing; an anomaly's pushes upwards")
    func unread() throws {
        let model = try Self.ensemble([try Self.isolation()], #""combine":"mean","on":"margin""#)
        let explainer = try #require(EnsembleExplainer(model))
        var row = [Double](repeating: 0, count: Self.names.count)
        let rare = try explainer.explain(row)
        row[1] = 1
        let common = try explainer.explain(row)
        #expect(rare.values[1] > 0 && common.values[1] < 0 && !rare.fallsWithRisk)
        #expect(rare.values.indices.allSatisfy { $0 == 1 || rare.values[$0] == 0 })
    }

    @Test("an ensemble within an ensemble is explained through both")
    func nested() throws {
        let inner = try Self.ensemble(
            [Self.trees(5), Self.trees(6)], #""combine":"mean","on":"margin""#)
        let outer = try Self.ensemble(
            [.ensemble(inner), Self.trees(9)], #""combine":"mean","on":"probability""#)
        let explainer = try #require(EnsembleExplainer(outer))
        for row in Self.rows() {
            let ours = try explainer.explain(row)
            let answer = ScoringModel.ensemble(outer).score(row).probability[0]
            #expect(abs(ours.values.reduce(ours.base, +) - answer) < 1e-6)
        }
    }

    @Test("a vote has no parts of its own: it is asked, if there is a background")
    func vote() throws {
        let model = ScoringModel.ensemble(
            try Self.ensemble([Self.trees(5), Self.trees(6)], #""combine":"vote""#))
        #expect(Explainers.best(for: model, artifact: []) == nil)
        #expect(Explainers.refusal(model) == "a vote of members is no sum")
        let background = try #require(BackgroundRows(Array(Self.rows().prefix(4))))
        let row = Self.rows()[9]
        for method in [Attributions.Method.coalitions, .permutations, .kernelShap] {
            let explainer = try Explainers.make(
                method, for: model, background: background, artifact: [1])
            #expect(explainer.method == method && explainer.rowsAsked > 0)
            let ours = try explainer.explain(row)
            let sum = ours.values.reduce(ours.base, +) + ours.rounding
            #expect(abs(sum - model.score(row).margin[0]) < 1e-9)
        }
    }

    @Test("a method that is not for a model is refused with its reason")
    func refusals() throws {
        func refusal(
            _ method: Attributions.Method, _ model: ScoringModel,
            _ background: BackgroundRows? = nil
        ) -> String? {
            do throws(Explainers.Refusal) {
                _ = try Explainers.make(method, for: model, background: background, artifact: [])
                return nil
            } catch { return error.description }
        }
        let trees = Self.trees(5)
        #expect(refusal(.treeShap, trees) == nil)
        #expect(refusal(.linear, trees) == "linear is not for it: the model is made of trees")
        #expect(
            refusal(.treeShap, try Self.linear()) == "tree_shap is not for it: the model is linear")
        #expect(
            refusal(.lime, trees) == "lime asks the model with background rows, and none are given")
        #expect(
            refusal(.lime, trees, BackgroundRows([[1]]))
                == "background rows of 1 values for \(Self.names.count) inputs")
    }
}
