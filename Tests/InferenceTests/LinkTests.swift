import Inference
import Testing

@Suite("Links")
struct LinkTests {
    @Test("links of one margin")
    func links() {
        func linked(_ link: Link, _ margins: [Float]) -> [Float] {
            var values = margins
            values.withUnsafeMutableBufferPointer { link.apply(to: $0) }
            return values
        }
        #expect(linked(.xgboostLogistic, [0]) == [0.5])
        #expect(linked(.xgboostLogistic, [-200])[0] > 0)
        #expect(linked(.xgboostLogistic, [200]) == [1])
        #expect(linked(.xgboostExponential, [0]) == [1])
        #expect(linked(.hinge, [0, 0.1]) == [0, 1])
        #expect(linked(.identity, [-3]) == [-3])
        #expect(linked(.xgboostSoftmax, [1, 1]) == [0.5, 0.5])
    }
}
