import Inference
import ModelFixtures
import Testing

@Suite("Layouts")
struct LayoutTests {
    @Test("every layout gives the bits of the plain walk", arguments: Fixture.own)
    func layouts(_ fixture: Fixture) throws {
        let model = try TreeModel(try fixture.artifact())
        for layout in CompiledForest.Layout.allCases {
            let compiled = CompiledForest(model.compiled.forest, preferred: layout)
            for row in try fixture.rows().map({ $0.map(Float.init) }) {
                let agrees = row.withUnsafeBufferPointer { compiled.agreesWithReference($0) }
                #expect(agrees, "\(fixture.name) in the \(compiled.layout) layout")
            }
        }
        #expect(model.compiled.layout == .perfect)
    }

    @Test("the deep model of the wider set runs in the sibling layout")
    func deep() throws {
        for fixture in Fixture.shared where fixture.name.hasSuffix("-deep") {
            let model = try TreeModel(try fixture.artifact())
            #expect(model.compiled.layout == .sibling)
            for row in try fixture.rows().map({ $0.map(Float.init) }) {
                #expect(model.layoutAgrees(on: row))
            }
        }
    }
}
