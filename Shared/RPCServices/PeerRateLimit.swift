internal import RPC

/// So many events per second and peer, with a burst of one second's worth: the generic cell rate
/// algorithm (ITU-T I.371). Amortised O(1); holds only peers of the last second.
struct PeerRateLimit {
    /// Peers above it share one allowance, so that inventing peers gains nothing.
    static let maximumPeers = 10_000

    private let interval: Duration
    private let burst: Duration
    /// When the allowance of each peer would be full again.
    private var fullAt: [Substring: Instant] = [:]
    private var nextSweep = Instant(nanoseconds: 0)
    /// Event loops read the clock before they get here: one may come with an older time than another.
    private var latest = Instant(nanoseconds: 0)

    init(perSecond: Int) {
        precondition(perSecond > 0, "at least one per second")
        interval = .seconds(1) / perSecond
        burst = .seconds(1)
    }

    var peerCount: Int { fullAt.count }

    /// Counts an event; if it is one too many, returns how long the peer has to wait: at most what one
    /// event takes.
    mutating func count(_ peer: Substring, at time: Instant) -> Duration? {
        latest = max(latest, time)
        let now = latest
        if now >= nextSweep {
            fullAt = fullAt.filter { $0.value > now }
            nextSweep = now + .seconds(1)
        }
        let isKnown = fullAt.count < Self.maximumPeers || fullAt[peer] != nil
        let key = isKnown ? peer : ""
        let next = max(fullAt[key] ?? now, now) + interval
        let excess = (next - now) - burst
        if excess > .zero { return excess }
        fullAt[key] = next
        return nil
    }
}

extension Peer {
    /// The address without its port.
    var host: Substring {
        guard let colon = address.lastIndex(of: ":") else { return address[...] }
        return address[..<colon]
    }
}
