internal import HTTP2
internal import RPC

/// Ends what does not move (rpc.md F6): streams whose peer opens no window, and a connection whose
/// socket takes nothing. One timer per connection looks at all of its streams, and runs only while
/// there are any.
final class StallWatch: LoopContext.TimerTarget {
    /// What is watched.
    protocol Connection: AnyObject {
        var isWritable: Bool { get }
        var session: HTTP2Session? { get }
        /// The stream has sent nothing for the time of the profile.
        func stalled(_ stream: HTTP2Stream)
        /// The socket has taken nothing for that time.
        func socketStalled()
    }

    /// A stall is seen after this many intervals, and at the latest one interval later.
    private static let intervals = 3

    private let loop: LoopContext
    private let interval: Duration
    /// Until `stop`. Not weak: an object that is referenced weakly counts all its references slowly.
    private var connection: (any Connection)?
    private var timer: LoopContext.Timer?
    private var unwritableSweeps = 0

    init(_ connection: any Connection, timeout: Duration, loop: LoopContext) {
        self.connection = connection
        self.loop = loop
        interval = timeout / Self.intervals
    }

    /// To be called when frames were sent or could not be.
    func look() {
        if timer == nil, let session = connection?.session, session.openStreams > 0 { arm() }
    }

    /// The connection is over.
    func stop() {
        loop.cancel(timer)
        timer = nil
        connection = nil
    }

    private func arm() { timer = loop.arm(self, at: loop.now + interval) }

    func timerFired() {
        timer = nil
        guard let connection, let session = connection.session else { return }
        unwritableSweeps = connection.isWritable ? 0 : unwritableSweeps + 1
        if unwritableSweeps > Self.intervals { return connection.socketStalled() }
        for stream in session.stalledStreams(after: Self.intervals) { connection.stalled(stream) }
        if session.openStreams > 0 { arm() }
    }
}
