import Inference
import ModelFixtures
import Testing

@Suite("scikit-learn's own numbers")
struct SklearnEqualityTests {
    private func load(_ fixture: Fixture, columns: Int = 12) throws -> CompiledModel {
        let names = (0..<columns).map { "f\($0)" }
        return CompiledModel(
            try ModelFile.load(try fixture.artifact(), LoadOptions(columns: names)))
    }

    @Test("forests give the library's probabilities, bit for bit")
    func forests() throws {
        let fixtures = Fixture.all("sklearn-").filter { $0.name.contains("-forest") }
        #expect(!fixtures.isEmpty)
        for fixture in fixtures {
            let model = try load(fixture)
            #expect(model.model.inputNames.first == "f0")
            let expected = try fixture.expected("probability_")
            for (index, row) in try fixture.rows().enumerated() {
                let values = model.probabilities(row)
                #expect(
                    values.map(\.bitPattern) == expected[index].map(\.bitPattern),
                    "\(fixture.name) row \(index)")
                #expect(model.layoutAgrees(on: row))
            }
        }
    }

    @Test("isolation forests give its scores to 2 ulp, and the same anomalies")
    func isolation() throws {
        let fixtures = Fixture.all("sklearn-").filter { $0.name.contains("-isolation") }
        #expect(!fixtures.isEmpty)
        var worst: UInt64 = 0
        for fixture in fixtures {
            let model = try load(fixture)
            guard case .isolation(_, let parameters) = model.model.body else {
                Issue.record("\(fixture.name) is no isolation forest")
                continue
            }
            let scores = try fixture.expected("score_samples_")
            let decisions = try fixture.expected("decision_")
            let predictions = try fixture.expected("predict_")
            for (index, row) in try fixture.rows().enumerated() {
                let outputs = parameters.outputs(score: model.probabilities(row)[0])
                worst = max(
                    worst,
                    (-outputs.scoreSamples).bitPattern.distanceMagnitude(
                        to: (-scores[index][0]).bitPattern))
                #expect(abs(outputs.decision - decisions[index][0]) < 3e-16)
                #expect(outputs.predict == predictions[index][0])
            }
        }
        #expect(worst <= 2, "\(worst) ulp")
    }

    @Test("the logistic regression is within 1e-12 of the library's, whose sum has another order")
    func logistic() throws {
        let fixtures = Fixture.all("sklearn-").filter { $0.name.contains("-logistic") }
        #expect(!fixtures.isEmpty)
        for fixture in fixtures {
            let model = try load(fixture)
            let margins = try fixture.expected("margin_")
            let probabilities = try fixture.expected("probability_")
            for (index, row) in try fixture.rows().enumerated() {
                let (margin, probability) = (model.margins(row)[0], model.probabilities(row)[0])
                let place = "\(fixture.name) row \(index)"
                #expect(abs(margin - margins[index][0]) <= 1e-12 * abs(margin), "\(place)")
                #expect(abs(probability - probabilities[index][0]) <= 1e-12 * probability)
            }
        }
    }

    @Test("a forest that was trained without missing values answers none")
    func missing() throws {
        let fixture = try #require(
            Fixture.all("sklearn-").first { $0.name.contains("-forest") })
        let model = try load(fixture)
        var row = try fixture.rows()[0]
        let required = try #require(model.model.trees?.requiredInputs.first)
        row[required] = .nan
        #expect(model.margins(row).filter { !$0.isNaN }.isEmpty)
        #expect(!model.model.inputs[required].allowsMissing)
    }
}

extension UInt64 {
    fileprivate func distanceMagnitude(to other: UInt64) -> UInt64 {
        self > other ? self - other : other - self
    }
}
