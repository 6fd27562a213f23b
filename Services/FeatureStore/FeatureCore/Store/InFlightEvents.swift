internal import RPC
internal import Synchronization

/// The events that are being recorded: the id of each is claimed by one call at a time.
final class InFlightEvents: Sendable {
    static let maximumCount = 4_096

    /// An event that has its place in the log, which is not on the disk yet.
    struct Submitted: Sendable {
        let scoring: Scoring
        let sequence: UInt64
    }

    /// Nil for one that has no place so far.
    private let events = Mutex<[[UInt8]: Submitted?]>([:])

    var count: Int { events.withLock { $0.count } }

    /// Throws ABORTED if another call has the id, RESOURCE_EXHAUSTED if too many are at work.
    func claim(_ key: [UInt8]) throws(RPCError) {
        let error: RPCError? = events.withLock { events in
            if events[key] != nil {
                return RPCError(
                    code: .aborted, message: "an event with this id is being recorded",
                    reason: "EVENT_IN_FLIGHT", retryAfter: .milliseconds(20))
            }
            guard events.count < InFlightEvents.maximumCount else {
                return RPCError(
                    code: .resourceExhausted,
                    message: "\(events.count) events are being recorded already",
                    reason: "TOO_MANY_IN_FLIGHT", retryAfter: .milliseconds(50))
            }
            events.updateValue(nil, forKey: key)
            return nil
        }
        if let error { throw error }
    }

    /// The event got its place: others may refer to it from now on.
    func submitted(_ key: [UInt8], _ event: Submitted) {
        events.withLock { events in
            guard events[key] != nil else { return }
            events.updateValue(event, forKey: key)
        }
    }

    /// The event that is on its way to the disk under an id.
    func submitted(_ key: [UInt8]) -> Submitted? { events.withLock { $0[key] ?? nil } }

    func release(_ key: [UInt8]) { events.withLock { _ = $0.removeValue(forKey: key) } }
}
