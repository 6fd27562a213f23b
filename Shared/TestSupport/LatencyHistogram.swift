/// How many calls took how long, in ranges of at most 1/64 of what they hold: of constant size, so
/// that an interval of millions of calls costs the measuring process no memory and no pause.
public struct LatencyHistogram: Sendable {
    /// Ranges of each power of two.
    private static let perPower = 64
    private var counts = [UInt64](repeating: 0, count: 38 * perPower)
    private var total: UInt64 = 0

    public init() {}

    public var count: Int { Int(total) }

    public mutating func record(_ duration: Duration) {
        let nanoseconds = UInt64(max(0, min(duration / .nanoseconds(1), 1e12)))
        counts[min(Self.range(of: nanoseconds), counts.count - 1)] += 1
        total += 1
    }

    public mutating func merge(_ other: LatencyHistogram) {
        for (range, count) in other.counts.enumerated() { counts[range] += count }
        total += other.total
    }

    /// The lower bound of the range that this share of the calls reaches, in nanoseconds.
    public func nanoseconds(_ share: Double) -> UInt64 {
        var left = UInt64(Double(total) * share)
        for (range, count) in counts.enumerated() {
            if count > left { return Self.lowerBound(of: range) }
            left -= count
        }
        return 0
    }

    /// The same in whole microseconds.
    public func percentile(_ share: Double) -> UInt64 { nanoseconds(share) / 1_000 }

    /// Below 64 each number has its range; above, the six bits behind the highest tell it.
    private static func range(of nanoseconds: UInt64) -> Int {
        let shift = max(0, 64 - nanoseconds.leadingZeroBitCount - 7)
        return shift * perPower + Int(nanoseconds >> UInt64(shift))
    }

    private static func lowerBound(of range: Int) -> UInt64 {
        let shift = max(0, range / perPower - 1)
        return UInt64(range - shift * perPower) << UInt64(shift)
    }
}
