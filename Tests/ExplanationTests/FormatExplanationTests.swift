import ModelFixtures
import Testing

@testable import Inference

/// Every model of the reference libraries that is read: its parts add up to its margins.
@Suite("Explanations of every format")
struct FormatExplanationTests {
    @Test("parts, base and rounding are the margin", arguments: Fixture.all(""))
    func sum(_ fixture: Fixture) throws {
        let table = try RowTable(try fixture.bytes("rows.csv"))
        let loaded = try ModelFile.load(
            try fixture.artifact(), LoadOptions(rounds: .all, columns: table.names))
        let inputs = try InputRows(table, for: loaded)
        let rows = try (0..<table.rowCount).map { try inputs.row($0) }
        let model = CompiledModel(loaded)
        guard let explainer = Explainers.best(for: model, background: nil, artifact: []) else {
            #expect(fixture.name.contains("linear-tree"), "\(fixture.name) has no explainer")
            return
        }
        for row in rows.prefix(40) where row.allSatisfy({ !$0.isInfinite }) {
            let margins = model.margins(row)
            for output in margins.indices {
                // An input that may not be missing.
                guard margins[output].isFinite else { continue }
                let ours = try explainer.explain(row, output: output)
                let sum = ours.values.reduce(ours.base, +) + ours.rounding
                #expect(
                    abs(sum - margins[output]) < 1e-9 * max(1, abs(margins[output])),
                    "\(fixture.name): \(sum) is not \(margins[output])")
            }
        }
    }
}
