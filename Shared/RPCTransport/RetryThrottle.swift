internal import Synchronization

/// Stops retries to a target that mostly fails, so that they do not add to its load (gRFC A6):
/// 100 tokens, one less per failure, a tenth back per success, no retry at 50 or below.
final class RetryThrottle: Sendable {
    private static let capacity = 1_000
    private let tenths = Atomic(capacity)

    var allowsRetry: Bool { tenths.load(ordering: .relaxed) > Self.capacity / 2 }

    func succeeded() {
        // Full nearly always: then a success writes nothing.
        if tenths.load(ordering: .relaxed) < Self.capacity {
            tenths.wrappingAdd(1, ordering: .relaxed)
        }
    }

    func failed() {
        if tenths.load(ordering: .relaxed) > 0 {
            tenths.wrappingSubtract(10, ordering: .relaxed)
        }
    }
}
