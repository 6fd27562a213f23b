import Inference
import ModelFixtures
import Numerics
import Testing

@Suite("CatBoost's own bits")
struct CatBoostEqualityTests {
    @Test("margins and probabilities equal the library's, bit for bit")
    func equality() throws {
        let fixtures = Fixture.all("catboost-")
        #expect(!fixtures.isEmpty)
        for fixture in fixtures {
            let model = CompiledModel(try ModelFile.load(try fixture.artifact()))
            let rows = try fixture.rows()
            let margins = try fixture.expected("margin_")
            let probabilities = try fixture.expected("probability_")
            #expect(rows.count == margins.count && rows.count >= 100)
            for (index, row) in rows.enumerated() {
                let place = "\(fixture.name) row \(index)"
                let row = Self.coded(row, model.model.inputs)
                #expect(
                    model.margins(row).map(\.bitPattern) == margins[index].map(\.bitPattern),
                    "margin, \(place)")
                #expect(model.layoutAgrees(on: row), "\(place)")
                guard !probabilities[index].isEmpty else { continue }
                #expect(
                    model.probabilities(row).map(\.bitPattern)
                        == probabilities[index].map(\.bitPattern), "probability, \(place)")
            }
        }
    }

    /// The rows hold categories as numbers, which the library was given as their texts.
    private static func coded(_ row: [Double], _ inputs: [ModelInput]) -> [Double] {
        zip(row, inputs).map { value, input in
            guard input.kind == .category, !value.isNaN else { return value }
            return Double(input.vocabulary.firstIndex(of: "\(Int(value))") ?? -1)
        }
    }

    @Test("a file says what made it, and what its categories are called")
    func description() throws {
        let fixture = try #require(Fixture.all("catboost-1.2.10-one-hot").first)
        let model = try ModelFile.load(try fixture.artifact())
        #expect(model.format == .catboostJSON)
        #expect(model.library == "catboost 1.2.10")
        #expect(model.objective == "Logloss")
        #expect(model.outputs == ["0", "1"])
        #expect(model.inputs.count == 12)
        #expect(model.inputs[10].kind == .category && model.inputs[0].kind == .number)
        #expect(model.inputs[10].vocabulary.count == 10)
        #expect(model.remarks.isEmpty)
    }
}
