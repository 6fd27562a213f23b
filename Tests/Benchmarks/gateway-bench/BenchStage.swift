import CAllocationCounter

/// One thing that is done again and again.
struct BenchStage {
    let name: String
    /// Does it once; false is a failure of the benchmark.
    let body: () -> Bool

    /// The median of nine runs, as a line.
    func measure(seconds: Double) -> String {
        let clock = ContinuousClock()
        var count = 1
        while clock.measure({ repeatBody(count) }) < .milliseconds(5) { count *= 2 }
        let runs = 9
        let perRun = Duration.seconds(seconds) / runs
        var times: [Double] = []
        for _ in 0..<runs {
            var done = 0
            let start = clock.now
            while clock.now - start < perRun {
                repeatBody(count)
                done += count
            }
            times.append((clock.now - start) / .nanoseconds(1) / Double(done))
        }
        times.sort()
        allocation_counter_start()
        repeatBody(100)
        let allocations = Double(allocation_counter_stop().count) / 100
        return Self.pad(name, 32) + Self.right(times[runs / 2], 11) + Self.right(allocations, 14)
            + "  \(Self.text(times[0]))–\(Self.text(times[runs - 1]))"
    }

    private func repeatBody(_ count: Int) {
        for _ in 0..<count where !body() { fatalError("\(name) failed") }
    }

    private static func text(_ value: Double) -> String {
        "\((value * 10).rounded() / 10)"
    }

    private static func right(_ value: Double, _ width: Int) -> String {
        let text = text(value)
        return String(repeating: " ", count: max(1, width - text.count)) + text
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
