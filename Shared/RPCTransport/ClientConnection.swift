package import HTTP2
internal import RPC

/// A connection on the client's side, without a socket.
package final class ClientConnection: ConnectionMachine, LoopContext.Flushable {
    private let profile: HTTP2Profile
    /// The endpoint that it belongs to.
    private let owner: ClientEndpoint
    private let authority: String
    private(set) var phase = Phase.opening
    let createdAt: Instant
    private var link: (any ConnectionLink)?
    private(set) var scheme = "http"
    private(set) var session: HTTP2Session?
    package let loop: LoopContext
    private var isReading = false
    private var needsFlush = false
    private(set) var isWritable = true
    private var closesAfterFlush = false
    private var failure: (any Error)?
    private var goAway: (lastStreamID: Int32, reason: String)?
    /// What the streams of this connection have unsent together.
    let budget = OutputBudget()
    /// Calls whose callers have written something.
    private var outputs: [StreamingCall] = []
    let memory: ProcessMemory
    var countedBytes = 0
    var memoryTimer: LoopContext.Timer?
    private var stalls: StallWatch?
    /// Streams that the peer allows.
    private(set) var streamLimit = 0
    private var keepalive: KeepaliveMachine
    private var timer: LoopContext.Timer?
    private var timerAt = Instant.distantFuture
    private var health: HealthWatch?

    enum Phase {
        /// The peer's SETTINGS have not come yet.
        case opening
        /// It takes calls.
        case ready
        /// It takes no further calls.
        case leaving
        case gone
    }

    init(profile: RPCProfile, owner: ClientEndpoint, loop: LoopContext) {
        self.profile = profile.http2
        memory = profile.memory
        self.owner = owner
        authority = owner.endpoint.authority
        createdAt = loop.now
        self.loop = loop
        keepalive = KeepaliveMachine(
            interval: owner.keepaliveInterval, timeout: profile.keepaliveInterval ?? .seconds(20),
            idleTimeout: profile.idleTimeout, at: loop.now)
    }

    var isGone: Bool { phase == .gone }
    /// Where it goes to.
    var address: Endpoint { owner.endpoint }

    /// Calls in flight.
    var openStreams: Int { (session?.openStreams ?? 0) - (health?.openStreams ?? 0) }
    /// Calls that it can take at once.
    var freeStreams: Int { phase == .ready ? streamLimit - (session?.openStreams ?? 0) : 0 }

    // MARK: Life

    package func attach(_ link: any ConnectionLink) { self.link = link }

    package func opened(from origin: ConnectionOrigin) {
        guard session == nil, let link else { return }
        if let handshake = origin.handshake {
            scheme = "https"
            if handshake.applicationProtocol != "h2" {
                failure = RPCError(.unavailable, "the server did not choose h2 by ALPN")
                return link.abort()
            }
        }
        session = HTTP2Session(
            role: .client, profile: profile, delegate: self, workspace: loop.workspace)
        stalls = StallWatch(self, timeout: profile.stallTimeout, loop: loop)
        flush()
    }

    package func received(_ bytes: UnsafeRawBufferPointer) {
        guard let session else { return }
        _ = holdsWindows()
        isReading = true
        let now = loop.now
        keepalive.received(at: now)
        do throws(HTTP2Error) {
            try session.receive(bytes, now: now.nanoseconds)
        } catch {
            failure = error
            closesAfterFlush = true
        }
        isReading = false
        needsFlush = true
    }

    package func readCompleted() {
        if needsFlush { flush() }
    }

    package func becameWritable(_ isWritable: Bool) {
        self.isWritable = isWritable
        if isWritable { flush() }
    }

    package func failed(_ error: any Error) {
        if failure == nil { failure = error }
    }

    package func ended() {
        link = nil
        end()
    }

    /// The connection is gone: calls in flight fail, in this tick.
    private func end() {
        if phase == .gone { return }
        let wasOpening = phase == .opening
        unusable()
        phase = .gone
        loop.cancel(timer)
        timer = nil
        stalls?.stop()
        outputs = []
        releaseMemory()
        if let ended = session {
            session = nil
            for stream in ended.openStreamList { lose(stream) }
            withExtendedLifetime(ended) {}
        }
        if wasOpening {
            owner.failed(self, failure ?? RPCError(.unavailable, "the connection was closed"))
        }
        owner.gone(self)
    }

    private func lose(_ stream: HTTP2Stream) {
        guard let call = call(of: stream) else { return }
        let reason = failure.map { ": \($0)" } ?? goAway.map { " after GOAWAY: \($0.reason)" } ?? ""
        stream.context = nil
        call.leaveConnection(nil)
        let isUnprocessed = goAway.map { stream.id > $0.lastStreamID } ?? false
        call.settle(
            call.isEnded || call.hasReply ? call.outcome : isUnprocessed ? .unknown : .broken)
        if call.hasReply { return call.streamEnded() }
        call.fail(
            .unavailable, "the connection to \(owner.endpoint) was lost\(reason)",
            wasProcessed: !isUnprocessed)
    }

    /// No further calls here.
    private func unusable() {
        if phase != .ready { return }
        phase = .leaving
        health?.stop()
        health = nil
        owner.unusable(self)
    }

    // MARK: Output

    package func flush() {
        needsFlush = false
        stalls?.look()
        guard !isReading, let session, let link else { return }
        defer { countMemory() }
        guard isWritable else { return }
        if owner.hasQueue { owner.sendQueued() }
        if !outputs.isEmpty {
            for call in outputs where call.connection === self { call.takeOutput() }
            outputs.removeAll(keepingCapacity: true)
        }
        do throws(HTTP2Error) {
            let isDrained = try session.drain(limit: Self.outputPortion) { link.send($0) }
            if !isDrained { setNeedsFlush() }
        } catch {
            failure = error
            closesAfterFlush = true
        }
        let isDrained = goAway != nil && session.openStreams == 0
        if closesAfterFlush || session.isFinished || isDrained { link.close() }
    }

    func setNeedsFlush() {
        if needsFlush || isReading { return }
        needsFlush = true
        loop.needsFlush(self)
    }

    func add(output call: StreamingCall) {
        if session == nil { return }
        outputs.append(call)
        setNeedsFlush()
    }

    /// Ends the connection, in order, once its calls are over.
    func close() {
        unusable()
        guard let session else {
            link?.close()
            return
        }
        if goAway != nil { return }
        goAway = (.max, "closing")
        session.goAway(debug: "client_closing")
        setNeedsFlush()
    }

    // MARK: Calls

    /// Sends a call; false if the connection opens no stream any more.
    func send(_ call: ClientCall, now: Instant) -> Bool {
        guard phase == .ready, let session else { return false }
        let headers = RequestHeaders.arena(
            for: call, authority: authority, scheme: scheme,
            asProto: call.isAssay && owner.refusesAssay, now: now)
        let isFirst = openStreams == 0
        guard let stream = call.submit(headers, to: session) else {
            unusable()
            return false
        }
        keepalive.called(at: now, isFirst: isFirst)
        if isFirst { armTimer() }
        stream.context = call
        call.sent(on: stream, of: self, at: now)
        setNeedsFlush()
        return true
    }

    /// Asks the server from now on whether it takes calls.
    func watchHealth(of service: String) {
        let watch = HealthWatch(self, owner: owner, service: service)
        health = watch
        watch.start()
    }

    func cancel(_ stream: HTTP2Stream) { reset(stream, code: .cancel) }

    func reset(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {
        session?.reset(stream, code: code)
        setNeedsFlush()
    }

    func call(of stream: HTTP2Stream) -> ClientCall? {
        // Only this class sets the context.
        stream.context.map { unsafeDowncast($0, to: ClientCall.self) }
    }
}

/// What the session tells.
extension ClientConnection: HTTP2SessionDelegate {
    package func received(_ headers: HeaderBlock, on stream: HTTP2Stream, isLast: Bool) {
        guard let call = call(of: stream) else { return }
        let fields = Metadata(arena: headers.arena, count: headers.count)
        if isLast { judge(call, fields) }
        if headers.isOverSoftLimit {
            return call.abandon(
                RPCError(
                    .resourceExhausted, "the reply's metadata is too large",
                    reason: "METADATA_TOO_LARGE"))
        }
        let status = ResponseStatus.read(fields)
        if status == 415, call.isAssay, !owner.refusesAssay {
            owner.refusesAssay = true
            call.wasRefusedAsAssay = true
        }
        call.received(fields, status: status, isLast: isLast)
    }

    /// What the end of a reply says about the endpoint, where there is a choice.
    private func judge(_ call: ClientCall, _ ending: Metadata) {
        guard call.reservation?.client.isChoosing == true else { return }
        call.outcome = CallOutcome(ending: ending)
    }

    package func received(_ data: UnsafeRawBufferPointer, on stream: HTTP2Stream) {
        guard let session else { return }
        if let call = call(of: stream) {
            call.received(data, in: session, on: stream)
        } else {
            session.consume(data.count, on: stream)
        }
    }

    package func sent(_ count: Int, on stream: HTTP2Stream) { call(of: stream)?.sent(count) }

    package func receivedTrailers(_ trailers: HeaderBlock, on stream: HTTP2Stream) {
        guard let call = call(of: stream) else { return }
        let fields = Metadata(arena: trailers.arena, count: trailers.count)
        judge(call, fields)
        call.received(trailers: fields)
    }

    package func receivedEnd(of stream: HTTP2Stream) { call(of: stream)?.receivedEnd() }

    package func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {
        if goAway != nil || owner.hasQueue { setNeedsFlush() }
        if phase == .leaving { owner.streamLeft() }
        guard let call = call(of: stream) else { return }
        stream.context = nil
        call.leaveConnection(session)
        let isAboveGoAway = goAway.map { stream.id > $0.lastStreamID } ?? false
        if call.isEnded { return call.settle(call.outcome) }
        if call.hasReply {
            call.settle(call.outcome)
            return call.streamEnded()
        }
        if code == .refusedStream || isAboveGoAway {
            call.settle(isAboveGoAway ? .unknown : .overloaded)
            call.fail(.unavailable, "\(owner.endpoint) refused the stream", wasProcessed: false)
        } else {
            // A CANCEL behind the deadline is the server's way to say that it has passed.
            let isLate = code == .cancel && call.deadline.hasPassed(at: loop.now)
            let status = isLate ? .deadlineExceeded : StatusCode(resetWith: code)
            call.settle(CallOutcome(status))
            call.fail(status, "\(owner.endpoint) reset the stream with \(code)")
        }
    }

    package func receivedGoAway(lastStreamID: Int32, code: HTTP2ErrorCode, debug: String) {
        goAway = (lastStreamID, debug.isEmpty ? "\(code)" : "\(code) \"\(debug)\"")
        if code == .enhanceYourCalm && debug == "too_many_pings" { owner.pingedTooOften() }
        unusable()
    }

    package func receivedSettings() {
        streamLimit = session?.peerStreamLimit ?? 0
        if phase == .opening {
            phase = .ready
            armTimer()
            owner.ready(self)
        } else if phase == .ready {
            health?.limitChanged()
            owner.limitChanged()
        }
    }

    package func receivedPingAcknowledgement(_ payload: UInt64) {}
}

/// Finds out that the peer is gone, or that nobody needs the connection.
extension ClientConnection: LoopContext.TimerTarget {
    /// One timer for both; it is moved only if it would come too late.
    private func armTimer() {
        let next = keepalive.nextAt(hasCalls: openStreams > 0)
        guard phase == .ready || phase == .leaving, next < timerAt else { return }
        loop.cancel(timer)
        timerAt = next
        timer = loop.arm(self, at: next)
    }

    package func timerFired() {
        timer = nil
        timerAt = .distantFuture
        switch keepalive.check(hasCalls: openStreams > 0, at: loop.now) {
        case .none: break
        case .ping:
            session?.submitPing(0)
            setNeedsFlush()
        case .dead:
            failure = RPCError(.unavailable, "no answer to a PING")
            link?.abort()
            return
        case .close: return close()
        }
        armTimer()
    }
}

extension ClientConnection: StallWatch.Connection {
    func stalled(_ stream: HTTP2Stream) {
        call(of: stream)?.abandon(
            RPCError(
                .unavailable, "\(owner.endpoint) has read nothing for \(profile.stallTimeout)",
                reason: "STALLED"))
    }

    func socketStalled() {
        failure = RPCError(
            .unavailable, "\(owner.endpoint) has taken nothing for \(profile.stallTimeout)")
        link?.abort()
    }
}
