import Foundation

/// Two ways to do the same, timed in turns in one process and on one thread.
///
/// Blocks of calls alternate, so that both meet the machine in the same mood; a last pass times
/// every call by itself, for the slow ones.
struct Contest {
    let name: String
    /// Rows that one call answers.
    var rowsPerCall = 1
    var callsPerBlock = 100
    let calls: Int
    let runs: Int

    /// Nanoseconds of a clock that never goes back.
    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// - Parameter target: the ratio that is asked for.
    @inline(never)
    func run(
        against peer: String, target: Double, ours: (Int) -> Double, theirs: (Int) -> Double
    ) -> Bool {
        var medians: (ours: [Double], theirs: [Double]) = ([], [])
        var sum = 0.0
        for _ in 0..<runs {
            var time: (ours: UInt64, theirs: UInt64) = (0, 0)
            for start in stride(from: 0, to: calls, by: callsPerBlock) {
                let block = start..<min(start + callsPerBlock, calls)
                time.ours += Self.time(block, ours, &sum)
                time.theirs += Self.time(block, theirs, &sum)
            }
            medians.ours.append(Double(time.ours) / Double(calls * rowsPerCall) / 1_000)
            medians.theirs.append(Double(time.theirs) / Double(calls * rowsPerCall) / 1_000)
        }
        let (a, b) = (slow(ours, &sum), slow(theirs, &sum))
        let ratios = zip(medians.theirs, medians.ours).map(/).sorted()
        let ratio = ratios[runs / 2]
        print(
            "\(name): ours \(Self.line(medians.ours, a)); \(peer) \(Self.line(medians.theirs, b)); "
                + "ratio \(Self.text(ratio)) (\(Self.text(ratios[0])) to "
                + "\(Self.text(ratios[runs - 1]))), wanted \(Self.text(target)): "
                + (ratio >= target ? "reached" : "MISSED") + (sum.isNaN ? " (not a number)" : ""))
        return ratio >= target
    }

    private static func time(
        _ calls: Range<Int>, _ body: (Int) -> Double, _ sum: inout Double
    ) -> UInt64 {
        let start = now()
        for call in calls { sum += body(call) }
        return now() - start
    }

    /// 99 and 99.9 % of single calls, microseconds a row.
    private func slow(_ body: (Int) -> Double, _ sum: inout Double) -> (Double, Double) {
        var times: [Double] = []
        for call in 0..<calls {
            let start = Self.now()
            sum += body(call)
            times.append(Double(Self.now() - start) / 1_000 / Double(rowsPerCall))
        }
        times.sort()
        return (times[calls * 99 / 100], times[calls * 999 / 1_000])
    }

    private static func line(_ medians: [Double], _ slow: (Double, Double)) -> String {
        let median = medians.sorted()[medians.count / 2]
        return "\(text(median)) us a row (p99 \(text(slow.0)), p99.9 \(text(slow.1)))"
    }

    static func text(_ value: Double) -> String {
        String(format: value < 10 ? "%.3f" : "%.1f", value)
    }
}
