internal import HTTP2
internal import RPC

/// A connection that counts what it holds as memory of the process, and whose windows do not grow
/// while the process holds as much as it may (rpc.md F7).
protocol WindowKeeper: AnyObject {
    var loop: LoopContext { get }
    var memory: ProcessMemory { get }
    var session: HTTP2Session? { get }
    var budget: OutputBudget { get }
    var isWritable: Bool { get }
    /// What the process was told that this connection holds.
    var countedBytes: Int { get set }
    /// Runs while windows are held.
    var memoryTimer: LoopContext.Timer? { get set }
    func countMemory()
    func setNeedsFlush()
}

extension WindowKeeper {
    /// Changes below this are not worth telling the process.
    private var portion: Int { 16 << 10 }
    private var interval: Duration { .milliseconds(50) }

    /// Counts what the connection holds now.
    func count(_ held: Int) {
        if abs(held - countedBytes) < portion { return }
        memory.hold(held - countedBytes)
        countedBytes = held
    }

    /// What waits to be sent. Of what writers have put in and a full socket keeps from being taken the
    /// session does not know.
    func unsentBytes(of session: HTTP2Session) -> Int {
        isWritable ? session.unsentBytes : max(session.unsentBytes, budget.unsent)
    }

    /// The connection is over.
    func releaseMemory() {
        memory.hold(-countedBytes)
        countedBytes = 0
        loop.cancel(memoryTimer)
        memoryTimer = nil
    }

    /// Holds the windows, if the process holds as much as it may; whether that begins now.
    func holdsWindows() -> Bool {
        guard memory.isFull, let session, !session.holdsCredit else { return false }
        session.holdsCredit = true
        memoryTimer = loop.arm(WindowHold(self), at: loop.now + interval)
        return true
    }

    fileprivate func lookAgain(_ hold: WindowHold) {
        memoryTimer = nil
        guard let session, session.holdsCredit else { return }
        countMemory()
        if memory.isFull {
            memoryTimer = loop.arm(hold, at: loop.now + interval)
        } else {
            session.holdsCredit = false
            setNeedsFlush()
        }
    }
}

/// Lets the windows of a connection grow again when the process holds less.
private final class WindowHold: LoopContext.TimerTarget {
    private let keeper: any WindowKeeper
    init(_ keeper: any WindowKeeper) { self.keeper = keeper }
    func timerFired() { keeper.lookAgain(self) }
}
