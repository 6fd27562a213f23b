import Inference
import ModelFixtures
import Numerics
import Testing

@Suite("Hostile model files")
struct HostileModelTests {
    private func refusal(
        rounds: TreeModel.Rounds = .unstated, _ change: (inout SmallModel) -> Void
    ) -> String {
        var model = SmallModel()
        change(&model)
        do {
            _ = try TreeModel(model.bytes, rounds: rounds)
            return "accepted"
        } catch {
            return "\(error.path): \(error.reason)"
        }
    }

    @Test("the small model itself is accepted and scores")
    func baseline() throws {
        let model = try TreeModel(SmallModel().bytes)
        #expect(model.margins([0, 0, 0]) == [-1])
        #expect(model.margins([1, 0, 0]) == [0.2])
        #expect(model.margins([1, 2, 0]) == [1])
        #expect(model.margins([.nan, .nan, .nan]) == [0.2])
        #expect(model.inputNames == ["a", "b", "c"])
    }

    @Test("trees that are no trees are refused with the place")
    func structure() {
        let tree = "$.learner.gradient_booster.model.trees[0]"
        #expect(
            refusal { $0.left = "[1,-1,0,-1,-1]" }
                == "\(tree).left_children: node 0 has two parents, or is its own ancestor")
        #expect(
            refusal { $0.left = "[1,-1,1,-1,-1]" }
                == "\(tree).left_children: node 1 has two parents, or is its own ancestor")
        #expect(
            refusal { $0.left = "[1,-1,5,-1,-1]" }
                == "\(tree).left_children[2]: 5 lies outside -1...4")
        #expect(
            refusal { $0.right = "[2,-1,-1,-1,-1]" }
                == "\(tree).right_children[2]: a node with one child")
        #expect(
            refusal {
                $0.left = "[1,-1,-1,-1,-1]"
                $0.right = "[2,-1,-1,-1,-1]"
            } == "\(tree): 2 nodes cannot be reached; 0 are stated as deleted")
        #expect(
            refusal { $0.indices = "[0,0,3,0,0]" }
                == "\(tree).split_indices[2]: 3 lies outside 0...2")
        #expect(
            refusal { $0.conditions = "[5E-1,-1E0,1.5E0,2E-1]" }
                == "\(tree).split_conditions: 4 elements for 5 nodes")
        #expect(
            refusal { $0.conditions = "[5E-1,-1E0,1.5E0,2E-1,1E39]" }
                == "\(tree).split_conditions[4]: the number does not fit a float32")
        for (at, list) in [
            (0, "[NaN,-1E0,1.5E0,2E-1,1E0]"), (3, "[5E-1,-1E0,1.5E0,NaN,1E0]"),
        ] {
            #expect(
                refusal { $0.conditions = list }
                    == "\(tree).split_conditions[\(at)]: NaN is neither a threshold nor a leaf")
        }
        #expect(
            refusal { $0.cover = "[1E1,4E0,-6E0,2E0,4E0]" }
                == "\(tree).sum_hessian[2]: a negative cover")
        #expect(
            refusal { $0.nodes = "2147483647" }
                == "\(tree).tree_param.num_nodes: 2147483647 lies outside 1...1048576")
        #expect(
            refusal { $0.types = "[1,0,0,0,0]" }
                == "\(tree): node 0 and its list of categories disagree")
        #expect(refusal { $0.trees = "2" }.contains("num_trees"))
    }

    @Test("versions that answered otherwise are refused by name")
    func versions() {
        for old in ["[1,0,0]", "[1,2,1]", "[1,3,3]"] {
            #expect(refusal { $0.version = old }.contains("1.4 to 3.x are known"), "\(old)")
        }
        #expect(
            refusal {
                $0.version = "[1,4,0]"
                $0.baseScore = "5E-1"
            } == "accepted")
    }

    @Test("what is not supported is named, with a remedy")
    func unsupported() {
        #expect(refusal { $0.objective = "rank:novel" }.contains("\"rank:novel\" is not"))
        #expect(refusal { $0.booster = "novel" }.contains("\"novel\" is not supported"))
        #expect(refusal { $0.booster = "gblinear" }.contains("\"weights\" is missing"))
        #expect(refusal { $0.classes = "3" }.contains("binary:logistic has no 3 classes"))
        #expect(refusal { $0.version = "[4,0,0]" }.contains("$.version: written by XGBoost 4.0"))
        #expect(refusal { $0.leafVector = "3" }.contains("leaves with several values"))
        #expect(refusal { $0.extra = #","novelty":[]"# }.contains("\"novelty\" is not known"))
        #expect(refusal { $0.baseScore = "[0E0]" } == "accepted")
        #expect(
            refusal {
                $0.version = "[1,7,6]"
                $0.baseScore = "0E0"
            }.contains("no margin for the base score"))
        for bad in ["", "[", "[]", "[1", "1]", "abc", "1E99", "[1,2]", "nan"] {
            #expect(refusal { $0.baseScore = bad } != "accepted", "\(bad)")
        }
    }

    @Test("a file that is no JSON model is refused by its content")
    func content() throws {
        let files: [([UInt8], String)] = [
            ([0x7F, 0x45, 0x4C, 0x46, 2, 1], "an ELF program is not a model"),
            ([0x80, 0x04, 0x95], "a pickle can run code and is never read"),
            ([0x1F, 0x8B, 8], "a compressed file is not read"),
            (Array("binf".utf8), "XGBoost's old binary format is not supported"),
            (Array("a table\nof rows".utf8), "not a JSON object"),
            ([], "not a JSON object"),
        ]
        for (bytes, reason) in files {
            let error = try #require(throws: ModelFileError.self) { try TreeModel(bytes) }
            #expect(error.reason == reason)
            #expect(!error.remedy.isEmpty)
        }
    }

    @Test("every truncation of a model is refused")
    func truncations() {
        let bytes = SmallModel().bytes
        for length in 0..<bytes.count {
            #expect(throws: ModelFileError.self) { try TreeModel(Array(bytes.prefix(length))) }
        }
    }

    @Test("no flipped bit traps; what is accepted still agrees with the plain walk")
    func bitFlips() {
        let bytes = SmallModel().bytes
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << bit
                exercise(damaged)
            }
        }
    }

    @Test("no random mutation of a real model traps", arguments: [1, 2, 3, 4] as [UInt64])
    func mutations(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let original = try Fixture.xgboost[Int(seed) % Fixture.xgboost.count].artifact()
        for _ in 0..<20 {
            var damaged = original
            for _ in 0..<random.next(below: 6) + 1 {
                let at = random.next(below: damaged.count)
                switch random.next(below: 5) {
                case 0: damaged[at] = UInt8(random.next(below: 256))
                case 1: damaged[at] = Array("0123456789-,[]{}\":.eE".utf8)[random.next(below: 20)]
                case 2: damaged.remove(at: at)
                case 3: damaged.insert(UInt8(48 + random.next(below: 10)), at: at)
                default:
                    let end = min(damaged.count, at + random.next(below: 40))
                    damaged.removeSubrange(at..<end)
                }
            }
            exercise(damaged)
        }
    }

    @Test("random edits of the small model never trap", arguments: [7, 8] as [UInt64])
    func smallMutations(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let original = SmallModel().bytes
        for _ in 0..<4_000 {
            var damaged = original
            for _ in 0..<random.next(below: 3) + 1 {
                let at = random.next(below: damaged.count)
                if random.next(below: 2) == 0 {
                    damaged[at] = Array("0123456789-,[]".utf8)[random.next(below: 14)]
                } else {
                    damaged[at] = UInt8(48 + random.next(below: 10))
                }
            }
            exercise(damaged)
        }
    }

    /// Loads, and if that succeeds scores and explains a few rows.
    private func exercise(_ bytes: [UInt8]) {
        guard let model = try? TreeModel(bytes, rounds: .all) else { return }
        for value in [0, 0.7, .nan, .infinity, -1e30] as [Float] {
            let row = [Float](repeating: value, count: model.inputCount)
            #expect(model.layoutAgrees(on: row))
            _ = model.predictions(row)
            _ = model.explainer?.attributions(row)
        }
    }
}
