public import FuzzProperties
internal import Inference
internal import ModelFixtures

/// The ways in for model files, one for each loader.
///
/// An input is a file as it would be uploaded. Behind the byte 1, which starts no model file, stand
/// choices instead, from which a model of the target's format is drawn: its sizes agree, so that
/// what lies behind them is reached. Behind the byte 2 stands a LightGBM file without `tree_sizes`,
/// which are put in.
public enum ModelFuzzTarget: String, CaseIterable, FuzzProgram {
    case xgboostJSON = "model-xgboost-json"
    case xgboostUBJSON = "model-xgboost-ubjson"
    case lightgbm = "model-lightgbm"
    case catboost = "model-catboost"
    case own = "model-own"

    @discardableResult
    public func check(_ input: [UInt8]) throws(PropertyViolation) -> Bool {
        try ModelFileProperties(file(input)).check()
    }

    /// The file that an input stands for.
    public func file(_ input: [UInt8]) -> [UInt8] {
        switch input.first {
        case 1: drawn(ByteSource(input.dropFirst()))
        case 2: LightGBMSizes.added(to: Array(input.dropFirst()))
        default: input
        }
    }

    private func drawn(_ source: ByteSource) -> [UInt8] {
        switch self {
        case .xgboostJSON:
            var draft = XGBoostDraft(source)
            return Array(draft.document.json.utf8)
        case .xgboostUBJSON:
            var draft = XGBoostDraft(source)
            return draft.document.ubjson
        case .lightgbm:
            var draft = LightGBMDraft(source)
            return Array(draft.text.utf8)
        case .catboost:
            var draft = CatBoostDraft(source)
            return Array(draft.document.json.utf8)
        case .own:
            var draft = OwnDraft(source)
            return Array(draft.document.json.utf8)
        }
    }

    /// The smallest sound files, and drawn models: as choices, and as files that a fuzzer can edit.
    public var seeds: [Seed] {
        var seeds: [Seed] = []
        for seed in 0..<40 {
            var random = SeededGenerator(seed: UInt64(seed))
            let choices = (0..<400).map { _ in UInt8(truncatingIfNeeded: random.next() >> 24) }
            seeds.append(Seed(name: "choices-\(seed)", input: [1] + choices))
            let file = drawn(ByteSource(choices[...]))
            if file.count <= 3_000 { seeds.append(Seed(name: "drawn-\(seed)", input: file)) }
        }
        switch self {
        case .xgboostJSON: seeds.append(Seed(name: "small", input: SmallModel().bytes))
        case .lightgbm:
            let small = SmallLightGBM()
            seeds.append(Seed(name: "small", input: small.bytes))
            let bare = Array(LightGBMSizes.removed(from: small.text).utf8)
            seeds.append(Seed(name: "small-sizes", input: [2] + bare))
        default: break
        }
        return seeds
    }
}
