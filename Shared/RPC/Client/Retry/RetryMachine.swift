/// Decides after each failed attempt of a call what comes next (gRFC A6).
package struct RetryMachine: Sendable {
    package enum Decision: Sendable, Hashable {
        /// The failure is the call's result.
        case giveUp
        /// At once, and not counted as an attempt: the peer did nothing.
        case resend
        /// After a pause.
        case retry(after: Duration)
    }

    private static let maximumAttempts = 5

    private let policy: RetryPolicy?
    private let deadline: Deadline
    /// Attempts that may have run, before the one that is under way: what
    /// `grpc-previous-rpc-attempts` says.
    package private(set) var previousAttempts = 0
    private var wasRefused = false

    /// - Parameters:
    ///   - policy: nil if the call may not be repeated once it may have run.
    ///   - deadline: covers all attempts.
    package init(_ policy: RetryPolicy?, deadline: Deadline) {
        self.policy = policy
        self.deadline = deadline
    }

    /// - Parameters:
    ///   - isAllowed: asked once, and only for an attempt that would be made: throttle and budget.
    ///   - jitter: 0.8 to 1.2.
    package mutating func failed(
        _ failure: AttemptFailure, at now: Instant, jitter: Double, isAllowed: () -> Bool
    ) -> Decision {
        if deadline.hasPassed(at: now) { return .giveUp }
        switch failure.progress {
        case .committed: return .giveUp
        case .refused where !wasRefused:
            wasRefused = true
            return .resend
        case .refused, .unsent, .processed: break
        }
        guard let policy, previousAttempts + 1 < min(policy.maximumAttempts, Self.maximumAttempts),
            let pause = pause(failure, policy, jitter)
        else { return .giveUp }
        guard now + pause < deadline.instant, isAllowed() else { return .giveUp }
        previousAttempts += 1
        return .retry(after: pause)
    }

    private func pause(
        _ failure: AttemptFailure, _ policy: RetryPolicy, _ jitter: Double
    ) -> Duration? {
        // What was turned away for lack of room comes back only when the server says when.
        let isOverload = failure.code == .resourceExhausted
        guard isOverload || policy.codes.contains(failure.code) else { return nil }
        switch failure.pushback {
        case .never: return nil
        case .after(let pause): return pause
        case .none where isOverload: return nil
        case .none:
            return policy.backoff(after: previousAttempts) * jitter
        }
    }

    /// Whether a further attempt would follow on a failure, if throttle and budget allow it.
    package func mayRepeat(_ failure: AttemptFailure, at now: Instant) -> Bool {
        guard let policy, failure.progress != .committed, !deadline.hasPassed(at: now),
            previousAttempts + 1 < min(policy.maximumAttempts, Self.maximumAttempts)
        else { return false }
        return pause(failure, policy, 1) != nil
    }

    /// Whether throttle and budget count a failure.
    package func counts(_ failure: AttemptFailure) -> Bool {
        guard let policy, failure.progress != .unsent else { return false }
        return policy.codes.contains(failure.code) || failure.pushback != .none
    }
}
