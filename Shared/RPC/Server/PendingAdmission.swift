internal import Synchronization

/// The answer to a header block that its handler cannot give yet: it waits for a limit that others
/// share, for a key that is being fetched.
///
/// The connection keeps what comes of the request meanwhile, which is no more than the stream's
/// window, and serves its other streams. The call can be cancelled, and its deadline ends it, as if
/// it were admitted.
public final class PendingAdmission: Sendable {
    private enum State {
        case open
        case awaited(@Sendable (Admission) -> Void)
        case decided(Admission)
        case over
    }

    /// When the call ends with DEADLINE_EXCEEDED, decided or not.
    public let deadline: Deadline
    /// The route of the admission that may follow.
    public let route: Int
    private let state = Mutex(State.open)

    public init(deadline: Deadline, route: Int = 0) {
        self.deadline = deadline
        self.route = route
    }

    /// Tells how the request goes on. Only the first decision counts. Best called on the connection's
    /// loop, which then goes on at once; elsewhere the loop has to be woken.
    public func decide(_ admission: Admission) {
        let waiting: (@Sendable (Admission) -> Void)? = state.withLock { state in
            switch state {
            case .open:
                state = .decided(admission)
                return nil
            case .awaited(let body):
                state = .over
                return body
            case .decided, .over: return nil
            }
        }
        waiting?(admission)
    }

    /// Has `body` called with the decision, at once if it stands already. To be called once.
    package func whenDecided(_ body: @escaping @Sendable (Admission) -> Void) {
        let decided: Admission? = state.withLock { state in
            switch state {
            case .open:
                state = .awaited(body)
                return nil
            case .decided(let admission):
                state = .over
                return admission
            case .awaited, .over: preconditionFailure("one waits for a decision")
            }
        }
        if let decided { body(decided) }
    }

    /// The decision, for those who have no loop to wait on.
    package func decision() async -> Admission {
        await withUnsafeContinuation { continuation in
            whenDecided { continuation.resume(returning: $0) }
        }
    }
}
