/// Every number that one side of a connection goes by. Start from a profile; a test can replace any.
public struct HTTP2Profile: Sendable {
    /// Streams that the peer may have open at once.
    public var maximumConcurrentStreams: UInt32
    /// New streams that the peer may open within a second; 0 means no limit.
    public var maximumStreamsPerSecond: Int
    /// Bytes in flight towards us, per stream.
    public var streamWindow: Int32
    /// Bytes in flight towards us, on the whole connection.
    public var connectionWindow: Int32
    public var maximumFrameBytes: UInt32
    public var headerTableBytes: UInt32
    /// Soft limit of one header block, by HTTP/2's count: over it the call is refused.
    public var maximumMetadataBytes: Int
    /// Soft limit of one header block.
    public var maximumMetadataFields: Int
    /// What a request's target may have without being counted as metadata.
    public var maximumTargetBytes = 16 << 10
    /// CONTINUATION frames behind one HEADERS.
    public var maximumContinuations: Int
    /// Acknowledgements that may wait to be sent.
    public var maximumOutboundAcknowledgements: Int
    /// Entries of one SETTINGS frame.
    public var maximumSettings: Int
    /// Points that misbehaviour may cost before the connection ends, and their refill per second.
    public var misbehaviourCapacity: Int
    public var misbehaviourRefill: Int
    /// Whether a peer that uses up its points, or passes a limit of rates, loses its connection. If
    /// not, all is counted and reported only.
    public var enforcesScore = true
    /// Frames that may wait to be sent besides the responses of open streams. A peer that does not
    /// read, and makes more of them, loses its connection.
    public var maximumQueuedFrames = 1_000
    /// Bytes on streams that nobody has read yet and that the connection's window does not shrink by.
    /// Above, it does: then streams that nobody reads hold up all others of the connection.
    public var maximumBufferedBytes = 8 << 20
    /// The library's own limit of resets, a backstop at ten times of what the points allow. It reads
    /// the system's clock, so a simulation sets it huge.
    public var libraryResetBurst: UInt64 = 2_000
    public var libraryResetsPerSecond: UInt64 = 500
    /// A peer whose preface and SETTINGS have not come by then is closed.
    public var settingsTimeout = Duration.seconds(5)
    /// A block of fields whose end has not come by then ends the connection.
    public var headerBlockTimeout = Duration.seconds(5)
    /// A connection without a request by then ends in order.
    public var firstRequestTimeout = Duration.seconds(10)
    /// After a GOAWAY that ends a connection the peer has this long to read it.
    public var closeTimeout = Duration.seconds(1)
    /// A message that has begun and grows by less than `minimumProgressBytes` in this time ends its
    /// call.
    public var progressInterval = Duration.seconds(10)
    public var minimumProgressBytes = 1 << 10
    /// A stream whose peer takes nothing of what is ready for it is reset after this time, and a
    /// connection whose socket takes nothing is closed.
    public var stallTimeout = Duration.seconds(30)

    /// For connections from clients outside.
    public static let edge = HTTP2Profile(
        maximumConcurrentStreams: 100, maximumStreamsPerSecond: 20_000, streamWindow: 64 << 10,
        connectionWindow: 1 << 20, maximumFrameBytes: 16 << 10, headerTableBytes: 4096,
        maximumMetadataBytes: 8 << 10, maximumMetadataFields: 64, maximumContinuations: 4,
        maximumOutboundAcknowledgements: 64, maximumSettings: 16, misbehaviourCapacity: 1_000,
        misbehaviourRefill: 250)

    /// For connections between our own services.
    public static let mesh: HTTP2Profile = {
        var profile = edge
        profile.maximumConcurrentStreams = 1_000
        // One busy connection of our own client opens more than 200,000.
        profile.maximumStreamsPerSecond = 1_000_000
        profile.streamWindow = 256 << 10
        profile.maximumMetadataBytes = 16 << 10
        profile.maximumMetadataFields = 128
        profile.misbehaviourCapacity = 10_000
        profile.misbehaviourRefill = 2_500
        profile.maximumBufferedBytes = 64 << 20
        profile.libraryResetBurst = 20_000
        profile.libraryResetsPerSecond = 5_000
        return profile
    }()

    /// For the calling side.
    public static let client: HTTP2Profile = {
        var profile = mesh
        profile.maximumConcurrentStreams = 0
        profile.connectionWindow = 4 << 20
        return profile
    }()

    /// Over it a header block is not read to its end: the stream is reset.
    public var hardMetadataBytes: Int { 4 * maximumMetadataBytes }
    /// Over it a header block is not read to its end either.
    public var hardMetadataFields: Int { 4 * maximumMetadataFields }
}
