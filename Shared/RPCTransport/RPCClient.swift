internal import NIOCore
public import NIOPosix
public import RPC
internal import Synchronization
public import TLS

/// Calls a service over HTTP/2: one connection per event loop and endpoint, opened when a call needs
/// it.
///
/// A call made on one of the group's event loops (from a handler) uses that loop's connection: it
/// changes no thread. Calls from elsewhere go round the loops.
public final class RPCClient: Sendable {
    /// What calls name in their errors.
    public let target: String
    private let endpoints: [ClientTarget.Endpoint]
    private let tls: TLSContext?
    private let profile: RPCProfile
    let group: MultiThreadedEventLoopGroup
    private let claimedIdentity: String?
    private let loops = Mutex<[ObjectIdentifier: LoopConfined<ClientLoop>]>([:])
    private let isClosed = Atomic(false)
    private let throttle = RetryThrottle()

    /// - Parameters:
    ///   - target: "host:port", several separated by commas.
    ///   - tls: nil means plaintext.
    ///   - claimedIdentity: the SPIFFE ID to claim over plaintext, where no certificate shows it; only
    ///     servers started as insecure believe it.
    public init(
        _ target: String, tls: TLSContext? = nil, profile: RPCProfile = .client,
        claimedIdentity: String? = nil, group: MultiThreadedEventLoopGroup = .singleton
    ) throws {
        guard let parsed = ClientTarget(target) else {
            throw RPCError(
                .invalidArgument, "\"\(target)\" is not host:port, or several with commas between")
        }
        self.target = target
        endpoints = parsed.endpoints
        self.tls = tls
        self.profile = profile
        self.claimedIdentity = tls == nil ? claimedIdentity : nil
        self.group = group
    }

    /// Opens the connections of all event loops, so that no first call pays for a handshake. An
    /// endpoint that cannot be reached now is tried again by the calls that need it.
    public func warmUp() async {
        for eventLoop in group.makeIterator() {
            let opened = eventLoop.flatSubmit { self.clientLoop(on: eventLoop).warmUp() }
            try? await opened.get()
        }
    }

    /// Ends the connections once their calls are over. Further calls fail with UNAVAILABLE.
    public func close() async {
        isClosed.store(true, ordering: .relaxed)
        let all = loops.withLock { loops in
            defer { loops = [:] }
            return Array(loops.values)
        }
        for loop in all {
            try? await loop.value.loop.eventLoop.submit { loop.value.close() }.get()
        }
    }

    /// This loop's half of the client. Called on the loop.
    func clientLoop(on eventLoop: any EventLoop) -> ClientLoop {
        loops.withLock { loops in
            let id = ObjectIdentifier(eventLoop)
            if let known = loops[id] { return known }
            let made = LoopConfined(
                ClientLoop(
                    endpoints, tls: tls, profile: profile,
                    loop: LoopContext.current(on: eventLoop)))
            loops[id] = made
            return made
        }.value
    }

    // MARK: Attempts

    /// Sends a request, again where that is allowed, until a reply stands or the deadline has passed.
    private func execute(
        _ request: RawRequest, retry: RetryPolicy?, deadline: Deadline
    ) async throws(RPCError) -> RawReply {
        var attempt = 0
        var wasRefused = false
        while true {
            let result = await attemptOnce(request, deadline: deadline, attempt: attempt)
            let pause: Duration
            switch result {
            case .reply(let reply):
                guard let failure = RetryDecision.failure(of: reply) else {
                    throttle.succeeded()
                    return reply
                }
                guard let next = retryPause(after: attempt, failure, retry) else { return reply }
                pause = next
            case .failed(let error, let wasProcessed):
                if !wasProcessed, !wasRefused, error.code == .unavailable {
                    wasRefused = true
                    continue
                }
                guard let next = retryPause(after: attempt, error, retry) else {
                    throw named(error)
                }
                pause = next
            }
            attempt += 1
            let now = LoopContext.now
            if now + pause >= deadline.instant || Task.isCancelled {
                return try finalResult(result)
            }
            await sleep(pause)
        }
    }

    /// The pause before a further attempt; nil if there is to be none.
    private func retryPause(
        after attempt: Int, _ error: RPCError, _ retry: RetryPolicy?
    ) -> Duration? {
        guard let retry, retry.codes.contains(error.code) else { return nil }
        throttle.failed()
        if !throttle.allowsRetry { return nil }
        return RetryDecision.pause(after: attempt, error, retry)
    }

    private func finalResult(_ result: AttemptResult) throws(RPCError) -> RawReply {
        switch result {
        case .reply(let reply): return reply
        case .failed(let error, _): throw named(error)
        }
    }

    private func named(_ error: RPCError) -> RPCError {
        var named = error
        named.message = "\(target): \(error.message)"
        return named
    }

    private func sleep(_ pause: Duration) async {
        await withCheckedContinuation { continuation in
            let nanoseconds = Int64(pause / .nanoseconds(1))
            group.any().scheduleTask(in: .nanoseconds(nanoseconds)) { continuation.resume() }
        }
    }

    private func attemptOnce(
        _ request: RawRequest, deadline: Deadline, attempt: Int
    ) async -> AttemptResult {
        if isClosed.load(ordering: .relaxed) {
            return .failed(RPCError(.unavailable, "the client is closed"), wasProcessed: true)
        }
        if Task.isCancelled {
            return .failed(RPCError(.cancelled, "the call was cancelled"), wasProcessed: true)
        }
        // A handler's loop if there is one: then nothing below changes the thread.
        let eventLoop = group.any()
        let slot = CallSlot(eventLoop)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if eventLoop.inEventLoop {
                    self.begin(
                        request, deadline, attempt, slot, on: eventLoop, continuation)
                } else {
                    eventLoop.execute {
                        self.begin(
                            request, deadline, attempt, slot, on: eventLoop, continuation)
                    }
                }
            }
        } onCancel: {
            slot.cancel()
        }
    }

    private func begin(
        _ request: RawRequest, _ deadline: Deadline, _ attempt: Int, _ slot: CallSlot,
        on eventLoop: any EventLoop, _ continuation: CheckedContinuation<AttemptResult, Never>
    ) {
        let client = clientLoop(on: eventLoop)
        let call = UnaryCall(
            request, deadline: deadline, attempt: attempt, loop: client.loop,
            continuation: continuation)
        slot.fill(call)
        let now = LoopContext.now
        if deadline.hasPassed(at: now) { return call.timerFired() }
        client.send(call, now: now)
    }
}

extension RPCClient: RawUpstream {
    public func forward(_ request: RawRequest, deadline: Deadline) async throws -> RawReply {
        let retry = request.idempotency.allowsRetry ? RetryPolicy() : nil
        var reply = try await execute(request, retry: retry, deadline: deadline)
        reply.headers.removeAll(":status")
        return reply
    }
}

extension RPCClient: ClientTransport {
    public func unary(
        _ method: MethodDescriptor, framed: [UInt8], options: CallOptions
    ) async throws(RPCError) -> ReplyMessage {
        var framed = framed
        MessagePrefix.write(into: &framed)
        let request = RawRequest(
            target: method.path, headers: headers(of: options), body: framed,
            maximumReplyBytes: method.maximumResponseBytes + MessagePrefix.count,
            idempotency: method.idempotency, routingKey: options.routingKey)
        let mayRetry = options.allowsRetry && method.idempotency.allowsRetry
        let reply = try await execute(
            request, retry: mayRetry ? method.retry : nil,
            deadline: Self.deadline(method, options, now: LoopContext.now))
        return try UnaryReply.message(of: reply, limit: method.maximumResponseBytes)
    }

    /// What a call carries besides the protocol's own fields.
    private func headers(of options: CallOptions) -> Metadata {
        var headers: Metadata = ["content-type": "application/grpc+assay"]
        headers.append(contentsOf: options.metadata)
        if let claimedIdentity { headers.append(AssayHeader.claimedIdentity, claimedIdentity) }
        return headers
    }

    public func stream(
        _ method: MethodDescriptor, options: CallOptions
    ) throws(RPCError) -> ClientStream {
        if isClosed.load(ordering: .relaxed) {
            throw RPCError(.unavailable, "\(target): the client is closed")
        }
        let eventLoop = group.any()
        let (inbox, outbox) = (
            MessageInbox(limit: method.maximumResponseBytes, contentType: .grpcAssay),
            MessageOutbox()
        )
        let port = StreamPort(inbox: inbox, outbox: outbox, eventLoop: eventLoop)
        let request = RawRequest(
            target: method.path, headers: headers(of: options), body: [],
            routingKey: options.routingKey)
        let deadline = Self.deadline(method, options, now: LoopContext.now)
        let slot = CallSlot(eventLoop)
        slot.onLoop { self.open(request, port, deadline, slot, on: eventLoop) }
        return ClientStream(requests: outbox, replies: inbox) { [weak inbox] in
            // What is over needs no leaving: the usual case, without a change of thread.
            if inbox?.isAttached == true { slot.cancel() }
        }
    }

    private func open(
        _ request: RawRequest, _ port: StreamPort, _ deadline: Deadline, _ slot: CallSlot,
        on eventLoop: any EventLoop
    ) {
        let client = clientLoop(on: eventLoop)
        let call = StreamingCall(
            request, port: port, deadline: deadline, target: target, loop: client.loop
        ) { client.send($0, now: client.loop.now) }
        slot.fill(call)
        let now = client.loop.now
        if deadline.hasPassed(at: now) { return call.timerFired() }
        client.send(call, now: now)
    }

    /// The earlier one of the caller's deadline and the method's.
    static func deadline(
        _ method: MethodDescriptor, _ options: CallOptions, now: Instant
    ) -> Deadline {
        let own = Deadline(now + method.serverDeadline)
        switch options.deadline {
        case nil: return own
        case .after(let duration): return min(own, Deadline(now + duration))
        case .at(let instant): return min(own, Deadline(instant))
        case .inherited(let parent): return min(own, parent.child(at: now))
        }
    }
}
