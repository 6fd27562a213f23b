/// One call that ended, as logs and metrics want it.
public struct CallRecord: Sendable {
    /// Nil if the path named no method.
    public let method: MethodDescriptor?
    public let code: StatusCode
    /// Tells apart what shares a code.
    public let reason: String?
    /// What was thrown, with its cause; never sent to the caller.
    public let error: (any Error)?
    public let peer: Peer
    /// When the request's headers were read.
    public let receivedAt: Instant
    public let requestID: String

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

/// Told of every call that a `ServiceRouter` answered. Runs on the connection's loop: must be quick.
public protocol CallObserver: Sendable {
    func callEnded(_ record: CallRecord)
}
