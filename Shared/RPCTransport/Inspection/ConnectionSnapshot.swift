public import RPC

/// Why a stream makes no progress.
public enum StallReason: String, Sendable, CaseIterable {
    /// The peer gives us no room to send.
    case peerWindow = "peer window"
    /// Our side has not taken what came, or has not answered for a second.
    case handler
    /// The connection's socket takes nothing.
    case socket
}

/// One stream as it was when somebody looked.
public struct StreamSnapshot: Sendable {
    public let id: Int32
    /// "package.Service/Method".
    public let method: String
    public let age: Duration
    public let phase: String
    /// Room that we give the peer, and that it gives us.
    public let localWindow: Int
    public let remoteWindow: Int
    /// Bytes that wait to be sent, and that came and were not taken.
    public let unsent: Int
    public let unread: Int
    /// Nil if it is not stalled.
    public let stall: StallReason?
    /// Names of the metadata; its values are nobody's business here.
    public let metadata: [String]
}

/// One connection as it was when somebody looked.
public struct ConnectionSnapshot: Sendable {
    public let peer: Peer
    public let age: Duration
    public let state: String
    public let openStreams: Int
    /// Handlers that run for it, also those whose stream is gone.
    public let handlers: Int
    public let localWindow: Int
    public let remoteWindow: Int
    public let unsent: Int
    /// Points that the peer may still lose by misbehaving.
    public let score: Int
    public let takesOutput: Bool
    /// The first ones.
    public let streams: [StreamSnapshot]
    /// All of them.
    public let stalls: [StallReason: Int]
}

/// How much of each list a page shows; totals count all.
public struct SnapshotLimits: Sendable {
    public var connections = 100
    public var streamsPerConnection = 20

    public init() {}

    static let totalsOnly: SnapshotLimits = {
        var limits = SnapshotLimits()
        limits.connections = 0
        limits.streamsPerConnection = 0
        return limits
    }()
}

/// What decides whether a stream is stalled.
struct StreamProgress {
    /// A handler that has not answered for this long is worth a look.
    private static let patience = Duration.seconds(1)

    var takesOutput: Bool
    var unsent: Int
    /// The smaller one of the stream's and the connection's.
    var remoteWindow: Int
    var unread: Int
    /// Nothing is to be sent, and it is our side's turn.
    var isOurTurn: Bool
    var age: Duration

    var stall: StallReason? {
        if unsent > 0 {
            if !takesOutput { return .socket }
            if remoteWindow <= 0 { return .peerWindow }
            return nil
        }
        if unread > 0 { return .handler }
        return isOurTurn && age >= Self.patience ? .handler : nil
    }
}
