package import HTTP2
internal import RPC

/// What a peer does that it should not, as the session and the timers tell it, and what follows.
extension ServerConnection {
    package func misbehaved(_ event: String, ends: Bool) {
        observer?.misbehaved(event, action: ends ? .closed : .counted, peer: peer)
        if ends { endsBadly = true }
    }

    /// A request of HTTP/1.1 went no further than to its parser, and its connection ends.
    func refusedHTTP1(status: Int) {
        let event: String? =
            switch status {
            case 400: "http1_malformed"
            case 408: "http1_slow_fields"
            case 414: "http1_long_target"
            case 431: "http1_huge_fields"
            default: nil
            }
        if let event { observer?.misbehaved(event, action: .closed, peer: peer) }
    }

    package func sentGoAway(code: HTTP2ErrorCode) {
        guard let observer else { return }
        let reason = session?.misbehaviour ?? (code == .noError ? drainReason : "\(code)")
        observer.goAway(.sent, reason: reason, peer: peer)
    }

    /// An end that the peer does not expect: it may still be sending.
    package var lingers: Bool { endsBadly || drain == .serving }

    /// The peer is not heard any more: its calls are cancelled, and it has a moment to read why.
    func endBadly() {
        endsBadly = true
        closesAfterFlush = true
        flush()
        cancelCalls()
        // A peer that does not read does not learn why.
        if !isWritable { link?.close() }
    }

    /// Ends the connection because of what the peer did not do in time.
    func end(_ reason: String) {
        session?.end(reason)
        if endsBadly { endBadly() }
    }

    /// To be called when output waits because the peer does not read.
    func boundQueue() {
        guard let session, session.hasTooManyQueuedFrames else { return }
        observer?.misbehaved("queued_frames", action: .closed, peer: peer)
        link?.abort()
    }

    /// A prefix that gRPC does not have is no accident.
    func noteFraming(_ error: RPCError) {
        if error.reason == FramingFault.badPrefix { session?.charge(.badPrefix) }
    }

    func watchHeaderBlock() {
        guard blockTimer == nil, let start = session?.openBlockStart else { return }
        blockTimer = loop.arm(
            HeaderBlockTimeout(self),
            at: Instant(nanoseconds: start) + profile.headerBlockTimeout)
    }

    func headerBlockDue() {
        blockTimer = nil
        guard let start = session?.openBlockStart else { return }
        if loop.now >= Instant(nanoseconds: start) + profile.headerBlockTimeout {
            end("slow_headers")
        } else {
            watchHeaderBlock()
        }
    }

    func settingsDue() {
        openingTimer = nil
        guard sawSettings else {
            observer?.misbehaved("settings_timeout", action: .closed, peer: peer)
            link?.abort()
            return
        }
        openingTimer = loop.arm(
            FirstRequestTimeout(self), at: openedAt + profile.firstRequestTimeout)
    }

    /// A connection that nobody uses ends in order: a request that crosses the GOAWAY is served.
    func firstRequestDue() {
        openingTimer = nil
        guard let session, !session.hasHadRequests else { return }
        observer?.misbehaved("first_request", action: .closed, peer: peer)
        beginDrain("first_request", grace: .seconds(30))
    }
}

/// A peer that connects and does not speak HTTP/2 is closed.
final class SettingsTimeout: LoopContext.TimerTarget {
    private let connection: ServerConnection
    init(_ connection: ServerConnection) { self.connection = connection }
    func timerFired() { connection.settingsDue() }
}

private final class FirstRequestTimeout: LoopContext.TimerTarget {
    private let connection: ServerConnection
    init(_ connection: ServerConnection) { self.connection = connection }
    func timerFired() { connection.firstRequestDue() }
}

private final class HeaderBlockTimeout: LoopContext.TimerTarget {
    private let connection: ServerConnection
    init(_ connection: ServerConnection) { self.connection = connection }
    func timerFired() { connection.headerBlockDue() }
}
