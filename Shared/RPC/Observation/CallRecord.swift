/// One call that ended, as a log wants it.
public struct CallRecord: Sendable {
    public enum Side: Sendable, Hashable {
        /// A call that we answered.
        case served
        /// A call that we made.
        case made
    }

    public var side = Side.served
    /// Nil if the path named no method.
    public var method: MethodDescriptor?
    public var code: StatusCode
    /// Tells apart what shares a code.
    public var reason: String?
    /// What was thrown, with its cause; never sent to the caller.
    public var error: (any Error)?
    /// Who called, or who was called.
    public var peer: Peer
    /// When the request's headers were read, or the call was made.
    public var receivedAt: Instant
    public var requestID: String
    /// 32 hexadecimal digits; empty if the call belongs to no trace.
    public var traceID = ""
    /// From `receivedAt` to the status, the queue included.
    public var duration = Duration.zero
    /// From `receivedAt` to the start of the handler; nil if none was started.
    public var queue: Duration?
    /// Attempts before this one, or before the last one that we made.
    public var attempt = 0
    public var bytesIn = 0
    public var bytesOut = 0
    /// What the call had from `receivedAt` on; nil if there was no deadline.
    public var deadline: Duration?
    public var criticality = ""

    public init(
        method: MethodDescriptor?, code: StatusCode, reason: String? = nil,
        error: (any Error)? = nil, peer: Peer, receivedAt: Instant, requestID: String = ""
    ) {
        self.method = method
        self.code = code
        self.reason = reason
        self.error = error
        self.peer = peer
        self.receivedAt = receivedAt
        self.requestID = requestID
    }
}

/// Told of calls that ended: those that a `CallLogPolicy` lets through. Runs on the connection's loop:
/// must be quick.
public protocol CallObserver: Sendable {
    func callEnded(_ record: CallRecord)
    /// A handler does what it should not.
    func noticed(_ trouble: HandlerTrouble)
}

extension CallObserver {
    public func noticed(_ trouble: HandlerTrouble) {}
}

/// Which calls are worth a line.
public struct CallLogPolicy: Sendable, Hashable {
    /// Every so many-th of the calls that went well and fast; 0 means none of them.
    public var successEvery: Int
    /// A call that took longer has a line in any case.
    public var slow: Duration
    /// Lines per second for what went wrong or was slow, and as many again for what went well;
    /// the rest is counted. So no attacker fills a disk, nor hides what fails behind what succeeds.
    public var linesPerSecond: Int

    public init(
        successEvery: Int = 100, slow: Duration = .seconds(1), linesPerSecond: Int = 50
    ) {
        precondition(successEvery >= 0 && linesPerSecond >= 0, "not negative")
        self.successEvery = successEvery
        self.slow = slow
        self.linesPerSecond = linesPerSecond
    }

    /// A line for every call: for tests.
    public static let everything = CallLogPolicy(successEvery: 1, linesPerSecond: .max)
}

/// Lets a number of lines through per second, and two seconds' worth at once.
package struct LineLimit: Sendable {
    private let perSecond: Int
    private var tokens: Int
    private var refilledAt: Instant?

    package init(perSecond: Int) {
        self.perSecond = perSecond
        tokens = perSecond.multipliedReportingOverflow(by: 2).overflow ? .max : perSecond * 2
    }

    package mutating func allows(at now: Instant) -> Bool {
        if perSecond == .max { return true }
        refill(now)
        if tokens == 0 { return false }
        tokens -= 1
        return true
    }

    private mutating func refill(_ now: Instant) {
        guard perSecond > 0, let last = refilledAt, now > last else {
            refilledAt = refilledAt ?? now
            return
        }
        let perToken = 1_000_000_000 / UInt64(perSecond)
        let earned = (now.nanoseconds - last.nanoseconds) / max(1, perToken)
        if earned == 0 { return }
        tokens = min(2 * perSecond, tokens + Int(min(earned, UInt64(2 * perSecond))))
        refilledAt = Instant(nanoseconds: last.nanoseconds + earned * max(1, perToken))
    }
}
