/// The row as splits compare it: each distinct (input, rule for missing values) has a slot, filled
/// once per row, so that every split of every profile becomes `slot < threshold`.
struct SplitSlots: Sendable {
    private struct Key: Hashable {
        var input: Int32
        var missing: TreeEnsemble.Missing
    }

    private var numbers: [(slot: Int32, key: Key)] = []
    private var places: [Key: Int32] = [:]
    /// Splits that ask something else: their slot holds the answer, 0 for left and 1 for right.
    private var questions: [(slot: Int32, node: TreeEnsemble.Node)] = []
    private(set) var count = 0

    /// Where a split finds its value, and what it compares it with.
    mutating func place(_ node: TreeEnsemble.Node) -> (slot: Int32, threshold: Double) {
        guard let threshold = Self.threshold(node) else {
            questions.append((Int32(count), node))
            count += 1
            return (Int32(count - 1), 0.5)
        }
        let key = Key(input: node.input, missing: node.missing)
        if let place = places[key] { return (place, threshold) }
        places[key] = Int32(count)
        numbers.append((Int32(count), key))
        count += 1
        return (Int32(count - 1), threshold)
    }

    /// `x <= t` is `x < t.nextUp`. Nil if the split takes no finite comparison.
    private static func threshold(_ node: TreeEnsemble.Node) -> Double? {
        guard node.value.isFinite else { return nil }
        switch node.rule {
        case .less: return node.value
        case .lessOrEqual, .greater: return node.value.nextUp
        case .listedRight, .listedLeft, .hash: return nil
        }
    }

    func fill(
        _ slots: UnsafeMutableBufferPointer<Double>, from row: UnsafeBufferPointer<Double>,
        _ ensemble: TreeEnsemble
    ) {
        for (slot, key) in numbers {
            let value = ensemble.profile.prepared(row[Int(key.input)])
            slots[Int(slot)] = Self.comparable(value, key.missing)
        }
        for (slot, node) in questions {
            let value = ensemble.profile.prepared(row[Int(node.input)])
            slots[Int(slot)] = ensemble.goesLeft(node, value) ? 0 : 1
        }
    }

    @inline(__always)
    private static func comparable(_ value: Double, _ missing: TreeEnsemble.Missing) -> Double {
        switch missing {
        case .left: value.isNaN ? -.infinity : value
        case .right, .refused: value.isNaN ? .infinity : value
        case .asZero: value.isNaN ? 0 : value
        case .zeroLeft: isNothing(value) ? -.infinity : value
        case .zeroRight: isNothing(value) ? .infinity : value
        }
    }

    @inline(__always)
    private static func isNothing(_ value: Double) -> Bool {
        value.isNaN || abs(value) <= NumericProfile.lightgbmZero
    }
}
