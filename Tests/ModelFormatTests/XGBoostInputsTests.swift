import Inference
import ModelFixtures
import Testing

@Suite("What XGBoost files say beyond their trees")
struct XGBoostInputsTests {
    private func load(_ change: (inout SmallModel) -> Void) throws(ModelFileError) -> LoadedModel {
        var model = SmallModel()
        change(&model)
        return try ModelFile.load(model.bytes)
    }

    private func refusal(_ change: (inout SmallModel) -> Void) -> String {
        do {
            _ = try load(change)
            return "accepted"
        } catch { return "\(error.path): \(error.reason)" }
    }

    /// As 3.4 writes categories that were texts, numbers, or none.
    private let categories = #"""
        ,"cats":{"enc":[{"offsets":[],"values":[]},
        {"offsets":[0,4,8,11],"values":[98,108,117,101,103,114,-61,-87,114,101,100]},
        {"type":15,"values":[7,10,30]}],"feature_segments":[0,0,3,6],"sorted_idx":[0,1,2,0,1,2]}
        """#

    @Test("names of categories become the vocabulary of their input")
    func vocabularies() throws {
        let model = try load {
            $0.version = "[3,4,0]"
            $0.extra = categories
            $0.featureTypes = #"["float","c","c"]"#
        }
        #expect(model.inputs.map(\.kind) == [.number, .category, .category])
        #expect(
            model.inputs.map(\.vocabulary) == [[], ["blue", "gré", "red"], ["7", "10", "30"]])
    }

    @Test("names that an older version has cut are not believed")
    func cutNames() throws {
        // 3.1 to 3.3 count characters for bytes: `gré` lost its last byte here, and `red` begins with it.
        let cut = categories.replacing("0,4,8,11", with: "0,4,7,10").replacing(",100]", with: "]")
        let model = try load {
            $0.version = "[3,2,0]"
            $0.extra = cut
            $0.featureTypes = #"["float","c","c"]"#
        }
        #expect(model.inputs.map(\.vocabulary) == [[], [], ["7", "10", "30"]])
        #expect(
            model.remarks.map(\.text).filter { $0.hasPrefix("b: XGBoost before 3.4") }.count == 1)
    }

    @Test("categories that lie about their bytes are refused")
    func lyingCategories() {
        func refused(_ old: String, _ new: String) -> String {
            refusal {
                $0.version = "[3,4,0]"
                $0.extra = categories.replacing(old, with: new)
            }
        }
        let place = "$.learner.gradient_booster.model.cats.enc"
        #expect(refused("0,4,8,11", "0,4,8,12") == "\(place)[1].offsets[3]: 12 lies outside 0...11")
        #expect(refused("0,4,8,11", "0,8,4,11").contains("do not divide the 11 bytes"))
        #expect(refused("0,4,8,11", "1,4,8,11").contains("do not divide the 11 bytes"))
        #expect(refused("0,4,8,11", "0,7,8,11").contains("is not UTF-8"))
        #expect(refused("-61", "-200").contains("-200 lies outside -128...127"))
        #expect(
            refused(#",{"type":15,"values":[7,10,30]}"#.replacing(",{", with: "{"), "{}")
                .contains("\"values\" is missing"))
        #expect(
            refusal { $0.extra = #","cats":{"enc":[{"values":[]}]}"# }
                == "\(place): 1 elements for 3 inputs")
        #expect(
            refusal { $0.featureTypes = #"["c"]"# }
                == "$.learner.feature_types: 1 elements for 3 inputs")
    }

    @Test("objectives of survival, quantiles and expectiles have their links and base margins")
    func objectives() throws {
        for name in ["survival:cox", "survival:aft"] {
            let model = CompiledModel(try load { $0.objective = name })
            // log(0.5) - 1, and back.
            #expect(abs(model.margins([0, 0, 0])[0] + 1.6931472) < 1e-6)
            #expect(abs(model.probabilities([0, 0, 0])[0] - 0.18393973) < 1e-6)
        }
        let quantiles = CompiledModel(
            try load {
                $0.objective = "reg:quantileerror"
                $0.targets = "2"
                $0.baseScore = "[0E0,1E0]"
            })
        #expect(quantiles.margins([0, 0, 0]) == [-1, 1])
        #expect(quantiles.probabilities([0, 0, 0]) == [-1, 1])
        // Since 3.4 quantiles do not cross.
        let ordered = CompiledModel(
            try load {
                $0.version = "[3,4,1]"
                $0.objective = "reg:quantileerror"
                $0.targets = "2"
                $0.baseScore = "[2E0,0E0]"
            })
        #expect(ordered.margins([0, 0, 0]) == [1, 0])
        #expect(ordered.probabilities([0, 0, 0]) == [0, 1])
        #expect(try load { $0.objective = "reg:expectileerror" }.link == .identity)
        // As 3.4.1 answers with these base scores and the margins of its trees.
        let expectiles = CompiledModel(
            try load {
                $0.version = "[3,4,1]"
                $0.objective = "reg:expectileerror"
                $0.targets = "3"
                $0.baseScore = "[-6.0775054E-1,-1.255132E-1,3.7240672E-1]"
                $0.conditions = "[5E-1,0E0,1.5E0,2E-1,1E0]"
            })
        #expect(
            expectiles.margins([0, 0, 0]).map(Float.init) == [
                -0.60775054, -0.47853184, -0.43804973,
            ])
        let rising = expectiles.probabilities([0, 0, 0])
        for (found, stated) in zip(rising, [-0.60775054, -0.1255132, 0.37240672]) {
            #expect(abs(found - stated) < 2e-7)
        }
        #expect(refusal { $0.classes = "3" }.contains("has no 3 classes of 1 targets"))
    }

    @Test("a linear model adds bias and base first, then the products in the order of the inputs")
    func linear() throws {
        func text(_ weights: String) -> [UInt8] {
            Array(
                """
                {"learner":{"attributes":{},"feature_names":[],"feature_types":[],
                "gradient_booster":{"model":{"boosted_rounds":2,"weights":\(weights)},
                "name":"gblinear"},"learner_model_param":{"base_score":"[2.5E-1]",
                "num_class":"0","num_feature":"2","num_target":"2"},
                "objective":{"name":"reg:squarederror"}},"version":[3,2,0]}
                """.utf8)
        }
        let model = CompiledModel(try ModelFile.load(text("[1,10,2,20,0.5,100]")))
        // Of two base scores the library's linear booster takes the first for both outputs.
        let several = String(decoding: text("[1,10,2,20,0.5,100]"), as: UTF8.self)
            .replacing("[2.5E-1]", with: "[2.5E-1,9E0]")
        let first = CompiledModel(try ModelFile.load(Array(several.utf8)))
        #expect(first.margins([3, 4]) == [11.75, 210.25])
        #expect(model.margins([3, 4]) == [11.75, 210.25])
        // What is missing adds nothing.
        #expect(model.margins([.nan, 4]) == [8.75, 180.25])
        #expect(model.leaves([3, 4]) == [])
        let error = #expect(throws: ModelFileError.self) {
            try ModelFile.load(text("[1,10,2,20,0.5]"))
        }
        #expect(error?.reason == "5 weights for 2 inputs and 2 outputs with a bias")
        #expect(throws: ModelFileError.self) {
            try ModelFile.load(text("[1,10,2,20,0.5,1e39]"))
        }
    }
}
