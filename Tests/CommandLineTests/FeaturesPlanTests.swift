import Testing

@testable import assay

@Suite struct FeaturesPlanTests {
    @Test("a plan says how to apply it only if there is something, and nothing is refused")
    func nextStep() {
        #expect("\(NextStep(changes: 0, refused: 0, plan: [0xAB]))" == "nothing is to be applied")
        #expect(
            "\(NextStep(changes: 3, refused: 0, plan: [0xAB, 1]))"
                == "to apply: assay features apply --plan ab01 …")
        let refused = NextStep(changes: 3, refused: 1, plan: [0xAB])
        #expect(refused == .refused && !"\(refused)".contains("ab"))
    }
}
