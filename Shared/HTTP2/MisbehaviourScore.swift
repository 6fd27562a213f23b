/// Counts what an honest peer does rarely and an attacker must do often. Each event costs points;
/// points come back with time; an empty purse ends the connection.
public struct MisbehaviourScore: Sendable {
    /// What costs points, named as in metrics and in the GOAWAY's debug data.
    public enum Event: String, Sendable, CaseIterable {
        case ping, settings, priority
        case emptyData = "empty_data"
        case earlyReset = "early_reset"
        case invalidFrame = "invalid_frame"
        case hugeHeaders = "huge_headers"
        case smallWindowUpdate = "small_window_update"

        var points: Int {
            switch self {
            case .ping: 10
            case .settings: 50
            case .priority: 5
            case .emptyData: 20
            case .earlyReset: 5
            case .invalidFrame: 50
            case .hugeHeaders: 300
            case .smallWindowUpdate: 1
            }
        }
    }

    private let capacity: Int
    private let refillPerSecond: Int
    private var points: Int
    private var refilledAt: UInt64?

    public init(capacity: Int, refillPerSecond: Int) {
        self.capacity = capacity
        self.refillPerSecond = refillPerSecond
        points = capacity
    }

    /// Charges an event at `now` (nanoseconds). False if the purse is empty.
    public mutating func charge(_ event: Event, now: UInt64) -> Bool {
        refill(now)
        points -= event.points
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
