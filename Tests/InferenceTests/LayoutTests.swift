import Inference
import ModelFixtures
import RandomModels
import Testing

@Suite("Layouts")
struct LayoutTests {
    @Test("a tree's shape chooses its layout")
    func choice() throws {
        let deep = try #require(Fixture.named("xgboost-3.2.0-deep-json"))
        #expect(CompiledModel(try ModelFile.load(deep.artifact())).layout.contains("sibling"))
        for fixture in Fixture.xgboost where fixture.name.contains("-binary-") {
            let model = CompiledModel(try ModelFile.load(try fixture.artifact()))
            #expect(model.layout == "\(model.treeCount) perfect")
        }
        var source = RandomEnsemble(
            seed: 1, profile: .lightgbm, hasOddThresholds: true)
        let sparse = source.make(inputs: 3, outputs: 1, trees: 9, depth: 14)
        #expect(CompiledModel(sparse).layout == "9 sibling")
    }
}
