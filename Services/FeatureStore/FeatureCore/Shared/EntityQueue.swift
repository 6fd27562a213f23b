internal import RPC
internal import Synchronization

/// Orders the events of one entity within the process: one at a time, in the order of their coming, from
/// the time they have their places in the log. Each is held for one round trip, its writes, so that many
/// events of one entity follow each other closely.
///
/// An event holds all its entities at once. They are taken in one order, so no two events wait for
/// each other.
final class EntityQueue: Sendable {
    static let maximumWaiting = 256

    /// Those who wait for an entity that is held: they are told whether they have it.
    private typealias Line = [CheckedContinuation<Bool, Never>]

    /// Whoever is in here is held.
    private let lines = Mutex<[StateKey: Line]>([:])

    /// Throws RESOURCE_EXHAUSTED if too many wait for one of the entities.
    func checkRoom(for keys: [StateKey]) throws(RPCError) {
        let isFull = lines.withLock { lines in
            keys.contains { lines[$0]?.count ?? 0 >= Self.maximumWaiting }
        }
        if isFull { throw Self.full }
    }

    private static let full = RPCError(
        code: .resourceExhausted,
        message: "\(maximumWaiting) events of one entity wait already",
        reason: "ENTITY_QUEUE_FULL", retryAfter: .milliseconds(50))

    /// Waits until all of the entities are the caller's, who gives the result to `release` later.
    func acquire(_ keys: [StateKey]) async throws(RPCError) -> [StateKey] {
        let wanted = Set(keys).sorted()
        for (index, key) in wanted.enumerated() {
            guard await acquire(key) else {
                release(Array(wanted[..<index]))
                throw Self.full
            }
        }
        return wanted
    }

    private func acquire(_ key: StateKey) async -> Bool {
        if take(key) { return true }
        return await withCheckedContinuation { continuation in
            let decided: Bool? = lines.withLock { lines in
                guard let line = lines[key] else {
                    lines[key] = []
                    return true
                }
                guard line.count < Self.maximumWaiting else { return false }
                lines[key]?.append(continuation)
                return nil
            }
            if let decided { continuation.resume(returning: decided) }
        }
    }

    /// How many wait for an entity that is held.
    func waiting(for key: StateKey) -> Int { lines.withLock { $0[key]?.count ?? 0 } }

    /// Without waiting, which is how it mostly goes.
    private func take(_ key: StateKey) -> Bool {
        lines.withLock { lines in
            guard lines[key] == nil else { return false }
            lines[key] = []
            return true
        }
    }

    func release(_ keys: [StateKey]) {
        for key in keys {
            let next = lines.withLock { lines -> CheckedContinuation<Bool, Never>? in
                guard lines[key]?.isEmpty == false else {
                    lines[key] = nil
                    return nil
                }
                return lines[key]?.removeFirst()
            }
            next?.resume(returning: true)
        }
    }
}

extension StateKey: Comparable {
    package static func < (a: StateKey, b: StateKey) -> Bool { (a.high, a.low) < (b.high, b.low) }
}
