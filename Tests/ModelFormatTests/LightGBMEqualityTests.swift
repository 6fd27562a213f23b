import Inference
import ModelFixtures
import Testing

@Suite("LightGBM's own bits")
struct LightGBMEqualityTests {
    @Test("margins and leaves equal the library's bit for bit, predictions within one ulp")
    func models() throws {
        let fixtures = Fixture.all("lightgbm-")
        #expect(fixtures.count >= 2)
        for fixture in fixtures { try expectEqual(fixture) }
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
            #expect(steps(model.margins(row), margins[index]) == 0, "margin, \(place)")
            #expect(
                steps(model.probabilities(row), probabilities[index]) <= 1, "prediction, \(place)")
            guard !leaves[index].isEmpty else { continue }
            #expect(model.leaves(row).map(Double.init) == leaves[index], "leaves, \(place)")
        }
    }

    /// Largest number of floats between the members of two lists.
    private func steps(_ a: [Double], _ b: [Double]) -> Int64 {
        guard a.count == b.count else { return .max }
        return zip(a, b).map { a, b in
            if a.isNaN && b.isNaN || a.bitPattern == b.bitPattern { return 0 }
            guard a.sign == b.sign, !a.isNaN, !b.isNaN else { return .max }
            return abs(Int64(bitPattern: a.bitPattern) - Int64(bitPattern: b.bitPattern))
        }.max() ?? 0
    }
}
