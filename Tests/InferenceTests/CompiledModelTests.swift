import Inference
import ModelFixtures
import Testing

@Suite("Compiled models")
struct CompiledModelTests {
    @Test("the rounds of two ranges add up, and an offset replaces XGBoost's base margin")
    func ranges() throws {
        let fixture = try #require(Fixture.named("xgboost-3.2.0-binary-json"))
        let model = CompiledModel(try ModelFile.load(try fixture.artifact()))
        #expect(model.iterationCount == model.treeCount)
        for row in try fixture.rows() {
            let whole = model.margins(row)
            let first = model.margins(row, RowOptions(iterations: 0..<7))
            let rest = RowOptions(offset: first, iterations: 7..<model.iterationCount)
            #expect(model.margins(row, rest) == whole)
            #expect(model.layoutAgrees(on: row, rest))
            #expect(model.leaves(row, rest) == Array(model.leaves(row).dropFirst(7)))
            #expect(model.margins(row, RowOptions(offset: [3], iterations: 0..<0)) == [3])
        }
    }

    @Test("a batch gives the bits of its rows, also where they lie apart")
    func batch() throws {
        let fixture = try #require(Fixture.named("xgboost-3.2.0-binary-json"))
        let model = CompiledModel(try ModelFile.load(try fixture.artifact()))
        let rows = try fixture.rows()
        let stride = model.inputCount + 3
        let flat: [Double] = rows.flatMap { $0 + [7, 7, 7] }
        var margins = [Double](repeating: 0, count: rows.count)
        flat.withUnsafeBufferPointer { flat in
            margins.withUnsafeMutableBufferPointer {
                model.margins(
                    rows: flat, count: rows.count, stride: stride, .whole, model.makeScratch(),
                    into: $0)
            }
        }
        #expect(margins.isSame(as: rows.map { model.margins($0)[0] }))
    }
}
