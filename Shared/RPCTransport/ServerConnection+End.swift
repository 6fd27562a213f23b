internal import HTTP2
internal import RPC

/// The orderly end of a connection: two GOAWAYs, so that no request that crosses the first one is
/// lost.
extension ServerConnection {
    static let drainPing: UInt64 = 0xA55A_D4A1

    /// - Parameters:
    ///   - reason: the debug data of both GOAWAYs.
    ///   - grace: what the calls in flight have; without one somebody else calls `endNow`.
    package func beginDrain(_ reason: String = "shutdown", grace: Duration? = nil) {
        guard let session, let watch else {
            link?.close()
            return
        }
        guard watch.begin(reason, grace: grace) else { return }
        session.submitShutdownNotice()
        session.submitPing(Self.drainPing)
        flush()
    }

    /// How far its orderly end has come.
    var drain: DrainMachine.Phase { watch?.drain.phase ?? .serving }

    /// What the GOAWAYs of an orderly end say.
    var drainReason: String {
        let reason = watch?.drain.reason ?? ""
        return reason.isEmpty ? "shutdown" : reason
    }

    /// The peer has seen the first GOAWAY, or had its second: no stream above the last one counts.
    func finishNotice() {
        owesGoAway = true
        setNeedsFlush()
    }

    var isDrained: Bool {
        watch?.drain.phase == .final && session?.openStreams == 0 && session?.wantsToWrite == false
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

    /// Asks whether the peer is there.
    func ping() {
        session?.submitPing(0)
        setNeedsFlush()
    }

    /// The peer does not answer: nothing can be sent to it either.
    func peerIsGone() { link?.abort() }
}
