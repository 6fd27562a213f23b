internal import HTTP2
internal import RPC

/// What this connection holds of the process's memory, and what it does when that runs short.
extension ServerConnection {
    /// Changes below this are not worth telling the process.
    private static let portion = 16 << 10

    /// Counts what waits to be sent, and what of requests has come and waits for a handler.
    func countMemory() {
        guard let session else { return }
        let held = session.unsentBytes + bodyBytes + session.credit.buffered
        if abs(held - countedBytes) < Self.portion { return }
        memory.hold(held - countedBytes)
        countedBytes = held
    }

    /// The connection is over.
    func releaseMemory() {
        memory.hold(-countedBytes)
        countedBytes = 0
        loop.cancel(memoryTimer)
    }

    /// To be called before bytes are read: no window grows while the process holds as much as it may.
    func holdCredit() {
        guard let session, memory.isFull, !session.holdsCredit else { return }
        session.holdsCredit = true
        observer?.misbehaved("memory_full", action: .counted, peer: peer)
        memoryTimer = loop.arm(MemoryTimeout(self), at: loop.now + .milliseconds(50))
    }

    func memoryDue() {
        guard let session, session.holdsCredit else { return }
        countMemory()
        if memory.isFull {
            memoryTimer = loop.arm(MemoryTimeout(self), at: loop.now + .milliseconds(50))
        } else {
            session.holdsCredit = false
            setNeedsFlush()
        }
    }
}

private final class MemoryTimeout: LoopContext.TimerTarget {
    private let connection: ServerConnection
    init(_ connection: ServerConnection) { self.connection = connection }
    func timerFired() { connection.memoryDue() }
}
