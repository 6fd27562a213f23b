/// The streams that either side has reset lately. What still comes for them was under way, and says
/// nothing about the peer (nghttp2 issue 2597).
///
/// Holds the last 128 by number; memory is taken at the first reset.
struct RecentResets {
    private static let slots = 128
    private static let lifetime: UInt64 = 30_000_000_000

    private struct Reset {
        var id: Int32 = 0
        var at: UInt64 = 0
    }

    private var resets: [Reset] = []

    /// Notes a reset at `now` (nanoseconds).
    mutating func insert(_ id: Int32, at now: UInt64) {
        if resets.isEmpty { resets = Array(repeating: Reset(), count: Self.slots) }
        resets[Self.slot(id)] = Reset(id: id, at: now)
    }

    /// Whether a stream was reset within the last 30 seconds.
    func contains(_ id: Int32, at now: UInt64) -> Bool {
        guard id > 0, !resets.isEmpty else { return false }
        let reset = resets[Self.slot(id)]
        return reset.id == id && now < reset.at + Self.lifetime
    }

    /// Numbers of one side are odd, or even.
    private static func slot(_ id: Int32) -> Int { Int(id >> 1) & (slots - 1) }
}
