internal import HTTP2
internal import RPC

/// How one attempt of a call ended.
enum AttemptResult: Sendable {
    case reply(RawReply)
    /// `wasProcessed` is false if the peer certainly did nothing: then any call may be sent again.
    case failed(RPCError, wasProcessed: Bool)
}

/// One attempt of a call, on its way through a client connection. Belongs to a loop.
final class ClientCall: LoopContext.TimerTarget {
    let request: RawRequest
    let deadline: Deadline
    let attempt: Int
    private var continuation: CheckedContinuation<AttemptResult, Never>?
    private let loop: LoopContext
    private var timer: LoopContext.Timer?
    /// The connection that it was sent on, and its stream there until that is over.
    var connection: ClientConnection?
    var stream: HTTP2Stream?

    // What has come of the reply.
    var status = 0
    var headers = Metadata()
    var body: [UInt8] = []
    var trailers: Metadata?

    init(
        _ request: RawRequest, deadline: Deadline, attempt: Int, loop: LoopContext,
        continuation: CheckedContinuation<AttemptResult, Never>
    ) {
        self.request = request
        self.deadline = deadline
        self.attempt = attempt
        self.loop = loop
        self.continuation = continuation
        timer = loop.arm(self, at: deadline.instant)
    }

    var isEnded: Bool { continuation == nil }

    /// Ends the attempt; the first end counts.
    func end(_ result: AttemptResult) {
        guard let waiting = continuation else { return }
        continuation = nil
        loop.cancel(timer)
        timer = nil
        waiting.resume(returning: result)
    }

    func fail(_ code: StatusCode, _ message: String, wasProcessed: Bool = true) {
        end(.failed(RPCError(code, message), wasProcessed: wasProcessed))
    }

    func timerFired() {
        timer = nil
        abandon(RPCError(.deadlineExceeded, "the deadline has passed", reason: "EXPIRED"))
    }

    /// Nobody waits any more: the peer is told with RST_STREAM(CANCEL).
    func abandon(_ error: RPCError) {
        guard !isEnded else { return }
        if let stream, let connection { connection.cancel(stream) }
        end(.failed(error, wasProcessed: true))
    }
}
