internal import Inference

// Splits of every rule that a profile has, and rows that meet their thresholds.
extension RandomEnsemble {
    mutating func threshold() -> Double { thresholds[random.next(below: thresholds.count)] }

    mutating func hash() -> Int32 { [11, -5, 0, 77, 3][random.next(below: 5)] }

    mutating func split(
        _ ensemble: inout TreeEnsemble, _ left: Int32, _ cover: Double
    ) -> TreeEnsemble.Node {
        let input = Int32(random.next(below: inputs))
        if random.next(below: 100) < categorical {
            return categorical(&ensemble, input, left, cover)
        }
        let rule: TreeEnsemble.Rule
        var missing: TreeEnsemble.Missing = random.next(below: 2) == 0 ? .left : .right
        switch profile {
        case .xgboost: rule = .less
        case .catboost: rule = .greater
        case .forest: rule = .lessOrEqual
        case .lightgbm, .linear:
            rule = .lessOrEqual
            missing = [.left, .right, .asZero, .zeroLeft, .zeroRight][random.next(below: 5)]
        }
        if input == required { missing = .refused }
        return .split(
            input, rule, threshold(), missing: missing, left: left, right: left + 1, cover: cover)
    }

    private mutating func categorical(
        _ ensemble: inout TreeEnsemble, _ input: Int32, _ left: Int32, _ cover: Double
    ) -> TreeEnsemble.Node {
        switch profile {
        case .catboost:
            return .split(
                input, .hash, Double(hash()), missing: .left, left: left, right: left + 1,
                cover: cover)
        case .lightgbm:
            let set = ensemble.categorySets.append(
                bits: [UInt32(truncatingIfNeeded: random.next()), 1])
            return .split(
                input, .listedLeft, 0, missing: .right, left: left, right: left + 1,
                categories: set, cover: cover)
        default:
            let listed = (0..<40).map(Int32.init).filter { _ in random.next(below: 3) == 0 }
            let set = ensemble.categorySets.append(sorted: listed)
            let missing: TreeEnsemble.Missing = random.next(below: 2) == 0 ? .left : .right
            return .split(
                input, .listedRight, .nan, missing: missing, left: left, right: left + 1,
                categories: set, cover: cover)
        }
    }

    // MARK: Rows

    /// Values at thresholds and one step to each side of them, in both widths, and odd ones.
    public mutating func row() -> [Double] { (0..<inputs).map { _ in value() } }

    private mutating func value() -> Double {
        let threshold = threshold()
        switch random.next(below: 12) {
        case 0: return .nan
        case 1: return isOdd ? [.infinity, -.infinity, 0, -0.0][random.next(below: 4)] : 0
        case 2: return threshold.nextUp
        case 3: return threshold.nextDown
        case 4: return Double(Float(threshold).nextUp)
        case 5: return Double(Float(threshold).nextDown)
        case 6: return threshold
        case 7: return Double(Float(threshold))
        case 8: return Double(random.next(below: 45)) - 2
        case 9: return Double(random.next(below: 90)) / 2 - 3
        default: return Double(random.next(below: 4_000_001)) / 1_000_000 - 2
        }
    }
}
