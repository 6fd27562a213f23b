#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// How far what is served now lies from a baseline.
///
/// Both are counted in at most ten bins that hold about equally much of the baseline. The bins are
/// runs of histogram buckets, so nothing is interpolated.
struct Drift: Hashable, Sendable {
    /// Fewer values say nothing.
    static let minimumCount: UInt64 = 1_000
    static let leastThreshold = 0.2
    static let maximumNullRise = 0.02
    static let maximumStaleRate = 0.01

    enum Alert: String, Hashable, Sendable, CaseIterable {
        case distribution, nulls, stale
    }

    /// Too few values on one side; no alert about their distribution.
    let isInsufficient: Bool
    /// Population stability index, Σ (q − p) ln(q/p).
    let stability: Double
    /// Jensen-Shannon divergence in bits: 0 for equal distributions, 1 for separate ones.
    let divergence: Double
    /// What the index must exceed to be told from chance.
    let threshold: Double
    let nullRate: Double
    let baselineNullRate: Double
    let staleRate: Double
    /// Values lie beyond the baseline's.
    let isOutOfRange: Bool
    let alerts: [Alert]

    init(of current: FeatureSketch, against baseline: FeatureSketch) {
        let bins = Self.bins(baseline.histogram)
        let expected = Self.counts(baseline.histogram, bins)
        let found = Self.counts(current.histogram, bins)
        isInsufficient =
            current.numbers < Self.minimumCount || baseline.numbers < Self.minimumCount
        (stability, divergence) = Self.distances(expected, found)
        threshold = Self.threshold(
            bins: expected.count, baseline: baseline.numbers, current: current.numbers)
        nullRate = current.nullRate
        baselineNullRate = baseline.nullRate
        staleRate = current.staleRate
        isOutOfRange = current.minimum < baseline.minimum || current.maximum > baseline.maximum
        var alerts: [Alert] = []
        if !isInsufficient, stability > threshold { alerts.append(.distribution) }
        if current.count >= Self.minimumCount, baseline.count >= Self.minimumCount {
            if nullRate > baselineNullRate + Self.maximumNullRise { alerts.append(.nulls) }
            if staleRate > Self.maximumStaleRate { alerts.append(.stale) }
        }
        self.alerts = alerts
    }

    /// The rank of the last bucket of each bin.
    private static func bins(_ baseline: ValueHistogram) -> [Int] {
        var ends: [Int] = []
        var seen: UInt64 = 0
        var tenth = 1.0
        for (bucket, count) in baseline.buckets {
            seen += count
            let reached = Double(seen) * 10 / Double(baseline.total)
            guard reached >= tenth else { continue }
            // A bucket that holds several tenths is one bin.
            ends.append(ValueHistogram.rank(bucket))
            tenth = reached.rounded(.down) + 1
        }
        return ends
    }

    private static func counts(_ histogram: ValueHistogram, _ bins: [Int]) -> [UInt64] {
        guard !bins.isEmpty else { return [] }
        var counts = [UInt64](repeating: 0, count: bins.count)
        for (bucket, count) in histogram.buckets {
            let rank = ValueHistogram.rank(bucket)
            let bin = bins.firstIndex { rank <= $0 } ?? bins.count - 1
            counts[bin] += count
        }
        return counts
    }

    /// Half a value is added to every bin, so that an empty one has a logarithm.
    private static func distances(
        _ expected: [UInt64], _ found: [UInt64]
    ) -> (stability: Double, divergence: Double) {
        let p = shares(expected)
        let q = shares(found)
        var stability = 0.0
        var divergence = 0.0
        for (p, q) in zip(p, q) {
            stability += (q - p) * log(q / p)
            let middle = (p + q) / 2
            divergence += (p * log2(p / middle) + q * log2(q / middle)) / 2
        }
        return (stability, max(0, divergence))
    }

    private static func shares(_ counts: [UInt64]) -> [Double] {
        let total = counts.reduce(0) { $0 + Double($1) + 0.5 }
        return counts.map { (Double($0) + 0.5) / total }
    }

    /// The larger of 0.2 and the 99.9 % point of the index between two samples of one distribution:
    /// there it is close to (1/n + 1/m) times a χ² variable of one degree less than there are bins
    /// (Yurdakul 2018, section 3).
    static func threshold(bins: Int, baseline: UInt64, current: UInt64) -> Double {
        guard bins > 1, baseline > 0, current > 0 else { return leastThreshold }
        let point = chiSquare999[min(bins - 2, chiSquare999.count - 1)]
        return max(leastThreshold, point * (1 / Double(baseline) + 1 / Double(current)))
    }

    /// The 99.9 % points of χ² with 1 to 9 degrees of freedom.
    private static let chiSquare999 = [
        10.828, 13.816, 16.266, 18.467, 20.515, 22.458, 24.322, 26.124, 27.877,
    ]
}
