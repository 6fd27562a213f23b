internal import Synchronization

/// Counts of observations in fixed ranges, with their sum. Any thread may observe, without a lock.
public final class Histogram: Sendable {
    /// 50 µs to 10 s, about two steps per octave where latency objectives lie.
    public static let latencyBounds: [Double] = [
        0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002, 0.003, 0.005, 0.007_5, 0.01, 0.015,
        0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    private final class Bucket: Sendable {
        let count = Atomic<UInt64>(0)
    }

    /// Upper bounds, inclusive, ascending; the last bucket has none.
    public let bounds: [Double]
    private let buckets: [Bucket]
    private let sumBits = Atomic<UInt64>(0)

    public init(bounds: [Double] = Histogram.latencyBounds) {
        precondition(!bounds.isEmpty && zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 })
        self.bounds = bounds
        buckets = (0...bounds.count).map { _ in Bucket() }
    }

    public func observe(_ value: Double) {
        guard !value.isNaN else { return }
        buckets[bucket(of: value)].count.wrappingAdd(1, ordering: .relaxed)
        sumBits.add(value)
    }

    /// Observes a duration in seconds.
    public func observe(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        observe(Double(seconds) + Double(attoseconds) * 1e-18)
    }

    /// The first bucket whose bound is not below the value.
    private func bucket(of value: Double) -> Int {
        var low = 0
        var high = bounds.count
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// One count per bucket, not cumulative.
    public var counts: [UInt64] { buckets.map { $0.count.load(ordering: .relaxed) } }
    public var sum: Double { Double(bitPattern: sumBits.load(ordering: .relaxed)) }
}
