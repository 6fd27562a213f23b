internal import Synchronization

/// What a server takes although a faultless peer would not send it: worth counting, not refusing.
public enum ProtocolOddity: String, Sendable, CaseIterable {
    /// A gRPC call without `te: trailers`: a proxy on its way may drop trailers.
    case missingTE = "missing_te"
    /// A field `grpc-…` that the protocol does not define; the application never sees it.
    case reservedField = "reserved_field"
    /// A binary value that is not base64; the application never sees it.
    case undecodableValue = "undecodable_value"
}

/// Counts oddities, and tells of each peer that leaves out `te: trailers` once.
///
/// Nothing here is touched by faultless requests.
public final class ProtocolOddities: Sendable {
    private struct State {
        var counts: [ProtocolOddity: Int] = [:]
        var peers: Set<Substring> = []
    }

    /// Beyond this many peers no further one is told of.
    private static let maximumPeers = 1_000

    private let state = Mutex(State())
    private let tell: (@Sendable (Peer) -> Void)?

    /// - Parameter tell: is called on the connection's loop, once for each peer whose calls come
    ///   without `te: trailers`.
    public init(peerWithoutTrailers tell: (@Sendable (Peer) -> Void)? = nil) { self.tell = tell }

    public func count(of oddity: ProtocolOddity) -> Int {
        state.withLock { $0.counts[oddity] ?? 0 }
    }

    /// Counts what is odd among the fields of a request.
    func count(in fields: Metadata) {
        let (reserved, undecodable) = (fields.reservedFields, fields.undecodableValues)
        if reserved == 0, undecodable == 0 { return }
        state.withLock { state in
            state.counts[.reservedField, default: 0] += reserved
            state.counts[.undecodableValue, default: 0] += undecodable
        }
    }

    /// Counts a call without `te: trailers`.
    func countMissingTE(from peer: Peer) {
        // Without the port, which is another one for each connection.
        let colon = peer.address.lastIndex(of: ":") ?? peer.address.endIndex
        let host = peer.address[..<colon]
        let isNew = state.withLock { state in
            state.counts[.missingTE, default: 0] += 1
            guard state.peers.count < Self.maximumPeers else { return false }
            return state.peers.insert(host).inserted
        }
        if isNew { tell?(peer) }
    }
}
