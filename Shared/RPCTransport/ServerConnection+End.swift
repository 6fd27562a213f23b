internal import HTTP2
internal import RPC

/// The orderly end of a connection: two GOAWAYs, so that no request that crosses the first one is
/// lost.
extension ServerConnection {
    static let drainPing: UInt64 = 0xA55A_D4A1

    package func beginDrain() {
        guard drain == .serving else { return }
        drain = .noticed
        guard let session else {
            link?.close()
            return
        }
        session.submitShutdownNotice()
        session.submitPing(Self.drainPing)
        _ = loop.arm(DrainTimeout(self), at: loop.now + .seconds(1))
        flush()
    }

    /// The peer has seen the first GOAWAY, or had its second: no stream above the last one counts.
    func finishNotice() {
        guard drain == .noticed else { return }
        drain = .final
        owesGoAway = true
        setNeedsFlush()
    }

    var isDrained: Bool {
        drain == .final && session?.openStreams == 0 && session?.wantsToWrite == false
    }

    /// The grace is over: what is left gets UNAVAILABLE, and the connection ends.
    package func endNow() {
        guard let session else {
            link?.close()
            return
        }
        let error = RPCError(.unavailable, "the server is shutting down")
        for stream in session.openStreamList {
            if let call = call(of: stream) { cutOff(call, error) }
        }
        owesGoAway = true
        closesAfterFlush = true
        flush()
    }
}

/// A peer that does not acknowledge the first GOAWAY gets the second one anyway.
private final class DrainTimeout: LoopContext.TimerTarget {
    private let connection: ServerConnection
    init(_ connection: ServerConnection) { self.connection = connection }
    func timerFired() { connection.finishNotice() }
}
