/// How many calls took how long, in ranges of at most 1/64 of what they hold: of constant size, so
/// that an interval of millions of calls costs the measuring process no memory and no pause.
struct LatencyHistogram {
    /// Ranges of each power of two.
    private static let perPower = 64
    private var counts = [UInt64](repeating: 0, count: 28 * perPower)
    private var total: UInt64 = 0

    mutating func record(_ duration: Duration) {
        let micros = UInt64(max(0, min(duration / .microseconds(1), 1e12)))
        counts[min(Self.range(of: micros), counts.count - 1)] += 1
        total += 1
    }

    /// The lower bound, in microseconds, of the range that this share of the calls reaches.
    func percentile(_ share: Double) -> UInt64 {
        var left = UInt64(Double(total) * share)
        for (range, count) in counts.enumerated() {
            if count > left { return Self.lowerBound(of: range) }
            left -= count
        }
        return 0
    }

    /// Below 64 each number has its range; above, the six bits behind the highest tell it.
    private static func range(of micros: UInt64) -> Int {
        let shift = max(0, 64 - micros.leadingZeroBitCount - 7)
        return shift * perPower + Int(micros >> UInt64(shift))
    }

    private static func lowerBound(of range: Int) -> UInt64 {
        let shift = max(0, range / perPower - 1)
        return UInt64(range - shift * perPower) << UInt64(shift)
    }
}
