internal import HTTP2
internal import NIOCore
public import RPC

/// A server as it was when somebody looked.
public struct ServerSnapshot: Sendable {
    public let profile: String
    public var connections = 0
    public var streams = 0
    public var handlers = 0
    /// What its limit of running handlers says; nil if it has none.
    public var load: ServerLoad?
    public var unsentBytes = 0
    public var stalls: [StallReason: Int] = [:]
    /// The first ones.
    public var listed: [ConnectionSnapshot] = []
    /// Event loops that did not answer in time.
    public var silentLoops = 0

    init(profile: String) { self.profile = profile }

    mutating func add(_ connection: ConnectionSnapshot, isListed: Bool) {
        connections += 1
        streams += connection.openStreams
        handlers += connection.handlers
        unsentBytes += connection.unsent
        stalls.merge(connection.stalls, uniquingKeysWith: +)
        if isListed { listed.append(connection) }
    }
}

extension ServerConnection {
    /// Looks at the connection; on its loop.
    func snapshot(streams limit: Int, at now: Instant) -> ConnectionSnapshot {
        let open = session?.openStreamList ?? []
        var stalls: [StallReason: Int] = [:]
        var listed: [StreamSnapshot] = []
        for stream in open {
            guard let call = call(of: stream), let session else { continue }
            let stall = progress(of: call, stream, session, at: now).stall
            if let stall { stalls[stall, default: 0] += 1 }
            if listed.count < limit {
                listed.append(snapshot(of: call, stream, session, stall, at: now))
            }
        }
        let state =
            switch drain {
            case .serving: session == nil ? "opening" : "serving"
            case .noticed, .final: "draining"
            }
        return ConnectionSnapshot(
            peer: peer, age: now - openedAt, state: state, openStreams: open.count,
            handlers: running, localWindow: session?.localWindow ?? 0,
            remoteWindow: session?.remoteWindow ?? 0, unsent: session?.unsentBytes ?? 0,
            score: session?.scoreLeft ?? 0, takesOutput: isWritable, streams: listed,
            stalls: stalls)
    }

    private func progress(
        of call: ServerCall, _ stream: HTTP2Stream, _ session: HTTP2Session, at now: Instant
    ) -> StreamProgress {
        StreamProgress(
            takesOutput: isWritable, unsent: unsent(of: call, stream),
            remoteWindow: min(session.remoteWindow, session.remoteWindow(of: stream)),
            unread: call.port?.inbox?.unconsumed ?? call.unread,
            isOurTurn: call.phase == .handling && !call.isAnswered
                && call.acceptance.kind == .unary, age: now - call.head.receivedAt)
    }

    /// What the handler wrote may not have come to the session yet.
    private func unsent(of call: ServerCall, _ stream: HTTP2Stream) -> Int {
        max(stream.unsent, call.port?.outbox?.unsent ?? 0)
    }

    private func snapshot(
        of call: ServerCall, _ stream: HTTP2Stream, _ session: HTTP2Session,
        _ stall: StallReason?, at now: Instant
    ) -> StreamSnapshot {
        StreamSnapshot(
            id: stream.id, method: String(call.head.path.dropFirst().prefix(200)),
            age: now - call.head.receivedAt, phase: "\(call.phase)",
            localWindow: session.localWindow(of: stream),
            remoteWindow: session.remoteWindow(of: stream), unsent: unsent(of: call, stream),
            unread: call.port?.inbox?.unconsumed ?? call.unread, stall: stall,
            metadata: call.head.metadata.map { String($0.name.prefix(100)) })
    }
}
