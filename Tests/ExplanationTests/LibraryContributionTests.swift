import ModelFixtures
import Testing

@testable import Inference

/// The libraries' own contributions, recorded with their models.
@Suite("Contributions of the libraries")
struct LibraryContributionTests {
    @Test("XGBoost's, within the noise of its float32", arguments: Fixture.all("xgboost"))
    func xgboost(_ fixture: Fixture) throws {
        try check(fixture, within: 1e-5)
    }

    @Test("LightGBM's, to the last digits of float64", arguments: Fixture.all("lightgbm"))
    func lightgbm(_ fixture: Fixture) throws {
        try check(fixture, within: 1e-9)
    }

    private func check(_ fixture: Fixture, within bound: Double) throws {
        let model = try ModelFile.load(try fixture.artifact(), LoadOptions(rounds: .all))
        // Some kinds of model have no contributions of their library, linear ones no trees.
        guard fixture.has("shap.csv"), let trees = model.trees else { return }
        let explainer = try #require(TreeExplainer(trees))
        let expected = try fixture.expected("shap_", in: "shap.csv")
        #expect(!expected.isEmpty)
        for (row, theirs) in zip(try fixture.rows(), expected) {
            for output in 0..<trees.outputCount {
                let ours = try explainer.explain(row, output: output)
                // One after the other: inputs, then the base, for each output.
                let parts = ours.values + [ours.base]
                for (part, value) in parts.enumerated() {
                    let difference = abs(value - theirs[output * parts.count + part])
                    // Not so of a NaN either.
                    #expect(difference <= bound, "\(fixture.name), output \(output), \(part)")
                }
            }
        }
    }
}
