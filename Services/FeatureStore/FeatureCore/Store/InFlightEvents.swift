internal import RPC
internal import Synchronization

/// The ids of events that are being recorded: each is claimed by one call at a time.
final class InFlightEvents: Sendable {
    static let maximumCount = 4_096

    private let keys = Mutex<Set<[UInt8]>>([])

    var count: Int { keys.withLock { $0.count } }

    /// Throws ABORTED if another call has the id, RESOURCE_EXHAUSTED if too many are at work.
    func claim(_ key: [UInt8]) throws(RPCError) {
        let error: RPCError? = keys.withLock { keys in
            if keys.contains(key) {
                return RPCError(
                    code: .aborted, message: "an event with this id is being recorded",
                    reason: "EVENT_IN_FLIGHT", retryAfter: .milliseconds(20))
            }
            guard keys.count < InFlightEvents.maximumCount else {
                return RPCError(
                    code: .resourceExhausted,
                    message: "\(keys.count) events are being recorded already",
                    reason: "TOO_MANY_IN_FLIGHT", retryAfter: .milliseconds(50))
            }
            keys.insert(key)
            return nil
        }
        if let error { throw error }
    }

    func release(_ key: [UInt8]) { keys.withLock { _ = $0.remove(key) } }
}
