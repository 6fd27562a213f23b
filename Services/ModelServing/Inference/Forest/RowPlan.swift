/// Each distinct (input, side of missing values) of a forest's splits as one slot.
///
/// Filling the slots once per row takes every missing-value branch out of the walk: a missing value
/// that goes left is stored as -infinity, one that goes right as +infinity, and every finite
/// threshold then decides rightly.
struct RowPlan: Sendable {
    private(set) var inputs: [Int32] = []
    private(set) var fills: [Float] = []
    private var slotOf: [Int64: Int32] = [:]

    var slotCount: Int { inputs.count }

    init() {
        // Slot 0 is constant, for nodes that decide nothing: input 0 may be missing, so it is
        // filled apart.
        inputs.append(-1)
        fills.append(0)
    }

    mutating func slot(for node: Forest.Node) -> Int32 {
        let key = Int64(node.input) << 1 | (node.missingGoesLeft ? 1 : 0)
        if let slot = slotOf[key] { return slot }
        let slot = Int32(truncatingIfNeeded: inputs.count)
        inputs.append(node.input)
        fills.append(node.missingGoesLeft ? -.infinity : .infinity)
        slotOf[key] = slot
        return slot
    }

    @inline(__always)
    func fill(
        _ slots: UnsafeMutableBufferPointer<Float>, from row: UnsafeBufferPointer<Float>
    ) {
        slots[0] = 0
        for slot in 1..<max(slotCount, 1) {
            let value = row[Int(inputs[slot])]
            slots[slot] = value.isNaN ? fills[slot] : value
        }
    }
}
