internal import Inference
internal import Numerics

/// Rows on the thresholds of a model and one step beside them, in both widths, and odd values.
struct ModelProbes {
    private var random: SplitMix64
    private let inputs: Int
    private let thresholds: [Double]

    init(_ model: LoadedModel, seed: UInt64) {
        random = SplitMix64(seed: seed)
        inputs = model.inputs.count
        var found: [Double] = [0]
        if let trees = model.trees {
            found += trees.nodes.lazy.filter { !$0.isLeaf && !$0.value.isNaN }.prefix(64).map(
                \.value)
            found += trees.levels.prefix(64).map(\.border)
        } else if case .linear(let linear) = model.body {
            found += linear.scorecard?.attributes.flatMap { $0.bins.compactMap(\.below) } ?? []
        }
        thresholds = found
    }

    mutating func rows(_ count: Int) -> [[Double]] {
        (0..<count).map { _ in (0..<inputs).map { _ in value() } }
    }

    private static let odd: [Double] = [
        .infinity, -.infinity, 0, -0.0, 1e-40, .leastNonzeroMagnitude, 1.0000000180025095e-35,
        -1.0000000180025095e-35, 1e300, -1e300, 3.4028234663852886e38, 16_777_216, 16_777_215.5,
        2_147_483_648, -2_147_483_649, -0.5, -1, 4_294_967_296,
    ]

    private mutating func value() -> Double {
        let threshold = thresholds[random.next(below: thresholds.count)]
        switch random.next(below: 10) {
        case 0: return .nan
        case 1, 2: return Self.odd[random.next(below: Self.odd.count)]
        case 3: return threshold
        case 4: return threshold.nextUp
        case 5: return threshold.nextDown
        case 6: return Double(Float(threshold).nextUp)
        case 7: return Double(Float(threshold).nextDown)
        case 8: return Double(random.next(below: 48)) - 2
        default: return Double(random.next(below: 4_000)) / 1_000 - 2
        }
    }
}
