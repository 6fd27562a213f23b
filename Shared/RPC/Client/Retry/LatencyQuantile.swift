/// The time within which 95 of 100 recent calls end: a histogram with four buckets per doubling,
/// whose counts are halved every thousand calls so that it follows a change.
package struct LatencyQuantile: Sendable {
    private static let bucketsPerDoubling = 4
    private static let doublings = 30
    private static let window = 1_000
    /// With fewer calls nothing is said.
    private static let minimumCalls = 20

    private var counts = Array(repeating: UInt32(0), count: bucketsPerDoubling * doublings)
    private var total: UInt32 = 0

    package init() {}

    package mutating func record(_ latency: Duration) {
        counts[Self.bucket(of: latency)] += 1
        total += 1
        if total >= Self.window {
            total = 0
            for index in counts.indices {
                counts[index] /= 2
                total += counts[index]
            }
        }
    }

    /// The upper bound of the bucket that the quantile lies in; nil with fewer than 20 calls.
    package var p95: Duration? {
        guard total >= Self.minimumCalls else { return nil }
        let rank = (total * 95 + 99) / 100
        var sum: UInt32 = 0
        for (index, count) in counts.enumerated() {
            sum += count
            if sum >= rank { return Self.upperBound(of: index) }
        }
        return nil
    }

    // Bucket 4k + q ends at (4 + q + 1) / 4 × 2ᵏ microseconds.

    private static func bucket(of latency: Duration) -> Int {
        let quarters = UInt64(max(4, latency.saturatedNanoseconds / 250))
        let doubling = 63 - quarters.leadingZeroBitCount - 2
        let quarter = Int(quarters >> UInt64(doubling)) - 4
        return min(doubling * bucketsPerDoubling + quarter, bucketsPerDoubling * doublings - 1)
    }

    private static func upperBound(of index: Int) -> Duration {
        let quarters = (index % bucketsPerDoubling + 5) << (index / bucketsPerDoubling)
        return .nanoseconds(quarters * 250)
    }
}
