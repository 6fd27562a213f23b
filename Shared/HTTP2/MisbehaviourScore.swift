/// Counts what an honest peer does rarely and an attacker must do often. Each event costs points;
/// points come back with time; an empty purse ends the connection.
public struct MisbehaviourScore: Sendable {
    /// What costs points, named as in metrics and in the GOAWAY's debug data.
    public enum Event: String, Sendable, CaseIterable {
        /// A PING although we have sent nothing since the last one: those that measure a busy
        /// connection are free (gRFC A8).
        case ping
        case settings, priority
        /// PRIORITY_UPDATE, ALTSVC, and frames of types that nobody knows.
        case extensionFrame = "extension_frame"
        /// DATA without data that does not end its stream.
        case emptyData = "empty_data"
        /// A request reset before anything of its response has gone (CVE-2023-44487).
        case earlyReset = "early_reset"
        /// RST_STREAM for a stream that was over.
        case staleReset = "stale_reset"
        /// A stream that the library had to reset because of what came on it (CVE-2025-8671).
        case forcedReset = "forced_reset"
        /// Fields or a body that HTTP forbids (RFC 9113 §8.1.1).
        case invalidMessaging = "invalid_messaging"
        case invalidFrame = "invalid_frame"
        case hugeHeaders = "huge_headers"
        /// A message prefix that gRPC does not have.
        case badPrefix = "bad_prefix"
        case smallWindowUpdate = "small_window_update"

        var points: Int {
            switch self {
            case .ping: 10
            case .settings: 50
            case .priority, .extensionFrame: 5
            case .emptyData: 20
            case .earlyReset: 5
            case .staleReset: 1
            case .forcedReset: 50
            case .invalidMessaging: 50
            case .invalidFrame: 50
            case .hugeHeaders: 300
            case .badPrefix: 20
            case .smallWindowUpdate: 1
            }
        }
    }

    private let capacity: Int
    private let refillPerSecond: Int
    /// What is left.
    public private(set) var points: Int
    private var refilledAt: UInt64?

    public init(capacity: Int, refillPerSecond: Int) {
        self.capacity = capacity
        self.refillPerSecond = refillPerSecond
        points = capacity
    }

    /// Charges an event at `now` (nanoseconds). False if the purse is empty.
    public mutating func charge(_ event: Event, now: UInt64) -> Bool {
        refill(now)
        points = max(0, points - event.points)
        return points > 0
    }

    private mutating func refill(_ now: UInt64) {
        guard let last = refilledAt else {
            refilledAt = now
            return
        }
        guard now > last, refillPerSecond > 0 else { return }
        let perPoint = 1_000_000_000 / UInt64(refillPerSecond)
        let earned = (now - last) / max(1, perPoint)
        if earned == 0 { return }
        points = min(capacity, points + Int(min(earned, UInt64(capacity))))
        refilledAt = last + earned * perPoint
    }
}
