/// Chooses the endpoint of each call, and says which endpoints want a connection.
///
/// Endpoints are known by slots: small numbers that name one endpoint until the last of its calls has
/// ended. Choosing a slot and reserving a stream there are one step, so no choice can be stale. Holds
/// no connection, clock or randomness of its own: its owner tells what happens, and when.
package struct LoadBalancer: Sendable {
    package enum State: Sendable, Hashable {
        case idle
        case connecting
        case ready
        /// Connected to a server that says of itself that it does not serve: there for want of others.
        case unwilling
        /// Not to be tried before this instant.
        case failed(until: Instant)
    }

    package enum Pick: Sendable, Hashable {
        /// A stream is reserved: `ended` must follow.
        case send(Int)
        /// All streams are taken: wait at this endpoint. A place there is reserved.
        case queue(Int)
        /// The same, but no place is left.
        case queueFull(Int)
        /// Nothing is ready yet: pick again when something has changed.
        case wait
        /// Nothing is to be had; the slot tells why, nil if there is no endpoint at all.
        case fail(Int?)
    }

    /// Calls that may wait for a stream, per endpoint: as many as it can have in flight, within this.
    /// A burst of calls then waits for the further connections that it needs.
    static let queueBounds = 100...1_000
    /// The time in which a newcomer's share grows to its full.
    static let newcomerTime = Duration.seconds(10)
    /// Between the starts of two attempts of `pickFirst` (RFC 8305 §5).
    static let raceDelay = Duration.milliseconds(250)

    /// Holds no reference, so that reading it costs no counting.
    struct Member: Sendable {
        var state = State.idle
        /// Streams that the peer allows, over all connections.
        var capacity = Int.max
        var inFlight = 0
        var queued = 0
        var maximumQueued: Int {
            let bounds = LoadBalancer.queueBounds
            return min(max(capacity, bounds.lowerBound), bounds.upperBound)
        }
        /// Calls in flight whose age counts, and the sum of their starts modulo 2⁶⁴: exact, since
        /// the sum of their ages fits.
        var timed: UInt64 = 0
        var starts: UInt64 = 0
        var latency: PeakEWMA?
        /// Set if it joined a pool that worked already.
        var newcomerSince: Instant?
        /// Set when it has answered the first call after an ejection.
        var returningSince: Instant?
        /// When the last attempt to connect failed, until one succeeds.
        var failedAt: Instant?
        var phase = Phase.serving

        enum Phase: Sendable {
            case serving
            /// It left the answer: no further calls.
            case draining
            /// The slot is free.
            case gone
        }

        var isFull: Bool { inFlight >= capacity }
        var isConnected: Bool { state == .ready || state == .unwilling }
        /// Whether it may become ready at any time.
        var isPromising: Bool { state == .idle || state == .connecting }
        var isSpent: Bool { phase == .draining && inFlight == 0 && queued == 0 }
    }

    let policy: LoadBalancing
    var members: [Member] = []
    private(set) var endpoints: [Endpoint] = []
    /// The slots of the endpoints that the last answer held.
    package private(set) var current: [Int] = []
    /// The slots that calls may go to: ready, and not ejected unless that left too few. Servers that say
    /// that they do not serve are tried where there is no other: one that is about to end still does.
    private(set) var active: [Int] = []
    var generator: SeededGenerator
    var ring = HashRing()
    /// `roundRobin`: where the last call went, in `active`.
    var cursor = 0
    /// `pickFirst`: the order of trying, and when the next attempt starts.
    var order: [Int] = []
    var raceAt = Instant.distantFuture
    var outliers: OutlierDetector
    /// Slots that come back from an ejection with the next call that they answer.
    var dueProbes: [Int] = []
    private var nextChange: Instant
    /// How often ejections were ignored since too few endpoints were left.
    package private(set) var panics = 0
    /// Something happened that a fresh answer of the resolver may mend.
    package var wantsResolution = false
    /// Slots that want a connection; the owner takes them.
    private var wanted: [Int] = [] { didSet { hasWanted = !wanted.isEmpty } }
    /// Stored, so that asking on each call reads a byte and copies nothing.
    package private(set) var hasWanted = false

    package init(_ policy: LoadBalancing, now: Instant, generator: SeededGenerator) {
        self.policy = policy
        self.generator = generator
        outliers = OutlierDetector(now: now)
        nextChange = outliers.nextEvaluation
    }

    /// Streams that are reserved, and calls that wait for one, at all endpoints together.
    package var reserved: Int { members.reduce(0) { $0 + $1.inFlight } }
    package var queued: Int { members.reduce(0) { $0 + $1.queued } }

    // MARK: Endpoints

    /// Takes over a set of endpoints. Who left drains: it gets no calls, its calls end in peace.
    package mutating func update(
        _ endpoints: [Endpoint], at now: Instant
    ) -> (added: [Int], removed: [Int]) {
        let wanted = Set(endpoints)
        let removed = current.filter { !wanted.contains(self.endpoints[$0]) }
        for slot in removed {
            members[slot].phase = .draining
            outliers.remove(slot)
            release(slot)
        }
        var known = Set(current.map { self.endpoints[$0] })
        var added: [Int] = []
        for endpoint in endpoints where known.insert(endpoint).inserted {
            added.append(insert(endpoint))
        }
        for slot in added { outliers.add(slot) }
        current.removeAll { removed.contains($0) }
        current += added
        arrange()
        refresh()
        return (added, removed)
    }

    private mutating func insert(_ endpoint: Endpoint) -> Int {
        if let free = members.firstIndex(where: { $0.phase == .gone }) {
            members[free] = Member()
            endpoints[free] = endpoint
            return free
        }
        members.append(Member())
        endpoints.append(endpoint)
        return members.count - 1
    }

    /// Frees the slot of an endpoint that left, once its calls are over.
    private mutating func release(_ slot: Int) {
        if members[slot].isSpent { members[slot].phase = .gone }
    }

    private mutating func arrange() {
        switch policy {
        case .ringHash:
            ring = HashRing(current.map { ($0, endpoints[$0]) })
        case .pickFirst:
            order = interleaved(current.shuffled(using: &generator))
        case .p2c, .roundRobin: break
        }
    }

    /// IPv6 and IPv4 in turn (RFC 8305 §4).
    private func interleaved(_ slots: [Int]) -> [Int] {
        let six = slots.filter { endpoints[$0].isIPv6 }
        let four = slots.filter { !six.contains($0) }
        var mixed: [Int] = []
        for index in 0..<max(six.count, four.count) {
            if index < six.count { mixed.append(six[index]) }
            if index < four.count { mixed.append(four[index]) }
        }
        return mixed
    }

    // MARK: What happens to connections

    package func state(of slot: Int) -> State { members[slot].state }
    package func endpoint(of slot: Int) -> Endpoint { endpoints[slot] }

    /// Whether a connection is on its way anywhere.
    package var isConnecting: Bool { current.contains { members[$0].state == .connecting } }
    /// Whether there is a choice at all.
    package var hasChoice: Bool { members.count > 1 }

    /// Whether calls are told apart by their routing keys.
    package var usesKeys: Bool {
        if case .ringHash = policy { true } else { false }
    }

    package mutating func set(_ slot: Int, _ state: State, at now: Instant) {
        guard members[slot].state != state else { return }
        members[slot].state = state
        switch state {
        case .ready:
            members[slot].failedAt = nil
            welcome(slot, at: now)
        case .failed:
            members[slot].failedAt = now
            wantsResolution = true
        case .unwilling: wantsResolution = true
        case .idle, .connecting: break
        }
        refresh()
    }

    /// Streams that the peer allows on all connections of a slot together.
    package mutating func set(_ slot: Int, capacity: Int) {
        members[slot].capacity = capacity
    }

    /// A newcomer has the pool's median latency, so that it is neither shunned nor flooded.
    private mutating func welcome(_ slot: Int, at now: Instant) {
        guard members[slot].latency == nil, let median = medianLatency(at: now) else { return }
        members[slot].latency = PeakEWMA(median, at: now)
        members[slot].newcomerSince = now
    }

    /// Of those that calls may go to, in seconds; nil before the first call has ended.
    func medianLatency(at now: Instant) -> Double? {
        let known = active.compactMap { members[$0].latency?.value(at: now) }.sorted()
        return known.isEmpty ? nil : known[known.count / 2]
    }

    /// Works out `active` after a change.
    mutating func refresh() {
        if policy == .pickFirst {
            for slot in current where outliers.isProbeDue(slot) { outliers.forgive(slot) }
        }
        let ready = willing
        let healthy = ready.filter { !outliers.isEjected($0) }
        if healthy.count * 2 < ready.count {
            panics += 1
            wantsResolution = true
            active = ready
        } else {
            active = healthy
        }
        dueProbes = current.filter {
            outliers.isProbeDue($0) && members[$0].state == .ready && !active.contains($0)
        }
        schedule()
    }

    /// The slots that are ready; if none is, nor may soon be, those that would rather not.
    private var willing: [Int] {
        let ready = current.filter { members[$0].state == .ready }
        if !ready.isEmpty || current.contains(where: { members[$0].isPromising }) { return ready }
        return current.filter { members[$0].state == .unwilling }
    }

    /// When a pick has to look beyond `active`.
    private mutating func schedule() {
        nextChange = outliers.nextChange
        guard keepsAllConnected else { return }
        for slot in current {
            switch members[slot].state {
            case .idle: nextChange = Instant(nanoseconds: 0)
            case .failed(let until): nextChange = min(nextChange, until)
            case .connecting, .ready, .unwilling: break
            }
        }
    }

    private var keepsAllConnected: Bool { policy == .p2c || policy == .roundRobin }

    // MARK: What a person wants to know

    /// How often endpoints were ejected, by what showed that they fail.
    package var ejections: [String: Int] {
        Dictionary(
            uniqueKeysWithValues: outliers.ejections.map { ($0.key.rawValue, $0.value) })
    }

    package func ejectedUntil(_ slot: Int) -> Instant? { outliers.ejectedUntil(slot) }
    package func inFlight(_ slot: Int) -> Int { members[slot].inFlight }
    package func queued(_ slot: Int) -> Int { members[slot].queued }
    /// Nil before the first call has ended.
    package func latency(of slot: Int, at now: Instant) -> Duration? {
        members[slot].latency.map { .seconds($0.value(at: now)) }
    }

    // MARK: Calls

    /// Chooses an endpoint for a call and reserves a stream there. Endpoints that calls do not wait
    /// for are connected beside it, where the policy uses them all.
    ///
    /// - Parameters:
    ///   - key: the hash of the call's routing key.
    ///   - avoided: a slot to leave out if there is another one.
    ///   - isTimed: whether the call's duration says something about the endpoint: not of a stream.
    package mutating func pick(
        key: UInt64? = nil, avoiding avoided: Int? = nil, isTimed: Bool = true, at now: Instant
    ) -> Pick {
        if now >= nextChange { advance(to: now) }
        let probe = dueProbes.isEmpty ? nil : probe(key: key, avoiding: avoided)
        let pick = probe ?? choose(key: key, avoiding: avoided, at: now)
        switch pick {
        case .send(let slot): start(slot, isTimed: isTimed, at: now)
        case .queue(let slot):
            if members[slot].queued >= members[slot].maximumQueued { return .queueFull(slot) }
            members[slot].queued += 1
        case .queueFull, .wait, .fail: break
        }
        return pick
    }

    private mutating func choose(
        key: UInt64?, avoiding avoided: Int?, at now: Instant
    ) -> Pick {
        switch policy {
        case .p2c: active.isEmpty ? awaken(at: now) : pickOfTwo(avoiding: avoided, at: now)
        case .roundRobin:
            active.isEmpty ? awaken(at: now) : pickNext(avoiding: avoided, at: now)
        case .pickFirst: pickFirst(at: now)
        case .ringHash(let spill):
            pickOwner(of: key ?? generator.next(), spill, avoiding: avoided, at: now)
        }
    }

    private mutating func start(_ slot: Int, isTimed: Bool, at now: Instant) {
        members[slot].inFlight += 1
        if isTimed {
            members[slot].timed += 1
            members[slot].starts &+= now.nanoseconds
        }
    }

    /// A call that was queued leaves its place, for a stream if `isSent`.
    package mutating func dequeued(
        _ slot: Int, isSent: Bool, isTimed: Bool = true, at now: Instant
    ) {
        members[slot].queued -= 1
        if isSent { start(slot, isTimed: isTimed, at: now) } else { release(slot) }
    }

    /// A reserved stream was not there after all: the call waits at the endpoint instead.
    package mutating func returned(_ slot: Int, startedAt: Instant?, at now: Instant) {
        members[slot].queued += 1
        ended(slot, startedAt: startedAt, .unknown, at: now)
    }

    /// A call has ended. `startedAt` is when its stream was reserved; nil if it was not timed.
    ///
    /// - Parameter allowed: the time that the call had; a failure counts as if it had taken that
    ///   long, at most a second.
    package mutating func ended(
        _ slot: Int, startedAt: Instant?, _ outcome: CallOutcome,
        allowed: Duration = .seconds(1), at now: Instant
    ) {
        members[slot].inFlight -= 1
        if let startedAt {
            members[slot].timed -= 1
            members[slot].starts &-= startedAt.nanoseconds
            observe(
                slot, outcome, outcome.isPenalised ? min(allowed, .seconds(1)) : now - startedAt,
                at: now)
        }
        let change = outliers.ended(slot, outcome, at: now)
        if change == .returned { beginReturn(slot, at: now) }
        if change != .none { refresh() }
        release(slot)
    }

    private mutating func observe(
        _ slot: Int, _ outcome: CallOutcome, _ sample: Duration, at now: Instant
    ) {
        if outcome == .unknown { return }
        if members[slot].latency?.observe(sample, at: now) == nil {
            members[slot].latency = PeakEWMA(sample / .seconds(1), at: now)
        }
    }

    private mutating func advance(to now: Instant) {
        if outliers.advance(to: now) { refresh() }
        if keepsAllConnected { connectAll(at: now) }
        schedule()
    }

    // MARK: Connections that are wanted

    /// The slots that want a connection now. Once taken they count as connecting.
    package mutating func takeWanted() -> [Int] {
        if wanted.isEmpty { return [] }
        defer { wanted = [] }
        return wanted
    }

    /// Asks for a connection to a slot that has none and may be tried. True if one is on its way.
    mutating func connect(_ slot: Int, at now: Instant) -> Bool {
        switch members[slot].state {
        case .ready, .connecting: return true
        case .unwilling: return false
        case .failed(let until) where until > now: return false
        case .idle, .failed:
            members[slot].state = .connecting
            wanted.append(slot)
            return true
        }
    }

    /// Asks for connections to all endpoints that may be tried, as a warm-up does.
    package mutating func connectAll(at now: Instant) {
        for slot in current { _ = connect(slot, at: now) }
    }

    /// Has every endpoint that may be tried connect; wait if that is under way anywhere.
    private mutating func awaken(at now: Instant) -> Pick {
        var isUnderWay = false
        for slot in current where connect(slot, at: now) { isUnderWay = true }
        return isUnderWay ? .wait : .fail(current.first)
    }
}
