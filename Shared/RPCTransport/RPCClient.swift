package import NIOCore
public import NIOPosix
public import RPC
internal import Synchronization
public import TLS

/// Calls a service over HTTP/2: finds its endpoints, chooses one for each call, and repeats what
/// failed where the schema allows it.
///
/// Each event loop has its own connections, balancer and limits. A call made on one of the group's
/// event loops (from a handler) stays on it: it changes no thread. Calls from elsewhere go round the
/// loops.
public final class RPCClient: Sendable {
    /// What calls name in their errors.
    public let target: String
    let group: any EventLoopGroup
    /// What holds the replies that were not read yet.
    private let memory: ProcessMemory
    private let policy: ClientPolicy
    private let serviceConfig: ServiceConfigSlot?
    private let claimedIdentity: String?
    let halves: [ObjectIdentifier: LoopHalf]
    let watch: EndpointWatch?
    private let isClosed = Atomic(false)

    /// - Parameters:
    ///   - target: `dns:///host:port`, `static:///a:1,b:2`, `file:///path`, `unix:///path`, or
    ///     "host:port", several separated by commas.
    ///   - tls: a fixed context, or `.mesh(store, expect: …)`, which follows a store; nil means plaintext.
    ///   - profile: `.mesh` between our own services, where PINGs find out that a peer is gone.
    ///   - policy: how to choose among several endpoints.
    ///   - serviceConfig: tunes single methods; may change while the client runs.
    ///   - interceptors: around every attempt of every call, joined with `then`: the first one is the
    ///     outermost.
    ///   - claimedIdentity: the SPIFFE ID to claim over plaintext, where no certificate shows it; only
    ///     servers started as insecure believe it.
    ///   - telemetry: is told of all calls.
    public convenience init(
        _ target: String, tls: (any TLSContextProvider)? = nil, profile: RPCProfile = .client,
        policy: ClientPolicy = .standard, serviceConfig: ServiceConfigSlot? = nil,
        interceptors: (any ClientInterceptor)? = nil, claimedIdentity: String? = nil,
        telemetry: RPCTelemetry? = nil, group: MultiThreadedEventLoopGroup = .singleton
    ) throws {
        let parsed: ClientTarget
        do {
            parsed = try ClientTarget(target)
        } catch {
            throw RPCError(.invalidArgument, "\(error)")
        }
        let source: any EndpointSource
        switch parsed {
        case .fixed(let endpoints): source = FixedSource(endpoints: endpoints)
        case .dns(let host, let port): source = DNSSource(host: host, port: port)
        case .file(let path): source = FileSource(path: path)
        }
        self.init(
            target, source: source, dialer: SocketDialer(tls: tls), profile: profile,
            policy: policy, serviceConfig: serviceConfig, interceptors: interceptors,
            claimedIdentity: tls == nil ? claimedIdentity : nil,
            telemetry: telemetry, group: group)
    }

    /// - Parameters:
    ///   - source: who knows the endpoints.
    ///   - dialer: who connects to them.
    ///   - seed: of what is left to chance.
    package init(
        _ target: String, source: any EndpointSource, dialer: any Dialer = SocketDialer(tls: nil),
        profile: RPCProfile = .client, policy: ClientPolicy = .standard,
        serviceConfig: ServiceConfigSlot? = nil,
        interceptors: (any ClientInterceptor)? = nil, claimedIdentity: String? = nil,
        telemetry: RPCTelemetry? = nil,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        seed: UInt64 = .random(in: 0 ... .max)
    ) {
        self.target = target
        let config = serviceConfig?.config
        var policy = policy
        if let balancing = config?.balancing { policy.balancing = balancing }
        self.policy = policy
        self.serviceConfig = serviceConfig
        self.claimedIdentity = claimedIdentity
        self.group = group
        memory = profile.memory
        var generator = SeededGenerator(seed: seed)
        let loops = Array(group.makeIterator())
        let fixed = (source as? FixedSource)?.endpoints
        let watch =
            fixed == nil ? EndpointWatch(source, on: group.next(), seed: generator.next()) : nil
        var settings = ClientLoop.Settings(
            dialer: dialer, profile: profile, policy: policy, interceptors: interceptors,
            share: loops.count, seed: 0, telemetry: telemetry, target: target,
            circuit: CircuitLimit(policy.maximumInFlight))
        self.watch = watch
        var halves: [ObjectIdentifier: LoopHalf] = [:]
        for loop in loops {
            settings.seed = generator.next()
            halves[ObjectIdentifier(loop)] = LoopHalf(settings, endpoints: fixed, watch: watch)
        }
        self.halves = halves
        if let config { apply(config) }
        serviceConfig?.subscribe { [weak self] in self?.apply($0) }
    }

    /// Has every loop go by the parts of a config that concern all calls.
    private func apply(_ config: ServiceConfig) {
        for eventLoop in group.makeIterator() {
            guard let half = halves[ObjectIdentifier(eventLoop)] else { continue }
            eventLoop.execute { half.apply(config) }
        }
    }

    deinit {
        if isClosed.load(ordering: .relaxed) { return }
        watch?.close()
        for eventLoop in group.makeIterator() {
            guard let half = halves[ObjectIdentifier(eventLoop)] else { continue }
            eventLoop.execute { half.close() }
        }
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
        watch?.close()
        for eventLoop in group.makeIterator() {
            guard let half = halves[ObjectIdentifier(eventLoop)] else { continue }
            try? await eventLoop.submit { half.close() }.get()
        }
    }

    /// This loop's half of the client. Called on the loop.
    func clientLoop(on eventLoop: any EventLoop) -> ClientLoop {
        guard let half = halves[ObjectIdentifier(eventLoop)] else {
            preconditionFailure("the event loop is not one of the client's group")
        }
        return half.client(on: eventLoop)
    }

    /// What is true of a loop's half now; nil if it never needed one. Called on the loop.
    package func audit(on eventLoop: any EventLoop) -> ClientAudit? {
        halves[ObjectIdentifier(eventLoop)]?.made?.audit
    }

    // MARK: Calls

    /// Sends a request, again where that is allowed, until a reply stands or the deadline has passed.
    private func execute(
        _ request: RawRequest, deadline: Deadline, options: UnaryExchange.Options,
        on eventLoop: any EventLoop
    ) async throws(RPCError) -> RawReply {
        if isClosed.load(ordering: .relaxed) {
            throw named(RPCError(.unavailable, ClientLoop.closed))
        }
        if Task.isCancelled { throw named(RPCError(.cancelled, "the call was cancelled")) }
        let exchange = UnaryExchange(request, deadline: deadline, options: options, on: eventLoop)
        let result = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                if eventLoop.inEventLoop {
                    exchange.start(in: self.clientLoop(on: eventLoop), continuation)
                } else {
                    eventLoop.execute {
                        exchange.start(in: self.clientLoop(on: eventLoop), continuation)
                    }
                }
            }
        } onCancel: {
            exchange.cancel()
        }
        switch result {
        case .success(let reply): return reply
        case .failure(let error): throw named(error)
        }
    }

    private func named(_ error: RPCError) -> RPCError {
        var named = error
        named.message = "\(target): \(error.message)"
        return named
    }
}

/// One event loop's half of a client, made when the loop first needs it.
///
/// Sendable: `made` and `isClosed` are touched on the event loop only.
final class LoopHalf: @unchecked Sendable {
    private let settings: ClientLoop.Settings
    private let endpoints: [Endpoint]?
    private let watch: EndpointWatch?
    private(set) var made: ClientLoop?
    private var isClosed = false
    private var config: ServiceConfig?

    init(_ settings: ClientLoop.Settings, endpoints: [Endpoint]?, watch: EndpointWatch?) {
        self.settings = settings
        self.endpoints = endpoints
        self.watch = watch
    }

    func client(on eventLoop: any EventLoop) -> ClientLoop {
        if let made { return made }
        let client = ClientLoop(
            settings, watch: watch, loop: LoopContext.current(on: eventLoop))
        made = client
        if let config { client.apply(config) }
        if let endpoints { client.update(endpoints) }
        watch?.subscribe(client)
        if isClosed { client.close() }
        return client
    }

    func apply(_ config: ServiceConfig) {
        self.config = config
        made?.apply(config)
    }

    func close() {
        isClosed = true
        made?.close()
    }
}

extension RPCClient: RawUpstream {
    public func open(
        _ request: consuming RawRequest, isWhole: Bool, deadline: Deadline,
        to receiver: any RawReceiver
    ) -> any RawUpstreamCall {
        let client = clientLoop(on: group.any())
        let tuned = serviceConfig?.settings(for: String(request.path))
        let isRepeated = request.headers.firstField("grpc-previous-rpc-attempts") != nil
        // What is forwarded is not sent twice at once: its bytes are known only as they come.
        let repetition = repetition(
            tuned, isAllowed: request.idempotency.allowsRetry && !isRepeated,
            asSchema: request.retry ?? RetryPolicy())
        let own = tuned?.timeout.map { Deadline(client.loop.now + $0) }
        let call = RawUpstreamStream(
            consume request, isWhole: isWhole,
            deadline: own.map { min($0, deadline) } ?? deadline, target: target,
            retry: repetition.retry, to: receiver, in: client)
        call.waitsForReady = tuned?.waitsForReady ?? false
        call.start(at: client.loop.now)
        return call
    }

    public func forward(_ request: RawRequest, deadline: Deadline) async throws -> RawReply {
        // A call that is an attempt of an earlier client is repeated there, and only there.
        let isRepeated = request.headers.firstField("grpc-previous-rpc-attempts") != nil
        let eventLoop = group.any()
        let tuned = serviceConfig?.settings(for: String(request.path))
        let repetition = repetition(
            tuned, isAllowed: request.idempotency.allowsRetry && !isRepeated,
            asSchema: request.retry ?? RetryPolicy())
        let own = tuned?.timeout.map { Deadline(eventLoop.instant + $0) }
        var reply = try await execute(
            request, deadline: own.map { min($0, deadline) } ?? deadline,
            options: UnaryExchange.Options(
                retry: repetition.retry, hedging: repetition.hedging,
                waitsForReady: tuned?.waitsForReady ?? false), on: eventLoop)
        reply.headers.removeAll(":status")
        return reply
    }
}

extension RPCClient: ClientTransport {
    public func unary(
        _ method: MethodDescriptor, framed: [UInt8], options: CallOptions
    ) async throws(RPCError) -> ReplyMessage {
        var (body, encoding) = (framed, MessageEncoding.identity)
        if Self.compresses(method, options), let packed = Gzip.deflate(framed: framed) {
            (body, encoding) = (packed, .gzip)
        } else {
            MessagePrefix.write(into: &body)
        }
        let request = RawRequest(
            target: method.path, headers: try headers(of: options, encoding), body: body,
            maximumReplyBytes: method.maximumResponseBytes + MessagePrefix.count,
            idempotency: method.idempotency, routingKey: options.routingKey, span: options.span,
            isChild: options.isChild)
        // A handler's loop if there is one: then nothing below changes the thread.
        let eventLoop = group.any()
        let terms = terms(of: method, options, on: eventLoop)
        let reply = try await execute(
            request, deadline: terms.deadline,
            options: UnaryExchange.Options(
                retry: terms.retry, hedging: terms.hedging, waitsForReady: terms.waitsForReady,
                isAssay: true), on: eventLoop)
        options.received?.set(reply)
        return try UnaryReply.message(of: reply, limit: method.maximumResponseBytes)
    }

    /// What a call carries besides the protocol's own fields.
    private func headers(
        of options: CallOptions, _ encoding: MessageEncoding
    ) throws(RPCError) -> Metadata {
        var headers = encoding == .gzip ? Self.compressedHeaders : Self.plainHeaders
        if !options.metadata.isEmpty {
            headers.append(contentsOf: try options.metadata.checkedForSending())
        }
        if let claimedIdentity { headers.append(AssayHeader.claimedIdentity, claimedIdentity) }
        return headers
    }

    private static let plainHeaders: Metadata = [
        "content-type": "application/grpc+assay",
        "grpc-accept-encoding": "\(MessageEncoding.accepted)",
    ]
    private static let compressedHeaders: Metadata = [
        "content-type": "application/grpc+assay", "grpc-encoding": "gzip",
        "grpc-accept-encoding": "\(MessageEncoding.accepted)",
    ]

    private static func compresses(_ method: MethodDescriptor, _ options: CallOptions) -> Bool {
        options.compression == .gzip && !method.carriesCredentials
    }

    public func stream(
        _ method: MethodDescriptor, options: CallOptions
    ) throws(RPCError) -> ClientStream {
        if isClosed.load(ordering: .relaxed) {
            throw RPCError(.unavailable, "\(target): the client is closed")
        }
        let eventLoop = group.any()
        let encoding: MessageEncoding = Self.compresses(method, options) ? .gzip : .identity
        let (inbox, outbox) = (
            MessageInbox(
                limit: method.maximumResponseBytes, contentType: .grpcAssay,
                memory: memory),
            MessageOutbox(encoding: encoding, memory: memory)
        )
        let port = StreamPort(inbox: inbox, outbox: outbox, eventLoop: eventLoop)
        let request = RawRequest(
            target: method.path, headers: try headers(of: options, encoding), body: [],
            routingKey: options.routingKey, span: options.span, isChild: options.isChild)
        let terms = terms(of: method, options, on: eventLoop)
        let slot = CallSlot(eventLoop)
        slot.onLoop {
            self.open(method, request, port, terms, options, slot, on: eventLoop)
        }
        return ClientStream(requests: outbox, replies: inbox) {
            // What is over needs no leaving: the usual case, without a change of thread.
            if inbox.isAttached { slot.cancel() }
        }
    }

    private func open(
        _ method: MethodDescriptor, _ request: RawRequest, _ port: StreamPort,
        _ terms: CallTerms, _ options: CallOptions, _ slot: CallSlot, on eventLoop: any EventLoop
    ) {
        let client = clientLoop(on: eventLoop)
        let call = StreamingCall(
            request, kind: method.kind, port: port, deadline: terms.deadline, target: target,
            retry: terms.retry, in: client)
        slot.fill(call)
        let now = client.loop.now
        call.waitsForReady = terms.waitsForReady
        call.metadata = options.received
        call.isAssay = true
        call.observe(client.telemetry, at: now)
        if terms.deadline.hasPassed(at: now) { return call.timerFired() }
        call.start(at: now)
    }

    /// What the schema, the service config and the caller say together.
    private func terms(
        of method: MethodDescriptor, _ options: CallOptions, on eventLoop: any EventLoop
    ) -> CallTerms {
        let tuned = serviceConfig?.settings(for: method.path)
        let repetition = repetition(
            tuned, isAllowed: options.allowsRetry && method.idempotency.allowsRetry,
            asSchema: method.retry)
        return CallTerms(
            deadline: deadline(
                options.deadline, unasked: tuned?.timeout ?? method.serverDeadline,
                longest: tuned?.timeout ?? method.longestDeadline, on: eventLoop),
            retry: repetition.retry, hedging: repetition.hedging,
            waitsForReady: options.waitsForReady || tuned?.waitsForReady ?? false)
    }

    /// How a call is repeated: the service config says more than the schema, and allows nothing that the
    /// schema does not.
    private func repetition(
        _ tuned: MethodConfig?, isAllowed: Bool, asSchema retry: RetryPolicy
    ) -> (retry: RetryPolicy?, hedging: HedgingPolicy?) {
        if !isAllowed { return (nil, nil) }
        let hedging = tuned?.retry == nil ? tuned?.hedging ?? policy.hedging : nil
        var repeated = tuned?.retry ?? retry
        repeated.maximumAttempts = min(
            repeated.maximumAttempts, policy.repetition.maximumAttempts)
        return (repeated, hedging)
    }

    /// The earlier one of the caller's deadline and the longest that the method has; `unasked` if the
    /// caller has none.
    private func deadline(
        _ asked: CallDeadline?, unasked: Duration, longest: Duration, on eventLoop: any EventLoop
    ) -> Deadline {
        let now = eventLoop.instant
        let latest = Deadline(now + longest)
        switch asked {
        case nil, .inherited(.none): return Deadline(now + unasked)
        case .after(let duration): return min(latest, Deadline(now + duration))
        case .at(let instant): return min(latest, Deadline(instant))
        case .inherited(let parent):
            let roundTrip =
                eventLoop.inEventLoop ? clientLoop(on: eventLoop).roundTrip : nil
            return min(latest, parent.child(at: now, roundTrip: roundTrip))
        }
    }
}

/// On which terms a call is made.
private struct CallTerms {
    var deadline: Deadline
    /// Nil if the call may not be repeated once it may have run.
    var retry: RetryPolicy?
    var hedging: HedgingPolicy?
    var waitsForReady: Bool
}
