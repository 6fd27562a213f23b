internal import Synchronization

/// A number that only grows. Any thread may add to it, without a lock.
public final class Counter: Sendable {
    private let count = Atomic<UInt64>(0)

    public init() {}

    /// `amount` must not be negative. Wraps after 2^64.
    public func increment(by amount: Int = 1) {
        count.wrappingAdd(UInt64(clamping: amount), ordering: .relaxed)
    }

    public var value: UInt64 { count.load(ordering: .relaxed) }
}
