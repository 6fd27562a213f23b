import RandomModels
import Testing

@testable import Inference

@Suite("Linear models, reasons and importance")
struct ReasonTests {
    private func attributions(_ values: [Double], fallsWithRisk: Bool = false) -> Attributions {
        Attributions(
            base: 0, values: values, method: .treeShap, exactness: .exact, space: .margin,
            fallsWithRisk: fallsWithRisk)
    }

    private let linear = LinearModel(
        profile: .linear, impute: [nil, 2], mean: [10, 1], scale: [4, 2],
        weights: [[0.5, -3], [1, 1]], intercept: [0.25, 7])

    @Test("a linear model: weight times distance from the reference")
    func linearModel() throws {
        let explainer = try #require(LinearExplainer(linear))
        let ours = try explainer.explain([14, .nan])
        #expect(ours.values == [0.5, -1.5] && ours.base == 0.25 && ours.rounding == 0)
        let other = try explainer.explain([14, .nan], output: 1)
        #expect(other.values == [1, 0.5] && other.base == 7)
        let background = BackgroundRows([[10, 1], [18, .nan]])
        let moving = try #require(LinearExplainer(linear, background: background))
        let moved = try moving.explain([14, 5])
        // Means of z: (0 + 2) / 2 and (0 + 0.5) / 2.
        #expect(moved.values == [0, -3 * (2 - 0.25)])
        #expect(moved.base == 0.25 + 0.5 - 0.75)
        #expect(throws: ExplanationError.missingInput(0)) {
            try explainer.explain([.nan, 1])
        }
        #expect(throws: ExplanationError.notFinite) {
            try explainer.explain([.infinity, 1])
        }
    }

    @Test("XGBoost's linear booster: what float32 rounded stands by itself; an offset replaces")
    func booster() throws {
        let model = LinearModel(
            profile: .xgboost, impute: [0, 0], mean: [0, 0], scale: [1, 1],
            weights: [[Double(Float(0.1)), Double(Float(-0.7))]], intercept: [0.5], base: [0.25])
        let row = [0.3, 1.1]
        let explainer = try #require(LinearExplainer(model))
        let ours = try explainer.explain(row)
        #expect(ours.base == 0.75 && ours.rounding != 0 && abs(ours.rounding) < 1e-6)
        #expect(abs(ours.values[0] - 0.1 * 0.3) < 1e-7)
        #expect(try explainer.explain(row, RowOptions(offset: [2])).base == 2.5)
    }

    @Test(
        "a scorecard: points lost against the best or the neutral ones", arguments: [true, false])
    func scorecard(neutral: Bool) throws {
        let text = """
            {"format": "assay-linear", "version": 1, "inputs": ["age", "debt"],
            "scorecard": {"base_points": 600, "base_odds": 50, "points_to_double": 20,
            "reason_method": "\(neutral ? "points_below_neutral" : "points_below_maximum")",
            "attributes": [
            {"input": "age", "reason": "AGE", "neutral": 20,
            "bins": [{"below": 25, "points": 12}, {"points": 30}, {"missing": true, "points": 5}]},
            {"input": "debt", "reason": "DEBT", "neutral": 3,
            "bins": [{"below": 100, "points": 9}, {"points": 2}]}]}}
            """
        let model = CompiledModel(try ModelFile.load(Array(text.utf8)))
        let explainer = try #require(
            Explainers.best(for: model, background: nil, artifact: []))
        let ours = try explainer.explain([24, 150])
        #expect(ours.method == .scorecard && ours.fallsWithRisk && ours.rounding == 0)
        #expect(ours.base == (neutral ? 23 : 39))
        #expect(ours.values == (neutral ? [-8, -1] : [-18, -7]))
        #expect(ours.values.reduce(ours.base, +) == model.margins([24, 150])[0])
        #expect(Reasons.towardsPositive(ours, codes: ["A", "D"]).map(\.code) == ["A", "D"])
        #expect(throws: ExplanationError.missingInput(1)) { try explainer.explain([24, .nan]) }
    }

    @Test("inputs of one code add up; at most four that push towards the positive class")
    func reasons() {
        let parts = attributions([0.4, -1, 0.3, 0.2, 0.35, 0.1, 0.9, 0.05])
        let codes = ["A", "B", "C", "A", "D", "", "B", "E"]
        let reasons = Reasons.towardsPositive(parts, codes: codes)
        #expect(reasons.map(\.code) == ["A", "D", "C", "E"])
        #expect(reasons[0].inputs == [0, 3] && abs(reasons[0].value - 0.6) < 1e-15)
        #expect(Reasons.towardsPositive(parts, codes: codes, most: 1).map(\.code) == ["A"])
        let fewer = Reasons.towardsPositive(
            attributions([0.4, -1, 0, 0, 0, 0, 0.5, 0], fallsWithRisk: true), codes: codes)
        #expect(fewer == [Reason(code: "B", value: 0.5, inputs: [1, 6])])
    }

    @Test("a reader's list: by size, ties in order, each with its direction")
    func texts() {
        let lines = AttributionText.ranked(
            attributions([0, -2, 1, 2]), names: ["a", "b", "c", "d"], positiveClass: "fraud")
        #expect(lines.map(\.input) == ["b", "d", "c", "a"])
        #expect(
            lines.map(\.effect) == [
                "decreases fraud risk", "increases fraud risk", "increases fraud risk",
                "no effect",
            ])
        let fallen = AttributionText.ranked(
            attributions([1], fallsWithRisk: true), names: ["a"], positiveClass: "default")
        #expect(fallen[0].effect == "decreases default risk")
    }

    @Test("importance: splits and gains of trees, levels of oblivious ones, coefficients")
    func importance() {
        var generator = RandomEnsemble(seed: 40)
        var trees = generator.binary()
        for index in trees.nodes.indices where !trees.nodes[index].isLeaf {
            trees.nodes[index].gain = 2
        }
        func model(_ body: LoadedModel.Body) -> LoadedModel {
            LoadedModel(
                format: .xgboostJSON, library: "", objective: "", link: .identity, inputs: [],
                body: body)
        }
        let boosted = Importance(model(.trees(trees)))
        let splits = trees.nodes.count { !$0.isLeaf }
        #expect(boosted.split?.reduce(0, +) == splits)
        #expect(boosted.gain == boosted.split?.map { 2 * Double($0) })
        generator.profile = .catboost
        generator.ending = 0
        let oblivious = Importance(model(.trees(generator.oblivious())))
        #expect(oblivious.split?.reduce(0, +) == 3 * 7 && oblivious.gain == nil)
        let line = Importance(model(.linear(linear)))
        #expect(line.split == nil && line.coefficients == linear.weights)
    }

    @Test("the best explainer of a model")
    func best() throws {
        var generator = RandomEnsemble(seed: 41)
        var trees = generator.binary()
        func compiled(_ body: LoadedModel.Body, inputs: Int) -> CompiledModel {
            CompiledModel(
                LoadedModel(
                    format: .xgboostJSON, library: "", objective: "", link: .xgboostLogistic,
                    inputs: (0..<inputs).map { _ in ModelInput() }, body: body))
        }
        let model = compiled(.trees(trees), inputs: 6)
        #expect(
            Explainers.best(for: model, background: nil, artifact: []) is TreeExplainer)
        let line = compiled(.linear(linear), inputs: 2)
        #expect(
            Explainers.best(for: line, background: nil, artifact: []) is LinearExplainer)
        for index in trees.nodes.indices { trees.nodes[index].cover = .nan }
        let coverless = compiled(.trees(trees), inputs: 6)
        #expect(Explainers.best(for: coverless, background: nil, artifact: []) == nil)
        let background = try #require(BackgroundRows((0..<5).map { _ in generator.row() }))
        let asking = try #require(
            Explainers.best(for: coverless, background: background, artifact: []))
        #expect(asking is CoalitionExplainer)
        let row = generator.row()
        let ours = try asking.explain(row)
        #expect(abs(ours.values.reduce(ours.base, +) - coverless.margins(row)[0]) < 1e-6)
        let probable = try #require(
            CoalitionExplainer(
                ModelAnswers(coverless, .probability), background: background))
        let probability = try probable.explain(row)
        #expect(probability.space == .probability)
        #expect(
            abs(
                probability.values.reduce(probability.base, +)
                    - coverless.probabilities(row)[0]) < 1e-6)
    }
}
