/// Stops further attempts at a target that mostly fails, so that they do not add to its load
/// (gRFC A6): 100 tokens, one less per failure, a tenth back per success; none at 50 or below.
package struct RetryThrottle: Sendable {
    private static let capacity = 1_000
    private var tenths = capacity

    package init() {}

    package var tokens: Double { Double(tenths) / 10 }

    package var allowsRetry: Bool { tenths > Self.capacity / 2 }

    package mutating func succeeded() { tenths = min(tenths + 1, Self.capacity) }

    package mutating func failed() { tenths = max(tenths - 10, 0) }
}
