import Inference
import Testing

/// What each library does with the values at the edge of its rules.
@Suite("Decisions of the plain walk")
struct DecisionTests {
    private let zero = 1.0000000180025095e-35

    /// Whether a tree of one split sends `value` left.
    private func goesLeft(
        _ value: Double, _ profile: NumericProfile, _ rule: TreeEnsemble.Rule,
        _ threshold: Double, _ missing: TreeEnsemble.Missing = .right,
        sets: CategorySets = CategorySets(), hashes: [Int32] = []
    ) -> Bool {
        var trees = TreeEnsemble(profile: profile, inputCount: 1, outputCount: 1)
        trees.categorySets = sets
        trees.categoryHashes = hashes
        trees.emptyTextHash = -7
        trees.nodes = [
            .split(
                0, rule, threshold, missing: missing, left: 1, right: 2,
                categories: sets.count > 0 ? 0 : -1),
            .leaf(1, number: 1), .leaf(2, number: 2),
        ]
        trees.trees = [.init(shape: .binary(firstNode: 0, count: 3), depth: 1, output: 0)]
        let model = CompiledModel(
            LoadedModel(
                format: .xgboostJSON, library: "", objective: "", link: .identity,
                inputs: [ModelInput()], body: .trees(trees)))
        #expect(model.layoutAgrees(on: [value]))
        return model.leaves([value]) == [1]
    }

    @Test("less, not above and above")
    func comparisons() {
        #expect(!goesLeft(1, .xgboost, .less, 1))
        #expect(goesLeft(1.0.nextDown.nextDown, .lightgbm, .lessOrEqual, 1))
        #expect(goesLeft(1, .lightgbm, .lessOrEqual, 1))
        #expect(!goesLeft(1.0.nextUp, .lightgbm, .lessOrEqual, 1))
        #expect(goesLeft(1, .catboost, .greater, 1))
        #expect(!goesLeft(Double(Float(1).nextUp), .catboost, .greater, 1))
    }

    @Test("a float32 profile rounds the row to nearest even first")
    func rounding() {
        let between = 1 + 0x1p-25
        #expect(!goesLeft(between, .xgboost, .less, 1))
        #expect(goesLeft(between, .catboost, .greater, 1))
        #expect(!goesLeft(between, .lightgbm, .lessOrEqual, 1))
        // scikit-learn: a float32 value against a float64 threshold.
        #expect(goesLeft(1, .forest, .lessOrEqual, between))
        #expect(goesLeft(between, .forest, .lessOrEqual, 1))
    }

    @Test("LightGBM's zero is a band, against its own threshold too")
    func zeros() {
        for value in [zero, -zero, 1e-36, 0, -0.0] {
            #expect(goesLeft(value, .lightgbm, .lessOrEqual, 0))
            #expect(!goesLeft(value, .lightgbm, .lessOrEqual, -zero))
            #expect(goesLeft(value, .lightgbm, .lessOrEqual, -1, .zeroLeft))
            #expect(!goesLeft(value, .lightgbm, .lessOrEqual, 1, .zeroRight))
        }
        #expect(!goesLeft(zero.nextUp, .lightgbm, .lessOrEqual, zero))
        #expect(goesLeft(.nan, .lightgbm, .lessOrEqual, 0, .asZero))
        #expect(!goesLeft(.nan, .lightgbm, .lessOrEqual, -1, .asZero))
    }

    @Test("missing values and infinities")
    func missing() {
        #expect(goesLeft(.nan, .xgboost, .less, 1, .left))
        #expect(!goesLeft(.nan, .xgboost, .less, 1, .right))
        #expect(goesLeft(-.infinity, .xgboost, .less, -.infinity, .left) == false)
        #expect(goesLeft(.infinity, .lightgbm, .lessOrEqual, .infinity))
        #expect(!goesLeft(1e300, .catboost, .greater, 3e38, .left))
    }

    @Test("XGBoost's categories are checked before they are truncated")
    func listedRight() {
        var sets = CategorySets()
        _ = sets.append(sorted: [0, 3, 1 << 23])
        func left(_ value: Double, _ missing: TreeEnsemble.Missing = .right) -> Bool {
            goesLeft(value, .xgboost, .listedRight, .nan, missing, sets: sets)
        }
        for value in [0, 0.9, 3, 3.5, Double(1 << 23)] { #expect(!left(value)) }
        for value in [-0.5, 1, 4, 16_777_216, .infinity, -.infinity] { #expect(left(value)) }
        #expect(left(.nan, .left))
        #expect(!left(.nan, .right))
    }

    @Test("LightGBM's are truncated first")
    func listedLeft() {
        var sets = CategorySets()
        _ = sets.append(bits: [0b1001, 1])
        func left(_ value: Double) -> Bool {
            goesLeft(value, .lightgbm, .listedLeft, 0, .left, sets: sets)
        }
        for value in [0, -0.5, 1e-36, 3, 3.9, 32] { #expect(left(value)) }
        for value in [1, -1, 33, 64, 3e9, .infinity, -.infinity, .nan] { #expect(!left(value)) }
    }

    @Test("CatBoost's codes become hashes: unknown ones 0, a missing one that of the empty text")
    func hashes() {
        func left(_ code: Double, _ hash: Double) -> Bool {
            goesLeft(code, .catboost, .hash, hash, hashes: [42, -9])
        }
        #expect(!left(0, 42))
        #expect(!left(1, -9))
        #expect(left(1, 42))
        #expect(!left(-1, 0))
        #expect(!left(2, 0))
        #expect(!left(.nan, -7))
    }
}
