import Inference
import Testing

@Suite("CatBoost files, small, odd and hostile")
struct CatBoostHostileTests {
    /// A file of two inputs and one tree, each part of which a test may replace.
    private struct Small {
        var features = """
            "float_features": [
              {"feature_index": 0, "flat_feature_index": 0, "nan_value_treatment": "AsIs"}],
            "categorical_features": [{"feature_index": 0, "flat_feature_index": 1}],
            "cat_features_hash": [{"hash": 4294967295, "value": "red"}, {"hash": 7, "value": ""}]
            """
        var splits = """
            [{"split_type": "FloatFeature", "float_feature_index": 0, "border": 0.5},
             {"split_type": "OneHotFeature", "cat_feature_index": 0, "value": -1}]
            """
        var values = "[1, 2, 4, 8]"
        var weights = "[1, 0, 3, 4]"
        var trees: String?
        var scale = "[0.5, [0.25]]"
        var information = #"{"params": {"loss_function": {"type": "Logloss"}}}"#

        var text: String {
            let tree =
                #"{"splits": \#(splits), "leaf_values": \#(values), "leaf_weights": \#(weights)}"#
            let trees = trees.map { #""trees": [\#($0)]"# } ?? #""oblivious_trees": [\#(tree)]"#
            return """
                {"features_info": {\(features)}, "model_info": \(information), \(trees),
                 "scale_and_bias": \(scale)}
                """
        }
    }

    private func load(_ change: (inout Small) -> Void) throws(ModelFileError) -> CompiledModel {
        var small = Small()
        change(&small)
        return CompiledModel(try ModelFile.load(Array(small.text.utf8)))
    }

    private func refusal(_ change: (inout Small) -> Void) -> String {
        do {
            _ = try load(change)
            return "accepted"
        } catch {
            return "\(error.path): \(error.reason)"
        }
    }

    @Test("bit k of a leaf is the answer of split k; a category is compared by its hash")
    func walk() throws {
        let model = try load { _ in }
        #expect(model.margins([0.5, -1]) == [0.75])
        #expect(model.margins([0.6, -1]) == [1.25])
        #expect(model.margins([0.5, 0]) == [2.25])
        #expect(model.margins([0.6, 0]) == [4.25])
        #expect(model.margins([.nan, .nan]) == [0.75])
        #expect(model.model.inputs[1].vocabulary == ["red", ""])
        let missing = try load {
            $0.features = $0.features.replacing("AsIs", with: "AsTrue")
            $0.splits = $0.splits.replacing("-1", with: "7")
        }
        #expect(missing.margins([.nan, .nan]) == [4.25])
    }

    @Test("nested trees go right where the condition holds, whatever the order of their keys")
    func nested() throws {
        let split = #"{"split_type": "FloatFeature", "float_feature_index": 0, "border": 0.5}"#
        let model = try load {
            $0.trees = """
                {"left": {"value": 1, "weight": 2}, "right": {"left": {"value": 2, "weight": 3},
                  "right": {"value": 4, "weight": 5},
                  "split": {"split_type": "OneHotFeature", "cat_feature_index": 0, "value": -1}},
                 "split": \(split)}
                """
        }
        #expect(model.margins([0.5, 0]) == [0.75])
        #expect(model.margins([1, 1]) == [1.25])
        #expect(model.margins([1, 0]) == [2.25])
        #expect(model.leaves([1, 0]) == [2])
        let trees = try #require(model.model.trees)
        #expect(trees.nodes.map(\.cover) == [10, 2, 8, 3, 5])
        let classes = try load {
            $0.trees =
                #"{"left": {"value": [1, 2]}, "right": {"value": [3, 4]}, "split": \#(split)}"#
            $0.scale = "[1, [0, 0]]"
            $0.information = #"{"params": {"loss_function": {"type": "MultiClass"}}}"#
        }
        #expect(classes.margins([1, 0]) == [3, 4])
        #expect(classes.probabilities([1, 0]).reduce(0, +) == 1)
    }

    @Test("a tree of three hundred levels is read, one of six hundred is refused")
    func depth() throws {
        func chain(_ depth: Int) -> String {
            var text = #"{"value": 1}"#
            for _ in 0..<depth {
                text = """
                    {"left": \(text), "right": {"value": 0},
                    "split": {"split_type": "FloatFeature", "float_feature_index": 0, "border": 1}}
                    """
            }
            return text
        }
        let model = try load { $0.trees = chain(300) }
        #expect(model.margins([0, 0]) == [0.75])
        #expect(refusal { $0.trees = chain(600) }.hasSuffix("deeper than 512 levels"))
        #expect(refusal { $0.trees = chain(2_000) }.hasSuffix("nested deeper than 1024 levels"))
    }

    @Test("older files: one bias, parameters as a text, no loss at all")
    func older() throws {
        let model = try load {
            $0.scale = "[1, 0.5]"
            $0.information = #"{"params": "{\"loss_function\": {\"type\": \"Poisson\"}}"}"#
        }
        #expect(model.margins([0, -1]) == [1.5])
        #expect(model.model.link == .catboostExponential)
        let silent = try load { $0.information = "{}" }
        #expect(silent.model.link == .unknown)
        #expect(
            silent.model.remarks.map(\.text)
                == ["no loss function is stated: the prediction is the margin"])
        let strange = try load {
            $0.information = #"{"params": {"loss_function": {"type": "Own"}}}"#
        }
        #expect(
            strange.model.remarks.map(\.text)
                == ["the loss Own is not known: the prediction is the margin"])
    }

    @Test("what is not supported or wrong is named with its place")
    func refusals() {
        let tree = "$.oblivious_trees[0]"
        #expect(
            refusal { $0.splits = #"[{"split_type": "OnlineCtr"}]"# }
                == "\(tree).splits[0].split_type: statistics over categories (CTR) are not supported"
        )
        #expect(
            refusal { $0.splits = #"[{"split_type": "Estimated"}]"# }
                == "\(tree).splits[0].split_type: splits of the type \"Estimated\" are not supported"
        )
        #expect(
            refusal { $0.features += #", "text_features": [{}]"# }
                == "$.features_info.text_features: texts as inputs are not supported")
        #expect(
            refusal {
                $0.features = $0.features.replacing(
                    #"{"hash": 4294967295, "value": "red"}, "#, with: ""
                )
                .replacing(#"{"hash": 7, "value": ""}"#, with: "")
            } == "\(tree).splits[1]: a split on a category, and no hashes of categories in the file"
        )
        #expect(
            refusal { $0.values = "[1, 2, 4]" }
                == "\(tree).leaf_values: 3 values for 4 leaves of 1")
        #expect(
            refusal { $0.values = "[1, 2, 4, 1e999]" }
                == "\(tree).leaf_values[3]: the number does not fit a float64")
        #expect(
            refusal { $0.weights = "[1, 2, -4, 8]" }
                == "\(tree).leaf_weights[2]: a negative cover")
        #expect(
            refusal { $0.splits = $0.splits.replacing("0.5", with: "NaN") }
                == "\(tree).splits[0].border: NaN is not a number of a model")
        #expect(
            refusal {
                $0.splits = $0.splits.replacing(#"feature_index": 0"#, with: #"feature_index": 9"#)
            }
                == "\(tree).splits[0].float_feature_index: 9 lies outside 0...0")
        #expect(
            refusal {
                $0.features = $0.features.replacing(
                    #"flat_feature_index": 1"#, with: #"flat_feature_index": 0"#)
            }
                == "$.features_info.categorical_features[0].flat_feature_index: two features at 0")
        #expect(refusal { $0.scale = "[1]" } == "$.scale_and_bias: expected a scale and a bias")
        #expect(
            refusal {
                $0.splits = "[" + Array(repeating: "{}", count: 40).joined(separator: ",") + "]"
            }
            .hasPrefix("\(tree)"))
    }
}
