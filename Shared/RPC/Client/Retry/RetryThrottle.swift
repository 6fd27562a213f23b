/// Stops further attempts at a target that mostly fails, so that they do not add to its load
/// (gRFC A6): 100 tokens, one less per failure, a tenth back per success; none at half of them or
/// below. A service config may set other numbers.
package struct RetryThrottle: Sendable {
    /// All in thousandths of a token, so that a tenth is exact.
    private let capacity: Int
    private let gain: Int
    private var thousandths: Int

    package init(_ settings: RetryThrottling = RetryThrottling()) {
        capacity = settings.maximumTokens * 1_000
        gain = Int(settings.tokenRatio * 1_000)
        thousandths = capacity
    }

    package var tokens: Double { Double(thousandths) / 1_000 }

    package var allowsRetry: Bool { thousandths > capacity / 2 }

    package mutating func succeeded() { thousandths = min(thousandths + gain, capacity) }

    package mutating func failed() { thousandths = max(thousandths - 1_000, 0) }

    /// Goes on with other numbers, as full as it is (gRFC A6, "Throttling configuration").
    package mutating func change(to settings: RetryThrottling) {
        var changed = RetryThrottle(settings)
        changed.thousandths = Int(
            Double(changed.capacity) * Double(thousandths) / Double(capacity))
        self = changed
    }
}
