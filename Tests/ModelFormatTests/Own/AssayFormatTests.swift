import Inference
import Testing

@Suite("assay-linear and assay-forest")
struct AssayFormatTests {
    private func load(_ text: String, _ columns: [String] = []) throws(ModelFileError)
        -> CompiledModel
    {
        CompiledModel(try ModelFile.load(Array(text.utf8), LoadOptions(columns: columns)))
    }

    private func refusal(_ text: String) -> String {
        do {
            _ = try load(text)
            return "accepted"
        } catch {
            return "\(error.path): \(error.reason)"
        }
    }

    // MARK: Linear

    private let linear = """
        {"format": "assay-linear", "version": 1, "inputs": ["age", "utilisation"],
         "impute": [null, "0x0p+0"], "link": "logit",
         "scaler": {"mean": [41.2, 0.31], "scale": [12.9, 0.22]}, "coefficients": [[-0.4, 1.1]],
         "intercept": [-2.3]}
        """

    @Test("a linear model standardises, multiplies in order and adds the intercept last")
    func linearModel() throws {
        let model = try load(linear)
        #expect(model.model.inputNames == ["age", "utilisation"])
        #expect(model.model.inputs.map(\.allowsMissing) == [false, true])
        let expected = -0.4 * ((30 - 41.2) / 12.9) + 1.1 * ((0 - 0.31) / 0.22) + -2.3
        #expect(model.margins([30, .nan]) == [expected])
        #expect(model.margins([30, 0]) == [expected])
        #expect(model.margins([.nan, 0])[0].isNaN)
        let probability = model.probabilities([30, 0])[0]
        #expect(abs(probability - 1 / (1 + 2.718281828459045.power(-expected))) < 1e-15)
    }

    @Test("every link, and several outputs")
    func links() throws {
        let identity = try load(linear.replacing("logit", with: "identity"))
        #expect(identity.probabilities([30, 0]) == identity.margins([30, 0]))
        let log = try load(linear.replacing("logit", with: "log"))
        #expect(log.probabilities([30, 0])[0] > 0)
        let classes = try load(
            """
            {"format": "assay-linear", "version": 1, "inputs": ["a"], "link": "softmax",
             "classes": ["x", "y", "z"], "coefficients": [[1], [1], [1]], "intercept": [0, 0, 0]}
            """)
        #expect(classes.margins([2]).isEmpty == false && classes.model.outputs == ["x", "y", "z"])
        #expect(
            refusal(linear.replacing("logit", with: "softmax")) == "$.link: softmax of one output")
    }

    @Test("a bare export takes its inputs from the rows")
    func bare() throws {
        let text = #"{"coefficients": ["0x1p-1", 2], "intercept": "0x1p+0", "C": 1.0}"#
        let model = try load(text, ["a", "b"])
        #expect(model.margins([2, 3]) == [8])
        #expect(model.model.inputNames == ["a", "b"])
        #expect(try load(text).margins([2, 3]) == [8])
        #expect(throws: ModelFileError.self) { try load(text, ["a"]) }
    }

    @Test("what is wrong in a linear model is named with its place")
    func linearRefusals() {
        let cases: [(String, String, String)] = [
            ("\"version\": 1", "\"version\": 2", "$.version: 2 lies outside 1...1"),
            ("0.22]", "0]", "$.scaler.scale[1]: a deviation of zero"),
            ("0.22]", "0.22, 1]", "$.scaler.scale: 3 deviations, expected 2"),
            ("[-2.3]", "[-2.3, 1]", "$.intercept: 2 intercepts, expected 1"),
            (
                "\"age\", \"util", "\"utilisation\", \"util",
                "$.inputs[1]: the input utilisation stands here twice"
            ),
            ("\"logit\"", "\"probit\"", "$.link: the link is one of logit, identity, log, softmax"),
            ("0x0p+0", "0x1p+99999", "$.impute[1]: the number does not fit a float64"),
            (
                "0x0p+0", "zero",
                "$.impute[1]: expected a number, or a hexadecimal float in quotes such as \"0x1.8p+1\""
            ),
            ("\"link\"", "\"bias\": 1, \"link\"", "$.bias: \"bias\" is not known here"),
            ("\"inputs\": [\"age\", \"utilisation\"],", "", "$: \"inputs\" is missing"),
        ]
        for (old, new, expected) in cases {
            #expect(refusal(linear.replacing(old, with: new)) == expected)
        }
    }

    // MARK: Scorecards

    private let card = """
        {"format": "assay-linear", "version": 1, "inputs": ["age", "income"],
         "scorecard": {"base_points": 600, "base_odds": 50, "points_to_double": 20,
          "reason_method": "points_below_maximum", "attributes": [
           {"input": "age", "reason": "AGE", "bins": [{"below": 25, "points": 280},
            {"below": 40, "points": 300}, {"points": 310}, {"missing": true, "points": 290}]},
           {"input": "income", "bins": [{"below": 1000, "points": 270}, {"points": 320}]}]}}
        """

    @Test("a scorecard's margin is its points; the odds double where the card says")
    func scorecard() throws {
        let model = try load(card)
        #expect(model.margins([24, 999]) == [550])
        #expect(model.margins([25, 1_000]) == [620])
        #expect(model.margins([.nan, 1e9]) == [610])
        #expect(model.margins([50, .nan])[0].isNaN)
        #expect(model.model.inputs.map(\.allowsMissing) == [true, false])
        // 620 points: good:bad odds of 100.
        #expect(model.probabilities([25, 1_000]) == [1.0 / 101])
        let bins = "{\"below\": 40, \"points\": 300}, {\"points\": 310},"
        #expect(
            refusal(card.replacing("\"below\": 40", with: "\"below\": 20"))
                == "$.scorecard.attributes[0].bins[1].below: the edges of the bins do not rise")
        #expect(
            refusal(card.replacing(bins, with: "{\"below\": 40, \"points\": 300},"))
                == "$.scorecard.attributes[0].bins: no bin takes the values above the last edge")
        #expect(
            refusal(card.replacing("\"input\": \"income\"", with: "\"input\": \"age\""))
                == "$.scorecard.attributes[1]: the input age has two attributes")
        #expect(
            refusal(card.replacing("points_below_maximum", with: "points_below_neutral"))
                == "$.scorecard.attributes[0]: \"neutral\" is missing, which points_below_neutral needs"
        )
    }

    // MARK: Forests

    private let forest = """
        {"format": "assay-forest", "version": 1, "kind": "classifier", "inputs": ["a", "b"],
         "classes": ["good", "bad"], "trees": [
          {"left": [1, -1, -1], "right": [2, -1, -1], "feature": [0, -2, -2],
           "threshold": [0.1, -2, -2], "missing_left": [true, false, false],
           "value": [[0, 0], [0.75, 0.25], [0.5, 0.5]], "samples": [8, 4, 4]},
          {"left": [-1], "right": [-1], "feature": [-2], "threshold": [-2],
           "value": [[0.25, 0.75]], "samples": [8]}]}
        """

    @Test("a forest compares in float32 with float64 thresholds and averages the fractions")
    func forestModel() throws {
        let model = try load(forest)
        #expect(model.model.outputs == ["good", "bad"])
        // 0.1 as float32 is above 0.1.
        #expect(model.probabilities([0.1, 0]) == [0.375, 0.625])
        #expect(model.probabilities([0.0999, 0]) == [0.5, 0.5])
        #expect(model.probabilities([.nan, 0]) == [0.5, 0.5])
        #expect(model.leaves([1, 0]) == [2, 0])
        let regressor = try load(
            """
            {"format": "assay-forest", "version": 1, "kind": "regressor", "inputs": ["a"],
             "trees": [{"left": [1, -1, -1], "right": [2, -1, -1], "feature": [0, -2, -2],
             "threshold": ["0x1p-1", 0, 0], "value": [0, [-3], "0x1p+2"]}]}
            """)
        #expect(regressor.margins([0.5]) == [-3] && regressor.margins([0.6]) == [4])
        #expect(regressor.margins([.nan])[0].isNaN)
    }

    @Test("what is wrong in a forest is named with its place")
    func forestRefusals() {
        let cases: [(String, String, String)] = [
            (
                "[1, -1, -1]", "[0, -1, -1]",
                "$.trees[0].left: node 0 has two parents, or is its own ancestor"
            ),
            ("[1, -1, -1]", "[3, -1, -1]", "$.trees[0].left[0]: 3 lies outside -1...2"),
            ("[1, -1, -1]", "[-1, -1, -1]", "$.trees[0].right: node 0 has one child"),
            ("[0, -2, -2]", "[2, -2, -2]", "$.trees[0].feature[0]: 2 lies outside 0...1"),
            (
                "[0.1, -2, -2]", "[NaN, -2, -2]",
                "$.trees[0].threshold[0]: NaN is not a number of a model"
            ),
            ("[0.1, -2, -2]", "[0.1, -2]", "$.trees[0].threshold: 2 elements for 3 nodes"),
            ("[0.5, 0.5]]", "[0.5]]", "$.trees[0].value[2]: 1 values, expected 2"),
            ("[8, 4, 4]", "[8, -4, 4]", "$.trees[0].samples[1]: a negative cover"),
            (
                "classifier", "boosted",
                "$.kind: the kind is one of classifier, regressor, isolation"
            ),
            (
                "[\"good\", \"bad\"]", "[\"good\", \"good\"]",
                "$.classes: expected 2 to 1024 different classes"
            ),
        ]
        for (old, new, expected) in cases {
            #expect(refusal(forest.replacing(old, with: new)) == expected)
        }
    }

    @Test("an isolation forest maps the inputs of its trees, and scores shorter paths higher")
    func isolation() throws {
        let text = """
            {"trees": [{"left": [1, -1, -1], "right": [2, -1, -1], "feature": [0, -2, -2],
             "threshold": [0, -2, -2], "value": [[1], [1], [1]], "samples": [256, 1, 255]}],
             "max_samples": 256, "offset": -0.5, "features": [[2]]}
            """
        let model = try load(text, ["a", "b", "c"])
        let (rare, common) = (
            model.probabilities([9, 9, -1])[0], model.probabilities([9, 9, 1])[0]
        )
        #expect(abs(rare - 2.0.power(-1 / 10.244770920119917)) < 1e-15)
        #expect(rare > common)
        #expect(try load(text).inputCount == 3)
        #expect(
            refusal(text.replacing("[[2]]", with: "[[2], [1]]"))
                == "$.features: 2 lists of inputs for 1 trees")
        #expect(
            refusal(text.replacing("256, 1, 255", with: "256, 1, -1"))
                == "$.trees[0].samples[2]: a negative cover")
    }
}

extension Double {
    fileprivate func power(_ exponent: Double) -> Double {
        // By halving: enough digits for a comparison, and no library under test.
        var (result, base, rest) = (1.0, self, exponent)
        if rest < 0 { (base, rest) = (1 / base, -rest) }
        while rest >= 1 { (result, rest) = (result * base, rest - 1) }
        for _ in 0..<60 {
            base = base.squareRoot()
            rest *= 2
            if rest >= 1 { (result, rest) = (result * base, rest - 1) }
        }
        return result
    }
}
