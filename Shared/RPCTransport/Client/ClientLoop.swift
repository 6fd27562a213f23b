internal import NIOCore
internal import RPC

/// A client as one event loop sees it: its own balancer, and its own connections to the endpoints.
final class ClientLoop: LoopContext.TimerTarget {
    /// What all loops of a client share.
    struct Settings: Sendable {
        let dialer: any Dialer
        let profile: RPCProfile
        let policy: ClientPolicy
        /// Around every attempt.
        let interceptors: (any ClientInterceptor)?
        /// The number of loops.
        let share: Int
        /// Of what is left to chance; each loop has one of its own.
        var seed: UInt64
        var telemetry: RPCTelemetry?
        var target = ""
        var circuit = CircuitLimit(.max)
    }

    /// Of all loops of the client.
    var circuit: CircuitLimit { settings.circuit }

    static let closed = "the client is closed"

    let loop: LoopContext
    let settings: Settings
    var limits: RetryLimits
    /// The name under which servers are asked whether they take calls; nil if they are not.
    private(set) var healthService: String?
    var generator: SeededGenerator
    /// Nil if nobody wants to know of its calls.
    let telemetry: ClientTelemetry?
    private(set) var balancer: LoadBalancer
    /// By slot.
    private(set) var endpoints: [ClientEndpoint?] = []
    private(set) var pending: [ClientCall] = []
    private let watch: EndpointWatch?
    private var resolutionFailure: String?
    private var wake: LoopContext.Timer?
    private var warmUps: [EventLoopPromise<Void>] = []
    private var isClosed = false
    private let maximumPending: Int
    /// Calls in flight are bounded: those that wait for a stream count as pending, too.
    private let hasCircuit: Bool
    /// How long calls take, as one in 64 shows; a higher sample counts at once.
    private var latency: PeakEWMA?
    private var endedCalls: UInt = 0
    private let usesKeys: Bool
    /// Whether the ends of calls tell the balancer anything.
    private(set) var isChoosing = false

    init(_ settings: Settings, watch: EndpointWatch?, loop: LoopContext) {
        self.settings = settings
        self.watch = watch
        self.loop = loop
        telemetry = settings.telemetry?.client(target: settings.target)
        healthService = settings.policy.healthService
        limits = RetryLimits(settings.policy.repetition, share: settings.share)
        maximumPending = max(1, settings.policy.maximumPending / max(1, settings.share))
        hasCircuit = settings.policy.maximumInFlight != .max
        generator = SeededGenerator(seed: settings.seed)
        balancer = LoadBalancer(
            settings.policy.balancing, now: loop.now,
            generator: SeededGenerator(seed: generator.next()))
        usesKeys = balancer.usesKeys
    }

    /// Goes by a changed service config; the name asked for health counts for connections to come.
    func apply(_ config: ServiceConfig) {
        if healthService != nil, let name = config.healthCheckService { healthService = name }
        limits.throttle.change(to: config.throttling ?? RetryThrottling())
    }

    // MARK: Endpoints

    /// Takes over the endpoints of the target.
    func update(_ found: [Endpoint]) {
        if isClosed { return }
        resolutionFailure = nil
        let (added, removed) = balancer.update(found, at: loop.now)
        let leaving = removed.compactMap { endpoints[$0] }
        for slot in removed { endpoints[slot] = nil }
        for slot in added {
            while endpoints.count <= slot { endpoints.append(nil) }
            endpoints[slot] = ClientEndpoint(balancer.endpoint(of: slot), slot: slot, in: self)
        }
        isChoosing = balancer.hasChoice
        for endpoint in leaving { endpoint.drain() }
        if !warmUps.isEmpty { balancer.connectAll(at: loop.now) }
        changed()
    }

    /// There is no endpoint, and this is why.
    func resolutionFailed(_ reason: String) {
        resolutionFailure = reason
        changed()
    }

    /// Tells the balancer of a slot's connections; waiting calls choose anew.
    func set(_ slot: Int, _ state: LoadBalancer.State) {
        balancer.set(slot, state, at: loop.now)
        for loser in balancer.losers { endpoints[loser]?.disconnect() }
        changed()
    }

    func set(_ slot: Int, capacity: Int) { balancer.set(slot, capacity: capacity) }

    func refreshTarget() { watch?.request() }

    private func connectWanted() {
        for slot in balancer.takeWanted() { endpoints[slot]?.connect() }
    }

    private func changed() {
        connectWanted()
        if balancer.wantsResolution {
            balancer.wantsResolution = false
            watch?.request()
        }
        let calls = pending
        pending = []
        for call in calls where !call.isEnded { send(call, now: loop.now) }
        endWarmUps()
    }

    /// Opens connections before a call needs them; done when each is open or has failed.
    func warmUp() -> EventLoopFuture<Void> {
        let promise = loop.eventLoop.makePromise(of: Void.self)
        warmUps.append(promise)
        if balancer.current.isEmpty { watch?.request() }
        balancer.connectAll(at: loop.now)
        changed()
        return promise.futureResult
    }

    private func endWarmUps() {
        guard !warmUps.isEmpty, !isResolving, !balancer.isConnecting else { return }
        for promise in warmUps { promise.succeed() }
        warmUps = []
    }

    private var isResolving: Bool {
        !isClosed && balancer.current.isEmpty && resolutionFailure == nil
    }

    var audit: ClientAudit {
        ClientAudit(
            inFlight: balancer.reserved, queued: balancer.queued,
            waiting: pending.count { !$0.isEnded }, kept: limits.kept)
    }

    // MARK: Calls

    func send(_ call: ClientCall, now: Instant) {
        if isClosed { return call.fail(.unavailable, Self.closed) }
        let key = usesKeys ? call.request.routingKey.map { XXH64.hash($0) } : nil
        let pick = balancer.pick(
            key: key, avoiding: call.avoided, isTimed: call.isTimed, at: now)
        if balancer.hasWanted { connectWanted() }
        switch pick {
        case .send(let slot):
            call.reservation = ClientCall.Reservation(
                client: self, slot: slot, startedAt: call.isTimed ? now : nil)
            endpoint(slot).send(call, now: now)
        case .queue(let slot):
            if hasCircuit, balancer.queued > maximumPending {
                balancer.dequeued(slot, isSent: false, at: now)
                guard endpoint(slot).dropEnded() else { return refuse(call) }
                return send(call, now: now)
            }
            endpoint(slot).enqueue(call)
        case .queueFull(let slot):
            guard endpoint(slot).dropEnded() else { return refuse(call) }
            send(call, now: now)
        case .wait:
            // Behind a circuit nobody waits for what has just failed; it is tried again meanwhile.
            if hasCircuit, !call.waitsForReady, balancer.isDown(at: now) {
                let why = reason(balancer.firstSlot)
                return call.fail(.unavailable, why, wasProcessed: false)
            }
            wait(call)
        case .fail(let slot):
            // A call that waits needs a fresh answer, too: it may be the only one that asks.
            watch?.request()
            if call.waitsForReady || isResolving { return wait(call) }
            call.fail(.unavailable, reason(slot), wasProcessed: false)
        }
    }

    /// The balancer chooses only slots that have an endpoint.
    private func endpoint(_ slot: Int) -> ClientEndpoint {
        guard let endpoint = endpoints[slot] else {
            preconditionFailure("slot \(slot) has no endpoint")
        }
        return endpoint
    }

    private func reason(_ slot: Int?) -> String {
        if let slot { return endpoint(slot).failure(among: balancer.current.count) }
        return resolutionFailure ?? "there is no endpoint"
    }

    private func wait(_ call: ClientCall) {
        if pending.count >= maximumPending { pending.removeAll(where: \.isEnded) }
        if pending.count >= maximumPending { return refuse(call) }
        pending.append(call)
        let next = balancer.nextAttempt(after: loop.now)
        guard wake == nil, next != .distantFuture else { return }
        wake = loop.arm(self, at: next)
    }

    private func refuse(_ call: ClientCall) {
        call.fail(
            RPCError(
                .resourceExhausted, "too many calls wait for an endpoint",
                reason: "CLIENT_QUEUE_FULL"), wasProcessed: false)
    }

    func timerFired() {
        wake = nil
        changed()
    }

    /// A call's stream is over.
    func ended(_ reservation: ClientCall.Reservation, _ call: ClientCall, _ outcome: CallOutcome) {
        endedCalls &+= 1
        if endedCalls & 63 == 1, let startedAt = reservation.startedAt, outcome == .answered {
            sample(loop.now - startedAt)
        }
        // Without a choice the balancer keeps no latency: then the clock need not be read.
        let now = isChoosing ? loop.now : reservation.startedAt ?? loop.now
        let left = call.deadline.remaining(at: reservation.startedAt ?? now)
        balancer.ended(
            reservation.slot, startedAt: reservation.startedAt, outcome,
            allowed: left ?? .seconds(1), at: now)
        if balancer.wantsResolution { changed() }
    }

    private func sample(_ duration: Duration) {
        if latency?.observe(duration, at: loop.now) == nil {
            latency = PeakEWMA(duration / .seconds(1), at: loop.now)
        }
    }

    /// How long calls to the target take, there and back; nil if none has been timed yet.
    var roundTrip: Duration? { latency.map { .seconds($0.value(at: loop.now)) } }

    /// The stream that a call had reserved is not there: it waits at the endpoint.
    func returned(_ reservation: ClientCall.Reservation) {
        balancer.returned(reservation.slot, startedAt: reservation.startedAt, at: loop.now)
    }

    /// A queued call leaves its place: for a stream, or because nobody waits for it any more.
    func dequeued(_ slot: Int, _ call: ClientCall, isSent: Bool) {
        let now = loop.now
        balancer.dequeued(slot, isSent: isSent, isTimed: call.isTimed, at: now)
        if isSent {
            call.reservation = ClientCall.Reservation(
                client: self, slot: slot, startedAt: call.isTimed ? now : nil)
        }
    }

    func close() {
        isClosed = true
        loop.cancel(wake)
        wake = nil
        let open = endpoints.compactMap(\.self)
        endpoints = []
        for endpoint in open { endpoint.drain() }
        changed()
        for promise in warmUps { promise.succeed() }
        warmUps = []
    }
}
