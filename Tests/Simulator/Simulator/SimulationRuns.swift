internal import Glibc
internal import RPC

/// Many simulations, one after the other, each with the next seed.
package struct SimulationRuns: Sendable {
    package let first: UInt64
    package let count: UInt64

    package init(first: UInt64, count: UInt64) {
        self.first = first
        self.count = count
    }

    /// Prints what came out; false if any run failed.
    package func run() -> Bool {
        var (calls, succeeded, steps, failures) = (0, 0, 0, 0)
        var codes: [StatusCode: Int] = [:]
        var seconds = 0.0
        for seed in first..<(first + count) {
            let report = Simulation(seed: seed, .random(seed: seed)).run()
            calls += report.calls
            succeeded += report.succeeded
            steps += report.steps
            seconds += report.seconds
            codes.merge(report.codes) { $0 + $1 }
            if report.isGood { continue }
            failures += 1
            if failures <= 20 { print(report.failure) }
        }
        let ends = codes.sorted { $0.key.rawValue < $1.key.rawValue }
            .map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        print(
            """
            \(count) simulations from seed \(first): \(failures) failed; \(calls) calls \
            (\(ends)); \(steps) steps; \(Int(seconds)) simulated seconds
            """)
        return failures == 0
    }
}

extension SimulationReport {
    /// What went wrong, and how to see it again.
    package var failure: String {
        """
        seed \(seed) failed behind \(steps) steps:
          \(violations.joined(separator: "\n  "))
          again: make simulate RUNS=1 SEED=\(seed)
        """
    }
}
