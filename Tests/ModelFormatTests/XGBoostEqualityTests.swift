import Foundation
import Inference
import ModelFixtures
import Testing

@Suite("XGBoost's own bits")
struct XGBoostEqualityTests {
    @Test("the four shipped fixtures are there")
    func fixtures() {
        #expect(Fixture.xgboost.count == 4)
    }

    @Test(
        "margins, predictions and leaves equal the library's, bit for bit",
        arguments: Fixture.xgboost)
    func shipped(_ fixture: Fixture) throws {
        try expectEqual(fixture)
    }

    @Test("so they do for every other model of the wider set")
    func wider() throws {
        var seen = 0
        for fixture in Fixture.shared where fixture.name.hasPrefix("xgboost-") {
            try expectEqual(fixture)
            seen += 1
        }
        if seen == 0 { print("no shared/data/models beside the checkout: skipped") }
    }

    private func expectEqual(_ fixture: Fixture) throws {
        let model = CompiledModel(try ModelFile.load(try fixture.artifact()))
        let rows = try fixture.rows()
        let margins = try fixture.expected("margin_")
        let probabilities = try fixture.expected("probability_")
        let leaves = try fixture.expected("leaf_")
        #expect(rows.count == margins.count && rows.count >= 100)
        for (index, row) in rows.enumerated() {
            let place = "\(fixture.name) row \(index)"
            let expected = margins[index].map(\.bitPattern)
            #expect(model.margins(row).map(\.bitPattern) == expected, "margin, \(place)")
            let linked = probabilities[index].map(\.bitPattern)
            #expect(model.probabilities(row).map(\.bitPattern) == linked, "prediction, \(place)")
            #expect(model.leaves(row).map(Double.init) == leaves[index], "leaves, \(place)")
        }
    }
}
