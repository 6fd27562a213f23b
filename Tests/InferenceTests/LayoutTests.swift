import Inference
import ModelFixtures
import Testing

@Suite("Layouts")
struct LayoutTests {
    @Test("every layout gives the bits of the plain walk", arguments: Fixture.xgboost)
    func layouts(_ fixture: Fixture) throws {
        let loaded = try ModelFile.load(try fixture.artifact())
        let rows = try fixture.rows()
        for choice in LayoutChoice.allCases {
            let model = CompiledModel(loaded, layout: choice)
            for row in rows {
                #expect(model.layoutAgrees(on: row), "\(fixture.name), \(model.layout)")
            }
        }
    }

    @Test("a tree's shape chooses its layout")
    func choice() throws {
        for fixture in Fixture.all("xgboost-3.2.0-") where fixture.name.hasSuffix("-deep") {
            let model = CompiledModel(try ModelFile.load(try fixture.artifact()))
            #expect(model.layout.contains("sibling"))
            for row in try fixture.rows() { #expect(model.layoutAgrees(on: row)) }
        }
        for fixture in Fixture.xgboost {
            let model = CompiledModel(try ModelFile.load(try fixture.artifact()))
            #expect(model.layout == "\(model.treeCount) perfect")
        }
        var source = RandomEnsemble(seed: 1, profile: .lightgbm)
        let sparse = source.make(inputs: 3, outputs: 1, trees: 9, depth: 14)
        #expect(CompiledModel(sparse).layout == "9 sibling")
    }
}
