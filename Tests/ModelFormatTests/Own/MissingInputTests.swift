import Inference
import ModelFixtures
import Testing

@Suite("Missing inputs of a forest")
struct MissingInputTests {
    @Test("a forest that was trained without missing values answers none")
    func missing() throws {
        let fixture = try #require(Fixture.named("sklearn-1.9.1-forest-bare"))
        let model = CompiledModel(try ModelFile.load(try fixture.artifact()))
        var row = try fixture.rows()[0]
        let required = try #require(model.model.trees?.requiredInputs.first)
        row[required] = .nan
        #expect(model.margins(row).filter { !$0.isNaN }.isEmpty)
        #expect(!model.model.inputs[required].allowsMissing)
    }
}
