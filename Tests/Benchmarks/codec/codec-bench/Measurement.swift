internal import AllocationCounter
internal import Glibc

/// The time of one operation over the rounds, and what it allocates.
struct Measurement {
    /// Nanoseconds per call, one figure per round.
    private(set) var rounds: [Double] = []
    let allocations: Double
    /// Calls in a round.
    private let calls: Int

    /// Warms up, counts allocations and finds how many calls fill a round.
    init(_ workload: Workload, _ operation: Operation, seconds: Double) throws {
        try workload.run(operation, 100)
        let before = allocation_count()
        try workload.run(operation, 100)
        allocations = Double(allocation_count() - before) / 100
        let probe = try Self.time { try workload.run(operation, 200) } / 200
        calls = max(10, Int(seconds * 1e9 / probe))
    }

    mutating func addRound(_ workload: Workload, _ operation: Operation) throws {
        rounds.append(try Self.time { try workload.run(operation, calls) } / Double(calls))
    }

    var median: Double { Self.median(rounds) }

    /// How far the slowest and the fastest round lie apart, in percent of the median.
    var spread: Double { ((rounds.max() ?? 0) - (rounds.min() ?? 0)) / median * 100 }

    /// How many times longer `other` takes: the median of the ratios of one round each, so that what
    /// slows both down for a while does not show.
    func ratio(of other: Measurement) -> Double {
        Self.median(zip(rounds, other.rounds).map { $1 / $0 })
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// Nanoseconds of processor time: other programs on the machine count less than on the clock.
    private static func time(_ body: () throws -> Void) rethrows -> Double {
        let start = processorTime()
        try body()
        return processorTime() - start
    }

    private static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }
}
