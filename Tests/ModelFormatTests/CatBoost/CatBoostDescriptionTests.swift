import Inference
import ModelFixtures
import Testing

@Suite("What a CatBoost file says of itself")
struct CatBoostDescriptionTests {
    @Test("a file says what made it, and what its categories are called")
    func description() throws {
        let fixture = try #require(Fixture.named("catboost-1.2.10-one-hot-depthwise"))
        let model = try ModelFile.load(try fixture.artifact())
        #expect(model.format == .catboostJSON)
        #expect(model.library == "catboost 1.2.10")
        #expect(model.objective == "Logloss")
        #expect(model.outputs == ["0", "1"])
        #expect(model.inputs.count == 8)
        #expect(model.inputs[7].kind == .category && model.inputs[0].kind == .number)
        #expect(model.inputs[7].vocabulary.count > 5)
        #expect(model.remarks.isEmpty)
    }
}
