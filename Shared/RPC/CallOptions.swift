/// When a call must have ended.
public enum CallDeadline: Sendable, Hashable {
    /// So long from the moment of the call.
    case after(Duration)
    /// At this instant.
    case at(Instant)
    /// Inside a parent call's deadline, with a margin for the parent's own reply.
    case inherited(Deadline)
}

/// What a client may say about one call.
public struct CallOptions: Sendable {
    /// The method's own deadline still applies if it is earlier.
    public var deadline: CallDeadline?
    public var metadata: Metadata
    /// Calls with equal keys go to the same endpoint while the set of endpoints is stable.
    public var routingKey: String?
    /// Further attempts after a failure, where the method allows them.
    public var allowsRetry: Bool

    public init(
        deadline: CallDeadline? = nil, metadata: Metadata = Metadata(), routingKey: String? = nil,
        allowsRetry: Bool = true
    ) {
        self.deadline = deadline
        self.metadata = metadata
        self.routingKey = routingKey
        self.allowsRetry = allowsRetry
    }
}
