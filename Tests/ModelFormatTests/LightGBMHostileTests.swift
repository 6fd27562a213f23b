import Inference
import ModelFixtures
import Numerics
import Testing

@Suite("Hostile LightGBM files")
struct LightGBMHostileTests {
    private func refusal(_ change: (inout SmallLightGBM) -> Void) -> String {
        var model = SmallLightGBM()
        change(&model)
        do {
            _ = try ModelFile.load(model.bytes)
            return "accepted"
        } catch { return error.description }
    }

    @Test("the small model itself is accepted and scores")
    func baseline() throws {
        let loaded = try ModelFile.load(SmallLightGBM().bytes)
        let model = CompiledModel(loaded)
        #expect(model.margins([0.5, 9, 9]) == [-1])
        #expect(model.margins([.nan, 9, 9]) == [-1])
        #expect(model.margins([1, 1.5, 9]) == [0.25])
        // Zero counts as missing there and goes right; so does NaN.
        #expect(model.margins([1, 0, 1]) == [0.5])
        #expect(model.margins([1, .nan, 33]) == [0.5])
        #expect(model.margins([1, 2, 34]) == [1])
        #expect(model.margins([1, 2, .nan]) == [1])
        #expect(model.leaves([1, 2, 34]) == [3])
        #expect(loaded.inputs.map(\.name) == ["a", "b", "c"])
        #expect(loaded.inputs.map(\.kind) == [.number, .number, .category])
        #expect(loaded.inputs[2].vocabulary == ["red", "green"])
        #expect(loaded.remarks == [])
    }

    @Test("a fault is named with line, column and field")
    func places() {
        #expect(
            refusal { $0["threshold"] = "0.5 nan 0" }
                == "line 17, column 15, Tree=0.threshold[1]: NaN is not a number of a model")
        #expect(
            refusal { $0["left_child"] = "-1 -2 -9" }
                == "line 19, column 18, Tree=0.left_child[2]: -9 lies outside -4...2")
        #expect(
            refusal { $0["left_child"] = "-1 0 -3" }.contains(
                "Tree=0.left_child: split 0 has two parents, or is its own ancestor"))
        #expect(refusal { $0["right_child"] = "1 2 -3" }.contains("leaf 2 has two parents"))
        #expect(
            refusal { $0["split_feature"] = "0 1 3" }.contains(
                "Tree=0.split_feature[2]: 3 lies outside 0...2"))
        #expect(refusal { $0["split_feature"] = "0 1" }.contains("2 elements instead of 3"))
        #expect(refusal { $0["split_feature"] = "0 1 2 1" }.contains("more than 3 elements"))
        #expect(refusal { $0["leaf_value"] = "-1 inf 0 1" }.contains("does not fit a float64"))
        #expect(refusal { $0["leaf_value"] = "-1 1e999 0 1" }.contains("does not fit a float64"))
        #expect(refusal { $0["leaf_value"] = "-1 x 0 1" }.contains("expected a number"))
        #expect(refusal { $0["num_leaves"] = "2147483648" }.contains("lies outside 1...524288"))
        #expect(refusal { $0["num_leaves"] = "0" }.contains("lies outside"))
        #expect(refusal { $0["decision_type"] = "14 4 1" }.contains("a missing type of 3"))
        #expect(refusal { $0["threshold"] = "0.5 1.5 1" }.contains("no set of categories 1"))
        #expect(refusal { $0["threshold"] = "0.5 1.5 -1" }.contains("no set of categories"))
        #expect(refusal { $0["cat_boundaries"] = "0 3" }.contains("3 lies outside 0...2"))
        #expect(refusal { $0["cat_boundaries"] = "0 1" }.contains("do not divide the 2 words"))
        #expect(refusal { $0["cat_threshold"] = "2 4294967296" }.contains("lies outside"))
        #expect(refusal { $0["leaf_count"] = "40 -1 20 10" }.contains("lies outside"))
        #expect(refusal { $0["is_linear"] = "1" }.contains("\"num_features\" is missing"))
        #expect(refusal { $0["novelty"] = "1" }.contains("Tree=0.novelty: this key is not known"))
        #expect(refusal { $0.tree.append(("shrinkage", "1")) }.contains("stands here twice"))
        #expect(refusal { $0.remove("threshold") }.contains("\"threshold\" is missing"))
        #expect(refusal { $0.sizes = "1" }.contains("1 bytes are stated for a tree of"))
        #expect(refusal { $0.sizes = "" }.contains("header.tree_sizes: 0 elements instead of 1"))
        #expect(refusal { $0.end = "" }.contains("expected Tree=1 or the end of the trees"))
        #expect(refusal { $0["version"] = "v5" }.contains("save the model with LightGBM 2 to 4"))
        #expect(refusal { $0["objective"] = "novel" }.contains("\"novel\" is not supported"))
        #expect(refusal { $0["objective"] = "binary sigmoid:0" }.contains("above 0"))
        #expect(refusal { $0["objective"] = "multiclass num_class:3" }.contains("3 classes for 1"))
        #expect(refusal { $0["max_feature_idx"] = "4096" }.contains("lies outside 0...4095"))
        #expect(refusal { $0["feature_names"] = "a b" }.contains("2 elements instead of 3"))
        #expect(
            refusal { $0.categories = "[[1,2" }.contains("pandas_categorical[0][1]"))
        #expect(refusal { $0["num_tree_per_iteration"] = "2" }.contains("no whole number"))
    }

    @Test("a tree of one leaf, linear leaves and averages answer as the library does")
    func shapes() throws {
        var constant = SmallLightGBM()
        for key in [
            "split_feature", "split_gain", "threshold", "decision_type", "left_child",
            "right_child", "leaf_weight", "internal_value", "internal_weight", "internal_count",
        ] { constant[key] = "" }
        constant["num_leaves"] = "1"
        constant["num_cat"] = "0"
        constant["leaf_value"] = "0.75"
        constant["leaf_count"] = "10"
        #expect(CompiledModel(try ModelFile.load(constant.bytes)).margins([0, 0, 0]) == [0.75])

        var linear = SmallLightGBM()
        linear["is_linear"] = "1"
        linear["leaf_const"] = "10 20 30 40"
        linear["num_features"] = "0 1 0 2"
        linear["leaf_features"] = " 0   2 0 "
        linear["leaf_coeff"] = " 2   1 0.5 "
        let model = CompiledModel(try ModelFile.load(linear.bytes))
        #expect(model.margins([0, 0, 0]) == [10])
        #expect(model.margins([4, 1, 0]) == [28])
        #expect(model.margins([4, 2, 5]) == [47])
        // A missing value among the leaf's inputs: the plain leaf.
        #expect(model.margins([4, 2, .nan]) == [1])

        var averaged = SmallLightGBM()
        averaged.header.append(("average_output", ""))
        averaged["objective"] = "regression"
        let text = averaged.text.replacing("average_output=", with: "average_output")
        let mean = CompiledModel(try ModelFile.load(Array(text.utf8)))
        #expect(mean.margins([0, 0, 0]) == [-1])
        #expect(mean.probabilities([0, 0, 0]) == [-1])
    }

    @Test("every truncation before the end of the trees is refused, and no flipped bit traps")
    func damage() throws {
        let model = SmallLightGBM()
        let bytes = model.bytes
        let trees = model.text.components(before: "end of trees")
        for length in 0..<trees.utf8.count {
            #expect(throws: ModelFileError.self) { try ModelFile.load(Array(bytes.prefix(length))) }
        }
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << bit
                exercise(damaged)
            }
        }
    }

    @Test("random edits never trap", arguments: [11, 12] as [UInt64])
    func edits(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var model = SmallLightGBM()
        model["is_linear"] = "1"
        model["leaf_const"] = "10 20 30 40"
        model["num_features"] = "0 1 0 2"
        model["leaf_features"] = " 0   2 0 "
        model["leaf_coeff"] = " 2   1 0.5 "
        for _ in 0..<3_000 {
            var damaged = model.bytes
            for _ in 0..<random.next(below: 3) + 1 {
                let at = random.next(below: damaged.count)
                switch random.next(below: 3) {
                case 0: damaged[at] = Array("0123456789- .=\ne".utf8)[random.next(below: 16)]
                case 1: damaged.remove(at: at)
                default: damaged[at] = UInt8(48 + random.next(below: 10))
                }
            }
            exercise(damaged)
        }
    }

    private func exercise(_ bytes: [UInt8]) {
        guard let loaded = try? ModelFile.load(bytes) else { return }
        let model = CompiledModel(loaded)
        for value in [0, 0.7, .nan, .infinity, -1e300] {
            let row = [Double](repeating: value, count: model.inputCount)
            #expect(model.layoutAgrees(on: row))
            _ = model.probabilities(row)
        }
    }
}

extension String {
    fileprivate func components(before end: String) -> String {
        ranges(of: end).first.map { String(self[..<$0.lowerBound]) } ?? self
    }
}
