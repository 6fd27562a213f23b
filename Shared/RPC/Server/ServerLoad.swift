/// What a server has to do at a moment.
public struct ServerLoad: Sendable, Hashable {
    /// Handlers of unary calls that run, also those whose callers have gone.
    public var running = 0
    /// Calls that wait for one of them to end.
    public var waiting = 0
    /// Handlers of streams that run.
    public var streams = 0
    /// How many may run at once.
    public var limit = 0

    public init(running: Int = 0, waiting: Int = 0, streams: Int = 0, limit: Int = 0) {
        self.running = running
        self.waiting = waiting
        self.streams = streams
        self.limit = limit
    }

    public static func + (left: ServerLoad, right: ServerLoad) -> ServerLoad {
        ServerLoad(
            running: left.running + right.running, waiting: left.waiting + right.waiting,
            streams: left.streams + right.streams, limit: left.limit + right.limit)
    }
}
