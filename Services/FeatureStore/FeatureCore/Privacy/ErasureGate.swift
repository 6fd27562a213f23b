internal import RPC
internal import Synchronization

/// Keeps erasures and live events apart, and erasures from one another.
///
/// While a subject is erased, no event is recorded that names one of its entities: whoever records
/// holds the stripes of the event's entities and asks here, and an erasure closes the gate while it
/// holds them. What was read before an erasure, such as an event that a label refers to, is not
/// recorded again after it.
final class ErasureGate: Sendable {
    private let closed = Mutex<[StateKey: Int]>([:])
    private let isAnyClosed = Atomic<Bool>(false)
    private let last = Mutex<Task<Void, Never>?>(nil)
    private let ended = Atomic<UInt64>(0)

    /// Erasures that ended since the store was opened.
    var erasures: UInt64 { ended.load(ordering: .acquiring) }

    /// Runs `body` when every erasure before it has ended, and to its end, whatever becomes of the
    /// caller.
    func next<R: Sendable>(_ body: @escaping @Sendable () async throws -> R) async throws -> R {
        let task = last.withLock { last in
            let before = last
            let task = Task {
                await before?.value
                return try await body()
            }
            last = Task { _ = await task.result }
            return task
        }
        return try await task.value
    }

    func close(_ keys: some Sequence<StateKey>) {
        closed.withLock { closed in
            for key in keys { closed[key, default: 0] += 1 }
            isAnyClosed.store(!closed.isEmpty, ordering: .releasing)
        }
    }

    func open(_ keys: some Sequence<StateKey>) {
        closed.withLock { closed in
            for key in keys {
                guard let count = closed[key] else { continue }
                closed[key] = count > 1 ? count - 1 : nil
            }
            isAnyClosed.store(!closed.isEmpty, ordering: .releasing)
        }
    }

    /// What was read before is not what the store holds.
    func end() { ended.add(1, ordering: .acquiringAndReleasing) }

    /// Throws ABORTED for an event that is to be sent again when the erasure is over. The stripes of
    /// its entities are held.
    func check(_ scoring: Scoring) throws(RPCError) {
        let isOld = scoring.erasures.map { $0 != erasures } ?? false
        let isClosed =
            isAnyClosed.load(ordering: .acquiring)
            && closed.withLock { closed in scoring.entities.contains { closed[$0.key] != nil } }
        guard isOld || isClosed else { return }
        throw RPCError.subjectErased
    }
}

extension RPCError {
    /// What an event was read from may have been erased: it is to be sent again.
    static var subjectErased: RPCError {
        RPCError(
            code: .aborted, message: "a subject of the event is being erased",
            reason: "ERASURE", retryAfter: .milliseconds(50))
    }
}
