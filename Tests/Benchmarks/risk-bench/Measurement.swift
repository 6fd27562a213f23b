import CAllocationCounter
import Foundation

/// Runs a piece of work many times on one thread and keeps how long each run took.
struct Measurement {
    /// Sorted.
    private var nanoseconds: [Int64] = []
    /// Heap allocations of one run after the first ones; nil where they cannot be counted.
    private(set) var allocations: Int?

    init(_ rounds: Int, _ body: () throws -> Void) rethrows {
        for _ in 0..<min(200, rounds) { try body() }
        nanoseconds.reserveCapacity(rounds)
        let clock = ContinuousClock()
        for _ in 0..<rounds {
            let started = clock.now
            try body()
            let parts = (clock.now - started).components
            nanoseconds.append(parts.seconds * 1_000_000_000 + parts.attoseconds / 1_000_000_000)
        }
        nanoseconds.sort()
        guard allocation_counter_works() else { return }
        let counted = 16
        allocation_counter_start()
        for _ in 0..<counted { try body() }
        allocations = Int(allocation_counter_stop().count) / counted
    }

    /// Microseconds that this share of the runs stayed below.
    func quantile(_ share: Double) -> Double {
        let place = min(nanoseconds.count - 1, Int(share * Double(nanoseconds.count)))
        return Double(nanoseconds[place]) / 1_000
    }

    func report(_ name: String, parts: Int? = nil) {
        var line =
            name + ": p50 \(Self.text(quantile(0.5))) µs, p99 \(Self.text(quantile(0.99))) µs"
        if let parts {
            line += ", \(Self.text(quantile(0.5) * 1_000 / Double(parts))) ns a step"
        }
        if let allocations { line += ", \(allocations) allocations" }
        print(line)
    }

    private static func text(_ value: Double) -> String { String(format: "%.2f", value) }
}
