internal import HTTP2
internal import RPC

/// One request on its way through a server connection.
final class ServerCall: LoopContext.TimerTarget {
    enum Phase {
        /// Its handler has not told yet whether it admits it.
        case admitting
        /// The body is coming.
        case receiving
        /// Messages are coming, and the handler runs.
        case streaming
        /// What comes goes on to somebody else.
        case forwarding
        /// The handler runs, or its reply is being sent.
        case handling
        /// Refused, or answered before its end: what still comes is thrown away.
        case discarding
    }

    let head: RequestHead
    var acceptance: Acceptance
    /// Lets go of each other when the stream is over.
    let connection: ServerConnection
    var phase = Phase.receiving
    /// Nil once the stream is over.
    var stream: HTTP2Stream?
    /// What has come of the body, unless it came whole.
    var body: [UInt8] = []
    /// Bytes of it that came before the call was admitted, and whose room was not given back.
    var heldBack = 0
    var isAnswered = false
    var discardedBytes = 0
    /// The handler, until it begins, and who is to begin behind it.
    var work: HandlerWork?
    var nextPending: ServerCall?
    /// Where it stands with the limit of running handlers.
    var turn = HandlerGate.Turn.none
    /// What runs the handler, while it runs.
    var runner: HandlerRunners.Runner?
    var timer: LoopContext.Timer?
    /// The ends of its streams; nil for a unary call.
    var port: StreamPort?
    /// The headers of a stream of replies have gone.
    var hasResponse = false
    /// Where the bytes of a forwarded call go; nil once that is over.
    var forward: (any RawForward)?
    /// Bytes of a forwarded request that have not gone on.
    var unread = 0
    /// What is counted of the call, written down and traced.
    var tally = ServerTelemetry.Tally()
    /// How far its message had come when that was last looked at.
    var lastMark: ProgressWatch.Mark?
    /// Looks whether the handler ends that was cancelled.
    var outlives: OutlivingHandler?
    /// Ended by us before its time: what cannot be sent soon is given up.
    var isCutOff = false

    init(
        head: RequestHead, acceptance: Acceptance, stream: HTTP2Stream,
        connection: ServerConnection
    ) {
        self.head = head
        self.acceptance = acceptance
        self.stream = stream
        self.connection = connection
    }

    /// It may be served later, or not at all, if others matter more.
    var mayBePutOff: Bool {
        guard acceptance.kind == .unary, !acceptance.isUnlimited, case .none = turn else {
            return false
        }
        return work != nil && stream != nil && !isAnswered
    }

    /// Its handler has not begun, since others have to end first.
    var isWaiting: Bool {
        if case .waiting = turn { true } else { false }
    }

    func timerFired() {
        timer = nil
        if phase == .discarding {
            connection.endDiscarding(self)
        } else {
            connection.deadlinePassed(self)
        }
    }
}
