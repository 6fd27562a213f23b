internal import HTTP2
internal import RPC

/// What is true of a connection at one moment, for whoever checks it.
package struct ConnectionAudit: Sendable {
    package var openStreams = 0
    /// Streams in the session's own list.
    package var listedStreams = 0
    /// Handlers that run (server).
    package var running = 0
    /// Bytes of bodies that came and were not consumed, as the session counts them.
    package var unconsumed = 0
    /// The same, as its calls count them, in inboxes or before they are admitted.
    package var heldByInboxes = 0
    /// Bytes that came and that the peer has no room for again.
    package var unreturned = 0
    /// Bytes that the window of the connection has not grown by.
    package var withheld = 0
    package var localWindow = 0
    package var remoteWindow = 0
    /// Bytes that are to be sent, as the budget of the connection counts them.
    package var unsent = 0
    /// The same, as the outboxes of its calls count them.
    package var heldByOutboxes = 0

    /// What is wrong, whenever it is asked.
    package var faults: [String] {
        var faults: [String] = []
        if openStreams != listedStreams {
            faults.append("\(openStreams) streams, \(listedStreams) listed")
        }
        if running < 0 { faults.append("\(running) handlers") }
        if unconsumed != heldByInboxes {
            faults.append("\(unconsumed) bytes are not consumed, \(heldByInboxes) are buffered")
        }
        if unsent != heldByOutboxes {
            faults.append("\(unsent) bytes count as unsent, \(heldByOutboxes) are")
        }
        if unreturned < withheld || withheld > unconsumed {
            faults.append(
                "\(unreturned) bytes of window are out, \(withheld) are withheld, "
                    + "\(unconsumed) are not consumed")
        }
        if localWindow > Int(Int32.max) || remoteWindow > Int(Int32.max) {
            faults.append("windows of \(localWindow) and \(remoteWindow)")
        }
        return faults
    }

    /// What is wrong when there are no calls.
    package var faultsAtRest: [String] {
        var faults = faults
        if openStreams != 0 { faults.append("\(openStreams) streams are open") }
        if running != 0 { faults.append("\(running) handlers run") }
        if unconsumed != 0 { faults.append("\(unconsumed) bytes are not consumed") }
        if withheld != 0 { faults.append("\(withheld) bytes of window are withheld") }
        if unsent != 0 { faults.append("\(unsent) bytes are not sent") }
        // The library gives back what was consumed once it is half a window.
        if unreturned > localWindow / 2 {
            faults.append("\(unreturned) bytes of a window of \(localWindow) were not given back")
        }
        return faults
    }

    fileprivate mutating func add(_ session: HTTP2Session, _ budget: OutputBudget) {
        openStreams = session.openStreams
        unconsumed = session.credit.buffered
        unreturned = session.unreturnedBytes
        withheld = session.credit.received - session.credit.returned
        localWindow = session.localWindow
        remoteWindow = session.remoteWindow
        unsent = budget.unsent
    }

    fileprivate mutating func add(_ call: ServerCall) {
        heldByInboxes += call.heldBack + call.unread
        if let port = call.port { add(port) }
    }

    fileprivate mutating func add(_ port: StreamPort) {
        heldByInboxes += port.inbox?.unconsumed ?? 0
        heldByOutboxes += port.outbox?.unsent ?? 0
    }
}

extension ServerConnection {
    /// Nil before it is open, and when it is over.
    package var audit: ConnectionAudit? {
        guard let session else { return nil }
        var audit = ConnectionAudit()
        audit.add(session, budget)
        audit.running = running
        for stream in session.openStreamList {
            audit.listedStreams += 1
            if let call = call(of: stream) { audit.add(call) }
        }
        return audit
    }
}

extension ClientConnection {
    /// Nil before it is open, and when it is over.
    package var audit: ConnectionAudit? {
        guard let session else { return nil }
        var audit = ConnectionAudit()
        audit.add(session, budget)
        for stream in session.openStreamList {
            audit.listedStreams += 1
            if let call = call(of: stream) as? StreamingCall { audit.add(call.port) }
        }
        return audit
    }
}

/// What is true of one event loop's half of a client at one moment.
package struct ClientAudit: Sendable {
    /// Streams that the balancer has reserved.
    package var inFlight = 0
    /// Calls in the queues of endpoints, and calls that wait for an endpoint.
    package var queued = 0
    package var waiting = 0
    /// Bytes of requests that are kept for a further attempt.
    package var kept = 0

    package var faultsAtRest: [String] {
        var faults: [String] = []
        if inFlight != 0 { faults.append("\(inFlight) streams are reserved") }
        if queued != 0 { faults.append("\(queued) calls are queued") }
        if waiting != 0 { faults.append("\(waiting) calls wait for an endpoint") }
        if kept != 0 { faults.append("\(kept) bytes are kept for further attempts") }
        return faults
    }
}

extension ServerConnection {
    /// Tells the peer of other limits than the profile's, while it has streams open.
    package func change(maximumStreams: UInt32, streamWindow: Int32) {
        session?.submitSettings(
            maximumConcurrentStreams: maximumStreams, streamWindow: streamWindow)
        setNeedsFlush()
    }
}
