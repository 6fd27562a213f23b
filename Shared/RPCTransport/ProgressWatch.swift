internal import HTTP2
internal import RPC

/// Ends calls whose message has begun and hardly comes on (rpc.md §12.2). One timer per connection
/// looks at all of its streams, and runs only while a request is incomplete that outlived a read.
final class ProgressWatch: LoopContext.TimerTarget {
    /// How far a message has come.
    struct Mark {
        /// Which of its stream.
        var message: Int
        var bytes: Int
    }

    private let connection: ServerConnection
    private var timer: LoopContext.Timer?

    init(_ connection: ServerConnection) { self.connection = connection }

    /// To be called when a request is incomplete.
    func look() {
        if timer != nil { return }
        let loop = connection.loop
        timer = loop.arm(self, at: loop.now + connection.profile.progressInterval)
    }

    func stop() {
        connection.loop.cancel(timer)
        timer = nil
    }

    func timerFired() {
        timer = nil
        var isNeeded = false
        for stream in connection.session?.openStreamList ?? [] where !stream.remoteEnded {
            guard let call = connection.call(of: stream), !call.isAnswered else { continue }
            isNeeded = true
            let mark = call.unfinishedMessage
            if let mark, let last = call.lastMark, mark.message == last.message,
                mark.bytes - last.bytes < connection.profile.minimumProgressBytes
            {
                connection.tooSlow(call)
            }
            call.lastMark = mark
        }
        if isNeeded { look() }
    }
}

extension ServerCall {
    /// The message that has begun and is not complete; for a unary call, the request.
    fileprivate var unfinishedMessage: ProgressWatch.Mark? {
        switch phase {
        case .receiving: ProgressWatch.Mark(message: 0, bytes: body.count)
        case .streaming:
            port?.inbox?.unfinished.map { ProgressWatch.Mark(message: $0.message, bytes: $0.bytes) }
        case .forwarding:
            forward?.unfinished.map { ProgressWatch.Mark(message: $0.message, bytes: $0.bytes) }
        case .admitting, .handling, .discarding: nil
        }
    }
}

extension ServerConnection {
    func watchProgress() {
        if progress == nil { progress = ProgressWatch(self) }
        progress?.look()
    }

    fileprivate func tooSlow(_ call: ServerCall) {
        observer?.misbehaved("slow_message", action: .ended, peer: peer)
        let error = RPCError(
            .deadlineExceeded,
            "less than \(profile.minimumProgressBytes) bytes of the request came within \(profile.progressInterval)",
            reason: "TOO_SLOW")
        if call.phase != .receiving { cutOff(call, error) } else { refuse(call, error) }
        setNeedsFlush()
    }
}
