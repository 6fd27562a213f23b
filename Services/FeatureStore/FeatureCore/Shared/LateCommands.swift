internal import Redis
internal import Synchronization

/// Commands that nobody waits for: those of many events leave together, since a round trip of its own
/// costs each as much as all it asks for.
///
/// What has not left when the process ends is lost: events stay open, and the keeper finishes them.
final class LateCommands: Sendable {
    /// How long the first of them waits for others.
    static let delay: Duration = .milliseconds(4)
    /// As many leave at once.
    static let maximumCommands = 256

    private struct Late {
        let command: RedisCommand
        /// It ends an event's openness.
        let isClosing: Bool
    }

    private let waiting = Mutex<[Late]>([])
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
    ///   - others: whatever else is to be sent.
    func add(closing: RedisCommand?, _ others: [RedisCommand]) {
        let late =
            others.map { Late(command: $0, isClosing: false) }
            + (closing.map { [Late(command: $0, isClosing: true)] } ?? [])
        guard !late.isEmpty else { return }
        let count = waiting.withLock { waiting in
            waiting += late
            return waiting.count
        }
        if count == late.count {
            background.run { [self] in
                try? await Task.sleep(for: Self.delay)
                await flush()
            }
        } else if count >= Self.maximumCommands {
            background.run { [self] in await flush() }
        }
    }

    /// Sends what waits.
    func flush() async {
        let late = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        var rest = late[...]
        while !rest.isEmpty {
            let batch = rest.prefix(Self.maximumCommands)
            rest = rest.dropFirst(Self.maximumCommands)
            await send(batch)
        }
    }

    private func send(_ batch: ArraySlice<Late>) async {
        let replies = try? await redis.send(batch.map(\.command))
        for (index, late) in batch.enumerated() where late.isClosing {
            if replies?[index].error != nil || replies == nil { activity.leftOpen.count() }
        }
    }
}
