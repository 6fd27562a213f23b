/// Runs a call's attempts side by side: a further one whenever the last has been out for longer than
/// most calls take. The first final answer wins (gRFC A6, "Hedging Policy").
package struct HedgeMachine: Sendable {
    package enum Action: Sendable, Hashable {
        /// Nothing to do until the next event, or `nextAt`.
        case wait
        /// Start a further attempt now.
        case start
        /// This result is the call's: end the other attempts.
        case finish
    }

    private let maximumAttempts: Int
    private let codes: [StatusCode]
    private let delay: Duration
    private let deadline: Deadline
    package private(set) var started = 0
    private var ended = 0
    private var isStopped = false
    /// When to call `fired`; far in the future if no attempt is to follow.
    package private(set) var nextAt = Instant.distantFuture

    /// - Parameters:
    ///   - codes: failures that another attempt may mend.
    ///   - typical: the time in which 95 of 100 calls of the method end; nil if not known yet, then
    ///     there is no hedging.
    package init(
        maximumAttempts: Int, codes: [StatusCode], typical: Duration?, deadline: Deadline,
        at now: Instant
    ) {
        self.codes = codes
        self.deadline = deadline
        guard let typical else {
            self.maximumAttempts = 1
            delay = .zero
            return
        }
        self.maximumAttempts = maximumAttempts
        let most = (deadline.remaining(at: now) ?? .seconds(3600)) / 2
        delay = max(.milliseconds(2), min(typical, most))
    }

    /// An attempt was sent.
    package mutating func sent(at now: Instant) {
        started += 1
        nextAt = mayFollow ? now + delay : .distantFuture
    }

    private var mayFollow: Bool { !isStopped && started < maximumAttempts }

    /// `nextAt` has come. `isAllowed` is throttle and budget: once they refuse, no attempt follows.
    package mutating func fired(at now: Instant, isAllowed: () -> Bool) -> Action {
        guard now >= nextAt else { return .wait }
        nextAt = .distantFuture
        if mayFollow, !deadline.hasPassed(at: now), isAllowed() { return .start }
        isStopped = true
        return ended == started ? .finish : .wait
    }

    /// An attempt has ended; nil means that it succeeded.
    package mutating func ended(
        _ failure: AttemptFailure?, at now: Instant, isAllowed: () -> Bool
    ) -> Action {
        ended += 1
        guard let failure, failure.progress != .committed, codes.contains(failure.code) else {
            return .finish
        }
        switch failure.pushback {
        case .never: isStopped = true
        case .after(let pause) where mayFollow: nextAt = now + pause
        case .none where mayFollow:
            if isAllowed() {
                nextAt = .distantFuture
                return .start
            }
            isStopped = true
        case .none, .after: break
        }
        if isStopped { nextAt = .distantFuture }
        return ended == started && !mayFollow ? .finish : .wait
    }
}
