import Inference
import Testing

@Suite("Calibration, bands and ensembles")
struct CompositionTests {
    @Test("each calibration equals its formula")
    func calibration() throws {
        // Slope -1 and intercept 0 leave a probability as it is; so do a = b = 1, c = 0.
        for p in [0.01, 0.3, 0.5, 0.9] {
            #expect(abs(Calibration.platt(slope: -1, intercept: 0)(p) - p) < 1e-15)
            #expect(abs(Calibration.beta(a: 1, b: 1, c: 0)(p) - p) < 1e-15)
        }
        #expect(abs(Calibration.platt(slope: -2, intercept: 0)(0.75) - 0.9) < 1e-15)
        #expect(abs(Calibration.beta(a: 2, b: 1, c: 0)(0.5) - 1.0 / 3) < 1e-15)
        #expect(Calibration.platt(slope: -1, intercept: 0)(0) >= 0)
        #expect(Calibration.platt(slope: -1, intercept: 0)(.nan).isNaN)
        let curve = try #require(IsotonicCurve(inputs: [0.2, 0.4, 0.8], outputs: [0.1, 0.1, 0.5]))
        let isotonic = Calibration.isotonic(curve)
        let beyond: [Double] = [0, 0.2, 0.3, 0.4, 0.9, 1].map { isotonic($0) }
        #expect(beyond == [0.1, 0.1, 0.1, 0.1, 0.5, 0.5])
        #expect(abs(isotonic(0.6) - 0.3) < 1e-15)
        #expect(IsotonicCurve(inputs: [0.2, 0.2], outputs: [0, 1]) == nil)
        #expect(IsotonicCurve(inputs: [0.2, 0.4], outputs: [1, 0]) == nil)
        #expect(IsotonicCurve(inputs: [], outputs: []) == nil)
    }

    @Test("a band takes its upper edge")
    func bands() {
        let names: [String?] = [0, 0.4, 0.41, 0.7, 0.71, 1].map { Bands.standard.name(of: $0) }
        #expect(names == ["low", "low", "medium", "medium", "high", "high"])
        #expect(Bands.standard.name(of: .nan) == nil)
        #expect(Bands(names: ["a", "b"], edges: [0.5, 0.4]) == nil)
        #expect(Bands(names: ["a", "a"], edges: [0.5]) == nil)
    }

    // MARK: Ensembles

    private func model(_ text: String) throws -> ScoringModel {
        .single(CompiledModel(try ModelFile.load(Array(text.utf8))))
    }

    private func linear(_ weight: Double) throws -> ScoringModel {
        try model(
            """
            {"format": "assay-linear", "version": 1, "inputs": ["a"], "link": "logit",
             "coefficients": [[\(weight)]], "intercept": [0]}
            """)
    }

    private func forest() throws -> ScoringModel {
        try model(
            """
            {"format": "assay-forest", "version": 1, "kind": "classifier", "inputs": ["b", "a"],
             "trees": [{"left": [1, -1, -1], "right": [2, -1, -1], "feature": [0, -2, -2],
             "threshold": [0, 0, 0], "value": [[1, 0], [0.75, 0.25], [0.25, 0.75]]}]}
            """)
    }

    private func file(
        _ combine: String, _ more: String = "", first: String = ""
    ) throws(ModelFileError) -> EnsembleFile {
        try EnsembleFile(
            Array(
                """
                {"format": "assay-ensemble", "version": 1, "inputs": ["a", "b"],
                 "combine": "\(combine)" \(more), "members": [
                  {"model": "line", "version": 3, "weight": 1 \(first)},
                  {"model": "forest", "version": 1, "weight": 3},
                  {"model": "steep", "version": 2, "weight": 0.5, "optional": true,
                   "threshold": 0.9}]}
                """.utf8))
    }

    @Test("members of different kinds combine as the formula says")
    func combinations() throws {
        let members = [try linear(1), try forest(), try linear(2)]
        // sigmoid(1), the right leaf, sigmoid(2)
        let values = [0.7310585786300049, 0.75, 0.8807970779778823]
        func score(_ combine: String, _ more: String = "") throws -> Scored {
            try ScoringModel.ensemble(EnsembleModel(file(combine, more), members: members))
                .score([1, 1])
        }
        let mean: Double = (values[0] + values[1] + values[2]) / 3
        #expect(try score("mean").probability == [mean])
        let weighted: Double = (values[0] + 3 * values[1] + 0.5 * values[2]) / 4.5
        #expect(try score("weighted").probability == [weighted])
        #expect(try score("max").probability == [values[2]])
        #expect(try score("median").probability == [values[1]])
        // 0.88 stays below its threshold of 0.9.
        #expect(try score("vote").probability == [2.0 / 3])
        let margins = try score("mean", #", "on": "margin""#)
        let marginMean: Double = (1 + 0.75 + 2) / 3
        #expect(margins.margin == [marginMean])
    }

    @Test("a missing optional member degrades and renormalises, a missing required one refuses")
    func missing() throws {
        let file = try file("weighted")
        let members = [try linear(1), try forest(), nil]
        let scored = ScoringModel.ensemble(try EnsembleModel(file, members: members))
            .score([1, 1])
        #expect(scored.degraded)
        let expected: Double = (0.7310585786300049 + 3 * 0.75) / 4
        #expect(scored.probability == [expected])
        #expect(throws: EnsembleModel.Fault(description: "forest 1 is missing")) {
            try EnsembleModel(file, members: [try linear(1), nil, nil])
        }
    }

    @Test("a stack is a linear model over its members")
    func stack() throws {
        let stack = #"""
            {"format": "assay-linear", "version": 1, "inputs": ["x", "y"], "link": "logit",
             "coefficients": [[2, -1]], "intercept": [0.5]}
            """#
        let text = #"""
            {"format": "assay-ensemble", "version": 1, "inputs": ["a", "b"], "combine": "stack",
             "stack": \#(stack), "members": [{"model": "line", "version": 3},
             {"model": "forest", "version": 1}]}
            """#
        let model = try EnsembleModel(
            try EnsembleFile(Array(text.utf8)), members: [try linear(1), try forest()])
        let scored = ScoringModel.ensemble(model).score([1, 1])
        // s + intercept, where s = 0 + 2 · sigmoid(1) - 1 · 0.75.
        let sum: Double = 2 * 0.7310585786300049 - 0.75
        #expect(scored.margin == [sum + 0.5])
        #expect(!scored.degraded)
    }

    @Test("ensembles nest three deep and no deeper")
    func nesting() throws {
        let text = #"""
            {"format": "assay-ensemble", "version": 1, "inputs": ["a", "b"], "combine": "mean",
             "members": [{"model": "inner", "version": 1}]}
            """#
        let file = try EnsembleFile(Array(text.utf8))
        var inner = try forest()
        for _ in 0..<3 { inner = .ensemble(try EnsembleModel(file, members: [inner])) }
        #expect(inner.score([1, 1]).probability == [0.75])
        #expect(throws: EnsembleModel.Fault(description: "inner 1 nests ensembles too deep")) {
            try EnsembleModel(file, members: [inner])
        }
    }

    @Test("what is wrong in an ensemble is named with its place")
    func refusals() {
        func refusal(_ combine: String, _ more: String = "", first: String = "") -> String {
            do {
                _ = try file(combine, more, first: first)
                return "accepted"
            } catch {
                return "\(error.path): \(error.reason)"
            }
        }
        #expect(
            refusal("sum") == "$.combine: expected one of mean, weighted, stack, vote, max, median")
        #expect(refusal("stack") == "$: \"stack\" is missing")
        #expect(refusal("max", #", "on": "margin""#) == "$.on: max is taken of probabilities")
        #expect(
            refusal("mean", first: #", "alias": "champion""#)
                == "$.members[0].alias: \"alias\" is not known here")
    }
}
