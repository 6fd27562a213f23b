internal import Redis

/// Commands that nobody waits for: they leave with those of the next events, since a round trip of its
/// own costs each as much as all it asks for.
///
/// What has not left when the process ends is lost: events stay open, and the keeper finishes them.
struct LateCommands: Sendable {
    /// How long they wait for others at most.
    static let delay: Duration = .milliseconds(4)

    private let redis: any RedisSender
    private let activity: SharedStoreActivity
    private let background: BackgroundWork

    init(
        _ redis: any RedisSender, _ activity: SharedStoreActivity, _ background: BackgroundWork
    ) {
        self.redis = redis
        self.activity = activity
        self.background = background
    }

    /// - Parameters:
    ///   - closing: ends an event's openness; that it could not be sent is counted.
    ///   - others: whatever else is to be sent before it.
    func add(closing: RedisCommand?, _ others: [RedisCommand]) {
        var commands = others
        if let closing { commands.append(closing) }
        guard !commands.isEmpty else { return }
        background.begin()
        redis.sendLate(commands, within: Self.delay) { [activity, background] result in
            if closing != nil {
                let reply = try? result.get().last
                if reply == nil || reply?.error != nil { activity.leftOpen.count() }
            }
            background.end()
        }
    }
}
