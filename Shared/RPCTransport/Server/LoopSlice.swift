internal import RPC

/// How long handlers may keep an event loop from its sockets in one go.
///
/// The clock is read after every sixteenth handler, and after each one while they are slow.
struct LoopSlice {
    /// Then the sockets have their turn.
    static let length = Duration.milliseconds(2)
    /// Longer than this no handler should hold a loop: it belongs into a pool of threads.
    static let tolerable = Duration.milliseconds(10)
    private static let stride = 16
    /// Handlers that take longer than this together are looked at singly.
    private static let slow = Duration.milliseconds(1)

    private var end = Instant(nanoseconds: 0)
    private var lastLook = Instant(nanoseconds: 0)
    private var countdown = Self.stride
    private var interval = Self.stride
    private(set) var isOver = false

    mutating func begin(at now: Instant) {
        end = now + Self.length
        lastLook = now
        countdown = interval
        isOver = false
    }

    /// What follows is not measured: other tasks have the loop in between.
    mutating func close() { isOver = false }

    /// Counts a handler that let go of the loop. True if it is time to `look`.
    mutating func count() -> Bool {
        countdown -= 1
        return countdown <= 0
    }

    /// What passed since the last look, which is the time of one handler or of a few.
    mutating func look(at now: Instant) -> Duration {
        let passed = now - lastLook
        interval = passed > Self.slow ? 1 : Self.stride
        countdown = interval
        lastLook = now
        isOver = now >= end
        return passed
    }
}
