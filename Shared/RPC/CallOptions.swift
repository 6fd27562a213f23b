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
    /// With the policy `ringHash`, calls with equal keys go to the same endpoint.
    public var routingKey: String?
    /// Further attempts after a failure, where the method allows them.
    public var allowsRetry: Bool
    /// Waits for an endpoint until the deadline, instead of failing if none can be reached.
    public var waitsForReady: Bool
    /// How requests are packed, for a server that is known to read it. Methods whose messages may hold
    /// credentials are never packed.
    public var compression: MessageEncoding
    /// Where the metadata of the reply goes.
    public var received: ReceivedMetadata?
    /// The call that this one is made for, if it is recorded in a trace.
    public var span: CallSpan?
    /// It is made for another call, which has decided whether a trace begins.
    package var isChild = false

    public init(
        deadline: CallDeadline? = nil, metadata: Metadata = Metadata(), routingKey: String? = nil,
        allowsRetry: Bool = true, waitsForReady: Bool = false,
        compression: MessageEncoding = .identity, received: ReceivedMetadata? = nil
    ) {
        self.deadline = deadline
        self.metadata = metadata
        self.routingKey = routingKey
        self.allowsRetry = allowsRetry
        self.waitsForReady = waitsForReady
        self.compression = compression
        self.received = received
    }
}
