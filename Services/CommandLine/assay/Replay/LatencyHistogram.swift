/// How long calls took, in microseconds, in buckets at most 1.6 % wide; bounded memory.
struct LatencyHistogram: Sendable, Hashable {
    private static let subBits = 6
    private var buckets = [Int](repeating: 0, count: 32 << subBits)
    private(set) var count = 0
    private(set) var longest: Int64 = 0

    mutating func record(_ microseconds: Int64) {
        let value = UInt64(max(0, microseconds))
        buckets[min(Self.bucket(value), buckets.count - 1)] += 1
        count += 1
        longest = max(longest, microseconds)
    }

    /// The time that the given share of calls did not exceed, in microseconds; 0 without calls.
    func quantile(_ share: Double) -> Int64 {
        guard count > 0 else { return 0 }
        let rank = max(1, Int((share * Double(count)).rounded(.up)))
        var seen = 0
        for (index, number) in buckets.enumerated() where number > 0 {
            seen += number
            if seen >= rank { return min(Self.highest(of: index), longest) }
        }
        return longest
    }

    /// Values below 64 have a bucket each; above, every power of two has 64 of them.
    private static func bucket(_ value: UInt64) -> Int {
        let exponent = max(0, 63 - subBits - value.leadingZeroBitCount)
        return exponent << subBits + Int(value >> UInt64(exponent))
    }

    private static func highest(of bucket: Int) -> Int64 {
        let width = 1 << subBits
        if bucket < 2 * width { return Int64(bucket) }
        let exponent = bucket / width - 1
        let base = Int64(bucket - exponent * width)
        return (base + 1) << Int64(exponent) - 1
    }
}
