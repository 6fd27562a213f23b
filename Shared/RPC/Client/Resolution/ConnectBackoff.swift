/// The pause between failed attempts to connect: 0.2 s, growing by 1.6, at most 30 s, ± 20 %.
package struct ConnectBackoff: Sendable {
    package private(set) var failures = 0

    package init() {}

    package mutating func succeeded() { failures = 0 }

    /// - Parameter jitter: 0.8 to 1.2.
    package mutating func failed(jitter: Double) -> Duration {
        failures += 1
        var pause = 0.2
        for _ in 1..<min(failures, 20) { pause *= 1.6 }
        return .seconds(min(pause, 30) * jitter)
    }
}
