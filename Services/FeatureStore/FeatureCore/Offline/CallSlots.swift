internal import RPC
internal import Synchronization

/// Bounds how many calls of a kind a process serves at once, for what they hold in memory.
final class CallSlots: Sendable {
    static let trainingSets = CallSlots(4, "training sets are being built", "TRAINING_SLOTS")
    static let edges = CallSlots(2, "calls read the payments of the log", "EDGE_SLOTS")
    static let explanations = CallSlots(8, "explanations are being made", "EXPLAIN_SLOTS")

    private let count: Int
    private let what: String
    private let reason: String
    private let free: Atomic<Int>

    private init(_ count: Int, _ what: String, _ reason: String) {
        self.count = count
        self.what = what
        self.reason = reason
        free = Atomic(count)
    }

    /// Throws RESOURCE_EXHAUSTED if there is none free.
    func take() throws(RPCError) {
        if free.subtract(1, ordering: .acquiringAndReleasing).newValue >= 0 { return }
        giveBack()
        throw RPCError(
            code: .resourceExhausted, message: "\(count) \(what)", reason: reason,
            retryAfter: .seconds(10))
    }

    func giveBack() { free.add(1, ordering: .acquiringAndReleasing) }
}
