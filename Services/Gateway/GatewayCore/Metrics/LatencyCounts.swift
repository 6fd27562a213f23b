internal import Synchronization

/// How often something took how long, in ranges from a microsecond to a second. Any thread may note,
/// without a lock.
public final class LatencyCounts: Sendable {
    /// The ranges' upper bounds, inclusive, in nanoseconds; what takes longer is in a last range.
    private static let ranges: InlineArray<16, Int64> = [
        1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000,
        2_000_000, 5_000_000, 20_000_000, 100_000_000, 500_000_000, 1_000_000_000,
    ]

    private let counts: InlineArray<17, Atomic<Int>>
    private let nanoseconds = Atomic<Int64>(0)

    public init() { counts = InlineArray { _ in Atomic(0) } }

    /// - Parameter time: In nanoseconds.
    func note(_ time: Int64) {
        var range = 0
        while range < Self.ranges.count, Self.ranges[range] < time { range += 1 }
        counts[range].wrappingAdd(1, ordering: .relaxed)
        nanoseconds.wrappingAdd(time, ordering: .relaxed)
    }

    /// The ranges' upper bounds in seconds.
    public static var bounds: [Double] {
        ranges.indices.map { Double(ranges[$0]) / 1e9 }
    }

    /// One count for each bound, and one for what took longer; not cumulative.
    public var all: [UInt64] {
        counts.indices.map { UInt64(clamping: counts[$0].load(ordering: .relaxed)) }
    }

    /// In seconds.
    public var sum: Double { Double(nanoseconds.load(ordering: .relaxed)) / 1e9 }

    public var isEmpty: Bool { all.allSatisfy { $0 == 0 } }
}
