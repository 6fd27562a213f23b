package import HTTP2
package import RPC

/// A connection on the server's side, without a socket. Owns the HTTP/2 session and runs each request
/// on the connection's own event loop.
package final class ServerConnection: ConnectionMachine, LoopContext.Flushable {
    let handler: any RequestHandler
    let profile: HTTP2Profile
    /// Nil if nobody wants to know of its calls.
    let telemetry: ServerTelemetry?
    private(set) var link: (any ConnectionLink)?
    private(set) var session: HTTP2Session?
    package let loop: LoopContext
    var peer = Peer(address: "")
    private var isReading = false
    private var needsFlush = false
    var closesAfterFlush = false
    private(set) var isWritable = true
    private(set) var now = Instant(nanoseconds: 0)

    /// Handlers that run, also those whose stream is gone already.
    var running = 0
    /// Calls whose deadline timer is armed only if they outlive this read.
    var untimed: [ServerCall] = []
    /// A body that came whole, where it lies in the read buffer.
    var whole: (call: ServerCall, body: UnsafeRawBufferPointer)?
    /// A GOAWAY is due. It is made when it can be sent, since a stream that is read in between is
    /// served, and the GOAWAY must not say that it was not.
    var owesGoAway = false
    private(set) var openedAt = Instant(nanoseconds: 0)
    var openingTimer: LoopContext.Timer?
    var blockTimer: LoopContext.Timer?
    var progress: ProgressWatch?
    private(set) var sawSettings = false
    /// The peer has lost its connection.
    var endsBadly = false
    let observer: (any ConnectionObserver)?
    let memory: ProcessMemory
    /// Bytes of requests that are not complete.
    var bodyBytes = 0
    /// What the process was told that this connection holds.
    var countedBytes = 0
    var memoryTimer: LoopContext.Timer?
    /// Which of the server's listeners it came to.
    var listener = 0
    /// Called when the connection is open.
    var onOpen: (() -> Void)?
    /// Which handlers may run; nil lets all.
    let gate: HandlerGate?
    /// How long the connection lives; nil until it is open.
    private(set) var watch: ConnectionWatch?
    private let life: (policy: ConnectionLifePolicy?, jitter: Double)
    /// When the last request came.
    var lastCall = Instant(nanoseconds: 0)
    /// What the streams of this connection have unsent together.
    let budget = OutputBudget()
    /// Calls whose handlers have written something.
    private var outputs: [ServerCall] = []
    private var stalls: StallWatch?

    /// What is read of a request that has its reply already.
    static let maximumDiscarded = 64 << 10

    /// - Parameters:
    ///   - gate: the server's own on this loop.
    ///   - life: without one the connection lives as long as the peer likes.
    ///   - jitter: 0.9 to 1.1, which its greatest age is multiplied with.
    package init(
        handler: any RequestHandler, profile: HTTP2Profile,
        observer: (any ConnectionObserver)? = nil, telemetry: ServerTelemetry? = nil,
        memory: ProcessMemory = .shared, loop: LoopContext, gate: HandlerGate? = nil,
        life: ConnectionLifePolicy? = nil, jitter: Double = 1
    ) {
        self.observer = observer
        self.memory = memory
        self.telemetry = telemetry
        self.loop = loop
        self.gate = gate
        self.life = (life, jitter)
        self.handler = handler
        self.profile = profile
    }

    // MARK: Life

    package func attach(_ link: any ConnectionLink) { self.link = link }

    package func opened(from origin: ConnectionOrigin) {
        guard session == nil, link != nil else { return }
        peer = Peer(
            address: origin.address,
            identity: origin.handshake?.peer?.name,
            isEncrypted: origin.handshake != nil,
            certificate: origin.handshake?.peer.map(PeerCertificate.init), listener: listener)
        session = HTTP2Session(
            role: .server, profile: profile, delegate: self, workspace: loop.workspace)
        stalls = StallWatch(self, timeout: profile.stallTimeout, loop: loop)
        loop.runners.connectionOpened()
        onOpen?()
        onOpen = nil
        now = loop.now
        lastCall = now
        openedAt = now
        openingTimer = loop.arm(SettingsTimeout(self), at: openedAt + profile.settingsTimeout)
        watch = ConnectionWatch(self, policy: life.policy, jitter: life.jitter)
        flush()
    }

    package func received(_ bytes: UnsafeRawBufferPointer) {
        guard let session, !endsBadly else { return }
        now = loop.now
        holdCredit()
        isReading = true
        var isBroken = false
        do throws(HTTP2Error) {
            try session.receive(bytes, now: now.nanoseconds)
        } catch {
            isBroken = true
        }
        keepWholeBody()
        isReading = false
        needsFlush = true
        if telemetry != nil { loop.readClock() }
        loop.runners.start(at: now)
        if isBroken || endsBadly { endBadly() }
    }

    /// To be called before something is done with calls outside of a read.
    func beginWork() {
        if !isReading { now = loop.now }
    }

    /// To be called behind it: handlers begin, and what there is to send is sent.
    func endWork() {
        if isReading { return }
        if telemetry != nil { loop.readClock() }
        loop.runners.start(at: now)
        setNeedsFlush()
    }

    package func readCompleted() {
        armTimers()
        watchHeaderBlock()
        if needsFlush { flush() }
        loop.flushAll()
    }

    package func becameWritable(_ isWritable: Bool) {
        self.isWritable = isWritable
        if isWritable { flush() }
    }

    package func failed(_ error: any Error) {}

    package func ended() {
        link = nil
        end()
    }

    /// The connection is gone: every handler is cancelled, in this tick.
    private func end() {
        guard let ended = session else { return }
        session = nil
        loop.cancel(openingTimer)
        loop.cancel(blockTimer)
        progress?.stop()
        progress = nil
        stalls?.stop()
        // It refers to this connection.
        watch?.stop()
        watch = nil
        outputs = []
        for stream in ended.openStreamList { abandon(stream) }
        releaseMemory()
        loop.runners.connectionEnded()
        withExtendedLifetime(ended) {}
    }

    func cancelCalls() {
        for stream in session?.openStreamList ?? [] { abandon(stream) }
    }

    private func abandon(_ stream: HTTP2Stream) {
        guard let call = call(of: stream) else { return }
        stream.context = nil
        if !call.isAnswered { noteEnd(of: call, .init(.cancelled)) }
        call.stream = nil
        dropBody(of: call)
        dropHeldBack(of: call)
        leaveForward(of: call)
        stopTimer(of: call)
        if let port = call.port {
            port.releaseCredit(to: session)
            port.detach()
            port.abandon(RPCError(.cancelled, "the caller has gone"))
        }
        leave(call)
    }

    // MARK: Output

    /// Sends what the session has ready: one buffer, one write.
    package func flush() {
        needsFlush = false
        stalls?.look()
        guard !isReading, let session, let link else { return }
        defer { countMemory() }
        guard isWritable else { return boundQueue() }
        if !outputs.isEmpty {
            let ready = outputs
            outputs.removeAll(keepingCapacity: true)
            takeOutput(ready)
        }
        if owesGoAway {
            owesGoAway = false
            session.goAway(debug: drainReason)
        }
        do throws(HTTP2Error) {
            let isDrained = try session.drain(limit: Self.outputPortion) { link.send($0) }
            if !isDrained { setNeedsFlush() }
        } catch {
            closesAfterFlush = true
        }
        if closesAfterFlush || session.isFinished || isDrained || endsBadly { link.close() }
    }

    func setNeedsFlush() {
        if needsFlush || isReading { return }
        needsFlush = true
        loop.needsFlush(self)
    }

    func add(output call: ServerCall) {
        if session == nil { return }
        outputs.append(call)
        setNeedsFlush()
    }

    private func armTimers() {
        guard !untimed.isEmpty else { return }
        for call in untimed where call.timer == nil && !call.isAnswered && call.stream != nil {
            call.timer = loop.arm(call, at: call.acceptance.deadline.instant)
            if call.stream?.remoteEnded == false { watchProgress() }
        }
        untimed.removeAll(keepingCapacity: true)
    }

    func stopTimer(of call: ServerCall) {
        guard let timer = call.timer else { return }
        call.timer = nil
        loop.cancel(timer)
    }
}

/// What the session tells.
extension ServerConnection: HTTP2SessionDelegate {
    package func received(_ headers: HeaderBlock, on stream: HTTP2Stream, isLast: Bool) {
        let head = RequestHead(
            fields: Metadata(arena: headers.arena, count: headers.count), receivedAt: now,
            isOverMetadataLimit: headers.isOverSoftLimit)
        begin(head, on: stream)
    }

    package func received(_ data: UnsafeRawBufferPointer, on stream: HTTP2Stream) {
        keepWholeBody()
        let call = call(of: stream)
        if let call, call.phase == .forwarding { return forward(data, of: call) }
        if let call, call.phase == .streaming { return streamed(data, of: call, on: stream) }
        if let call, call.phase == .admitting { return holdBack(data, of: call) }
        session?.consume(data.count, on: stream)
        if let call { append(data, to: call) }
    }

    package func sent(_ count: Int, on stream: HTTP2Stream) {
        guard let call = call(of: stream) else { return }
        if let forward = call.forward { return forward.sent(count) }
        call.port?.outbox?.sent(count)
    }

    package func receivedTrailers(_ trailers: HeaderBlock, on stream: HTTP2Stream) {}

    package func receivedEnd(of stream: HTTP2Stream) {
        if let call = call(of: stream) { bodyEnded(of: call) }
    }

    package func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {
        abandon(stream)
        if watch?.drain.phase != .serving { setNeedsFlush() }
    }

    package func receivedGoAway(lastStreamID: Int32, code: HTTP2ErrorCode, debug: String) {
        observer?.goAway(.received, reason: "\(code)", peer: peer)
    }

    package func receivedSettings() { sawSettings = true }

    package func receivedPingAcknowledgement(_ payload: UInt64) {
        if payload == ServerConnection.drainPing, watch?.acknowledged() == true { finishNotice() }
    }

    package func receivedPing(isAnswer: Bool) {
        if watch?.receivedPing(isAnswer: isAnswer) == false { session?.end("too_many_pings") }
    }
}
