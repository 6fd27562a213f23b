/// The ranges of a histogram of whole numbers, and which one a number falls into without a search.
public struct HistogramLayout: Sendable {
    /// Upper bounds, inclusive, ascending; the range above the last has none.
    public let bounds: [UInt64]
    /// By the number of significant bits: the first range that a number of so many bits may fall into.
    private let first: [UInt8]
    /// What one unit is worth in the unit that is shown: 1e-9 for nanoseconds as seconds.
    public let scale: Double

    public init(bounds: [UInt64], scale: Double = 1) {
        precondition(!bounds.isEmpty && bounds.count < 255, "1 to 254 bounds")
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }, "bounds ascend")
        self.bounds = bounds
        self.scale = scale
        first = (0...64).map { bits in
            let smallest: UInt64 = bits == 0 ? 0 : 1 << UInt64(bits - 1)
            return UInt8(bounds.firstIndex { $0 >= smallest } ?? bounds.count)
        }
    }

    /// Ranges, the unbounded one included.
    public var count: Int { bounds.count + 1 }

    /// The range of a number: a table look-up, and a step for each bound within one power of two.
    package func range(of value: UInt64) -> Int {
        var range = Int(first[64 - value.leadingZeroBitCount])
        while range < bounds.count, bounds[range] < value { range += 1 }
        return range
    }

    /// Nanoseconds, 5 µs to 10 s: about three per decade, closer where latency objectives lie.
    public static let time = HistogramLayout(
        bounds: [
            5, 10, 25, 50, 100, 250, 500, 1_000, 2_000, 3_000, 5_000, 7_500, 10_000, 15_000, 20_000,
            30_000, 50_000, 75_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
            10_000_000,
        ].map { $0 * 1_000 }, scale: 1e-9)

    /// Bytes, 64 to 4 MiB by factors of four, and 16 MiB.
    public static let size = HistogramLayout(
        bounds: (0...9).map { 64 << (2 * UInt64($0)) })
}
