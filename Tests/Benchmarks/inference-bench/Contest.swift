import Foundation

/// Two ways to do the same, timed in turns in one process and on one thread.
///
/// Blocks of a few calls alternate, so that both meet the machine in the same mood. A run is the
/// median of its blocks, the result the median of the runs; a last pass times every call by itself,
/// for the slow ones.
struct Contest {
    let name: String
    /// Rows that one call answers.
    var rowsPerCall = 1
    var callsPerBlock = 10
    let calls: Int
    let runs: Int

    struct Result {
        /// Microseconds a row.
        var ours: Double
        var theirs: Double
        /// Of the runs, sorted.
        var ratios: [Double]
        var ratio: Double { ratios[ratios.count / 2] }
    }

    /// Nanoseconds of a clock that never goes back.
    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Prints one line.
    ///
    /// - Parameter target: the ratio that is asked for.
    @inline(never)
    func run(
        against peer: String, target: Double, ours: (Int) -> Double, theirs: (Int) -> Double
    ) -> Bool {
        let result = measure(ours: ours, theirs: theirs)
        let (a, b) = (slow(ours), slow(theirs))
        let isReached = result.ratio >= target
        let low = Self.text(result.ratios[0])
        let high = Self.text(result.ratios[runs - 1])
        print(
            "\(name): ours \(Self.text(result.ours)) us a row (\(a)); \(peer) "
                + "\(Self.text(result.theirs)) (\(b)); ratio \(Self.text(result.ratio)) "
                + "(\(low) to \(high)), wanted \(Self.text(target)): "
                + (isReached ? "reached" : "MISSED"))
        return isReached
    }

    @inline(never)
    func measure(ours: (Int) -> Double, theirs: (Int) -> Double) -> Result {
        var (a, b): ([Double], [Double]) = ([], [])
        for _ in 0..<runs {
            var (blocksA, blocksB): ([Double], [Double]) = ([], [])
            for start in stride(from: 0, to: calls, by: callsPerBlock) {
                let block = start..<min(start + callsPerBlock, calls)
                blocksA.append(time(block, ours))
                blocksB.append(time(block, theirs))
            }
            a.append(Self.median(blocksA))
            b.append(Self.median(blocksB))
        }
        return Result(
            ours: Self.median(a), theirs: Self.median(b), ratios: zip(b, a).map(/).sorted())
    }

    /// Microseconds a row.
    private func time(_ calls: Range<Int>, _ body: (Int) -> Double) -> Double {
        var sum = 0.0
        let start = Self.now()
        for call in calls { sum += body(call) }
        let time = Double(Self.now() - start)
        precondition(!sum.isNaN, "a margin is not a number")
        return time / 1_000 / Double(calls.count * rowsPerCall)
    }

    /// 99 and 99.9 % of single calls, microseconds a row.
    private func slow(_ body: (Int) -> Double) -> String {
        let times = (0..<calls).map { time($0..<$0 + 1, body) }.sorted()
        let (p99, p999) = (times[calls * 99 / 100], times[calls * 999 / 1_000])
        return "p99 \(Self.text(p99)), p99.9 \(Self.text(p999))"
    }

    static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    static func text(_ value: Double) -> String {
        String(format: value < 10 ? "%.3f" : "%.1f", value)
    }
}
