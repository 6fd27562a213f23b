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

    @Test("what a feature is made of is told without what is not said")
    func events() {
        let meaning =
            #"count card ["payment as \'\' where \'amount < 100\' at \'\'"]  3600000/60000 lag 0"#
        #expect(FeaturesExplainCommand.events(in: meaning) == "payment where 'amount < 100'")
        let two = #"sum x ["a as \'to\' where \'\'", "b where \'t == \"x\"\'"] z"#
        #expect(FeaturesExplainCommand.events(in: two) == #"a as 'to'; b where 't == "x"'"#)
        for none in ["", "[", "[\"", "days"] {
            #expect(FeaturesExplainCommand.events(in: none).isEmpty)
        }
    }

    @Test("the file of events is not replaced by what is made of it")
    func replaced() throws {
        let same = ["--definitions", "d", "--vector", "v", "--events", "a/../e.csv", "--out"]
        #expect(throws: (any Error).self) {
            try FeaturesReplayCommand.parse(same + ["e.csv"])
        }
        #expect(try FeaturesReplayCommand.parse(same + ["o.csv"]).out == "o.csv")
        #expect(try FeaturesReplayCommand.parse(same + ["-"]).out == "-")
    }
}
