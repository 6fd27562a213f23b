import Inference
import ModelFixtures
import Testing

@Suite("Rounds and weights of XGBoost's trees")
struct XGBoostRoundsTests {
    /// The margin that each tree adds for this row is -1, the base margin is 0.
    private func margin(
        _ rounds: Rounds = .unstated, _ change: (inout SmallModel) -> Void
    ) throws(ModelFileError) -> Double {
        var model = SmallModel()
        change(&model)
        let loaded = try ModelFile.load(model.bytes, LoadOptions(rounds: rounds))
        return CompiledModel(loaded).margins([0, 0, 0])[0]
    }

    private func refusal(
        _ rounds: Rounds = .unstated, _ change: (inout SmallModel) -> Void
    ) -> String {
        do {
            return "\(try margin(rounds, change))"
        } catch { return "\(error.path): \(error.reason)" }
    }

    @Test("a model that was stopped early needs a choice, and the choice is kept")
    func stoppedEarly() throws {
        let stopped: (inout SmallModel) -> Void = {
            $0.copies = 3
            $0.attributes = #"{"best_iteration":"1"}"#
        }
        #expect(
            refusal(.unstated, stopped)
                == "$.learner.attributes.best_iteration: the model was stopped early: its best "
                + "round is 1, but it has 3 rounds")
        #expect(try margin(.all, stopped) == -3)
        #expect(try margin(.best, stopped) == -2)
        // The last round is the best one: nothing to choose.
        for rounds in [Rounds.unstated, .all, .best] {
            #expect(
                try margin(rounds) {
                    $0.copies = 2
                    $0.attributes = #"{"best_iteration":"1"}"#
                } == -2)
        }
    }

    @Test("a part of a model that keeps the best round of the whole answers with all of it")
    func sliced() throws {
        let sliced: (inout SmallModel) -> Void = {
            $0.copies = 2
            $0.attributes = #"{"best_iteration":"7"}"#
        }
        #expect(try margin(.all, sliced) == -2)
        #expect(refusal(.unstated, sliced).contains("the best round 7 lies beyond the 2 rounds"))
        #expect(refusal(.best, sliced).contains("lies beyond"))
    }

    @Test("rounds of unlike size are cut where the file says they start")
    func uneven() throws {
        // Trained on with three trees a round: rounds of 1, 1 and 3 trees.
        let uneven: (inout SmallModel) -> Void = {
            $0.copies = 5
            $0.parallel = "3"
            $0.rounds = "[0,1,2,5]"
            $0.attributes = #"{"best_iteration":"1"}"#
        }
        #expect(try margin(.best, uneven) == -2)
        #expect(try margin(.all, uneven) == -5)
        var small = SmallModel()
        uneven(&small)
        let model = CompiledModel(try ModelFile.load(small.bytes, LoadOptions(rounds: .all)))
        #expect(model.iterationCount == 3)
        #expect(model.margins([0, 0, 0], RowOptions(iterations: 1..<2)) == [-1])
        #expect(model.margins([0, 0, 0], RowOptions(iterations: 2..<3)) == [-3])
        for (starts, trees) in [("[0,1,2]", 3), ("[1,3]", 3), ("[0,2,1,3]", 3), ("[]", 3)] {
            let found = refusal {
                $0.copies = trees
                $0.rounds = starts
            }
            #expect(
                found.hasSuffix("iteration_indptr: the rounds do not divide the 3 trees"),
                "\(starts): \(found)")
        }
    }

    @Test("DART's weights stand beside the model up to 3.2, inside it since 3.3")
    func dart() throws {
        for (version, place) in [("[3,2,0]", \SmallModel.beside), ("[3,3,0]", \SmallModel.extra)] {
            let weighted: (inout SmallModel) -> Void = {
                $0.version = version
                $0.copies = 3
                $0[keyPath: place] = #","weight_drop":[5E-1,2.5E-1]"#
            }
            // A tree without a weight counts whole.
            #expect(try margin(.unstated, weighted) == -1.75, "\(version)")
        }
        // To 3.2 the model stands one level deeper.
        let text = SmallModel().text
            .replacing(
                #""gradient_booster":{"model""#, with: #""gradient_booster":{"gbtree":{"model""#
            )
            .replacing(
                #""name":"gbtree"}"#, with: #""name":"gbtree"},"name":"dart","weight_drop":[5E-1]}"#
            )
        #expect(CompiledModel(try ModelFile.load(Array(text.utf8))).margins([0, 0, 0]) == [-0.5])
        #expect(refusal { $0.extra = #","weight_drop":[1,1]"# }.contains("2 weights for 1 trees"))
        #expect(refusal { $0.extra = #","weight_drop":[NaN]"# }.contains("NaN is not a number"))
        #expect(
            refusal {
                $0.conditions = "[5E-1,-3E38,1.5E0,2E-1,1E0]"
                $0.extra = #","weight_drop":[1E1]"#
            }.contains("a weighted leaf is not finite"))
    }

    @Test("gains are not scored with, so they may be anything")
    func gains() throws {
        let text = SmallModel().text.replacing(
            #""split_indices""#, with: #""loss_changes":[NaN,0,1E99,0,0],"split_indices""#)
        #expect(CompiledModel(try ModelFile.load(Array(text.utf8))).margins([0, 0, 0]) == [-1])
    }
}
