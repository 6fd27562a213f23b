internal import RPC

/// One endpoint as one event loop sees it: its connections, and the calls that wait for a stream.
final class ClientEndpoint: LoopContext.TimerTarget {
    /// Connections that take calls, at once; a further one is opened when all streams are taken.
    private static let maximumConnections = 4
    /// How often it looks whether fewer connections would do.
    private static let surplusInterval = Duration.seconds(10)

    let endpoint: Endpoint
    private let slot: Int
    private let client: ClientLoop
    let loop: LoopContext
    /// Those that take calls.
    private var connections: [ClientConnection] = []
    /// Those whose server does not say that it takes calls. They are for want of others.
    private var unhealthy: [ClientConnection] = []
    /// Those that take no more, until their calls have ended.
    private var leaving: [ClientConnection] = []
    private var attempt: ConnectAttempt?
    private var queue: [ClientCall] = []
    private var backoff = ConnectBackoff()
    private(set) var lastError = ""
    private var isDraining = false
    /// Before it no further connection is tried beside those that work.
    private var furtherAt = Instant(nanoseconds: 0)
    /// The most streams at once since it last looked whether fewer connections would do.
    private var mostStreams = 0
    private var surplusTimer: LoopContext.Timer?
    /// It refused our content type: it gets `application/grpc+proto`.
    var refusesAssay = false
    /// Silence before a PING; grows when the peer complains.
    private(set) var keepaliveInterval: Duration?

    init(_ endpoint: Endpoint, slot: Int, in client: ClientLoop) {
        self.endpoint = endpoint
        self.slot = slot
        self.client = client
        loop = client.loop
        keepaliveInterval = client.settings.profile.keepaliveInterval
    }

    /// All connections, also those that take no more calls.
    var open: [ClientConnection] { connections + unhealthy + leaving }
    /// Those that a call can go over now.
    private var usable: [ClientConnection] { connections.isEmpty ? unhealthy : connections }

    // MARK: Calls

    /// Sends a call that has a stream reserved.
    func send(_ call: ClientCall, now: Instant) {
        var best: ClientConnection?
        for connection in usable where connection.freeStreams > 0 {
            if best.map({ connection.openStreams < $0.openStreams }) ?? true { best = connection }
        }
        if let best, best.send(call, now: now) {
            if connections.count > 1 { mostStreams = max(mostStreams, openStreams) }
            return
        }
        if best == nil && !usable.isEmpty {
            if let reservation = call.reservation.take() { client.returned(reservation) }
            return queue.append(call)
        }
        // The connection was lost under the choice: choose anew.
        call.settle(.unknown)
        client.send(call, now: now)
    }

    /// All streams are taken: the call waits for the next one, or for a further connection.
    func enqueue(_ call: ClientCall) {
        queue.append(call)
        openFurther()
    }

    private func openFurther() {
        let open = connections.count + unhealthy.count
        if open < Self.maximumConnections, loop.now >= furtherAt { connect() }
    }

    /// Removes queued calls that nobody waits for; whether there were any.
    func dropEnded() -> Bool {
        let ended = queue.filter(\.isEnded)
        queue.removeAll(where: \.isEnded)
        for call in ended { client.dequeued(slot, call, isSent: false) }
        return !ended.isEmpty
    }

    /// Sends queued calls as far as there is room.
    func sendQueued() {
        let now = loop.now
        while let call = queue.first, let free = usable.first(where: { $0.freeStreams > 0 }) {
            queue.removeFirst()
            client.dequeued(slot, call, isSent: !call.isEnded)
            if call.isEnded { continue }
            if !free.send(call, now: now) {
                call.settle(.unknown)
                client.send(call, now: now)
            }
        }
    }

    /// Queued calls choose anew: the last connection is gone.
    private func releaseQueue() {
        let calls = queue
        queue = []
        for call in calls {
            client.dequeued(slot, call, isSent: false)
            if !call.isEnded { client.send(call, now: loop.now) }
        }
    }

    // MARK: Connecting

    var connectTimeout: Duration { client.settings.policy.connectTimeout }

    /// Opens a connection, unless one is on its way.
    func connect() {
        guard attempt == nil, !isDraining else { return }
        let attempt = ConnectAttempt(owner: self)
        self.attempt = attempt
        attempt.timer = loop.arm(attempt, at: loop.now + connectTimeout)
        client.settings.dialer.dial(attempt)
    }

    /// One of the connections that race for an attempt.
    func candidate(of attempt: ConnectAttempt) -> ClientConnection {
        let connection = ClientConnection(
            profile: client.settings.profile, owner: self, loop: loop)
        attempt.candidates.append(connection)
        return connection
    }

    /// The race is decided: what happens to this connection happens to the attempt.
    func chose(_ connection: ClientConnection, _ attempt: ConnectAttempt) {
        attempt.candidates.removeAll { $0 !== connection }
        attempt.isChosen = true
        if connection.isGone {
            failed(attempt, RPCError(.unavailable, "the connection was closed"))
        }
    }

    /// The peer's SETTINGS have come: the connection takes calls.
    func ready(_ connection: ClientConnection) {
        guard let attempt, attempt.candidates.contains(where: { $0 === connection }) else {
            return connection.close()
        }
        loop.cancel(attempt.timer)
        self.attempt = nil
        backoff.succeeded()
        if let service = client.healthService {
            unhealthy.append(connection)
            connection.watchHealth(of: service)
        } else {
            admit(connection)
        }
    }

    /// Calls go over it from now on.
    private func admit(_ connection: ClientConnection) {
        connections.append(connection)
        refreshCapacity()
        client.set(slot, .ready)
        sendQueued()
        if hasQueue { openFurther() }
        watchSurplus()
    }

    /// What the server at the other end says of itself; nobody asks the one of a connection that is
    /// leaving.
    func health(of connection: ClientConnection, isServing: Bool) {
        if isServing {
            guard let index = unhealthy.firstIndex(where: { $0 === connection }) else { return }
            unhealthy.remove(at: index)
            return admit(connection)
        }
        if let index = connections.firstIndex(where: { $0 === connection }) {
            connections.remove(at: index)
            unhealthy.append(connection)
            refreshCapacity()
        }
        guard !isDraining, connections.isEmpty, !unhealthy.isEmpty else { return }
        refreshCapacity()
        client.set(slot, .unwilling)
        releaseQueue()
    }

    // MARK: More connections than are needed

    private var openStreams: Int { connections.reduce(0) { $0 + $1.openStreams } }

    private func watchSurplus() {
        guard connections.count > 1, surplusTimer == nil else { return }
        surplusTimer = loop.arm(self, at: loop.now + Self.surplusInterval)
    }

    /// Calls of a burst have opened further connections. The newest one is given back when half of
    /// the others' streams would have been enough for a while.
    func timerFired() {
        surplusTimer = nil
        let most = mostStreams
        mostStreams = openStreams
        guard connections.count > 1 else { return }
        if most * 2 <= connections.dropLast().reduce(0, { $0 + $1.streamLimit }) {
            let spare = connections.removeLast()
            leaving.append(spare)
            refreshCapacity()
            spare.close()
        }
        watchSurplus()
    }

    func jitter() -> Double { client.generator.jitter() }

    /// A connection that was not ready yet is gone.
    func failed(_ connection: ClientConnection, _ error: any Error) {
        guard let attempt, attempt.isChosen,
            attempt.candidates.contains(where: { $0 === connection })
        else { return }
        failed(attempt, error)
    }

    /// The attempt has failed, or took too long.
    func failed(_ attempt: ConnectAttempt, _ error: any Error) {
        guard self.attempt === attempt else { return }
        loop.cancel(attempt.timer)
        self.attempt = nil
        lastError = (error as? RPCError)?.message ?? "\(error)"
        let pause = backoff.failed(jitter: client.generator.jitter())
        if connections.isEmpty {
            client.set(slot, .failed(until: loop.now + pause))
            releaseQueue()
        } else {
            furtherAt = loop.now + pause
        }
    }

    /// Why calls fail here, for a person.
    func failure(among count: Int) -> String {
        let others = count > 1 ? ", \(count) endpoints" : ""
        return "connect to \(endpoint) failed: \(lastError) (\(backoff.failures) attempts\(others))"
    }

    // MARK: What connections tell

    /// The connection takes no further calls; those that it has may go on.
    func unusable(_ connection: ClientConnection) {
        if let index = connections.firstIndex(where: { $0 === connection }) {
            connections.remove(at: index)
        } else if let index = unhealthy.firstIndex(where: { $0 === connection }) {
            unhealthy.remove(at: index)
        } else {
            return
        }
        leaving.append(connection)
        lastError = "the connection was lost"
        refreshCapacity()
        if isDraining { return }
        client.refreshTarget()
        if connections.isEmpty {
            client.set(slot, unhealthy.isEmpty ? .idle : .unwilling)
            releaseQueue()
        }
    }

    func gone(_ connection: ClientConnection) {
        leaving.removeAll { $0 === connection }
    }

    /// The peer's stream limit may have changed.
    func limitChanged() {
        refreshCapacity()
        sendQueued()
    }

    var hasQueue: Bool { !queue.isEmpty }

    /// A stream has ended on a connection that is leaving.
    func streamLeft() { refreshCapacity() }

    /// Streams on connections that are leaving are counted as in flight, so they count here too.
    private func refreshCapacity() {
        if isDraining { return }
        let room = usable.reduce(0) { $0 + $1.streamLimit }
        let others = connections.isEmpty ? leaving : leaving + unhealthy
        client.set(slot, capacity: room + others.reduce(0) { $0 + $1.openStreams })
    }

    /// The peer ended a connection because of our pings: half as many from now on.
    func pingedTooOften() { keepaliveInterval = keepaliveInterval.map { $0 * 2 } }

    // MARK: Ends

    /// Closes what is open, in order, and forgets an attempt that is under way: not needed now.
    func disconnect() {
        let open = connections + unhealthy
        cancelSurplusTimer()
        for connection in open { connection.close() }
        if cancelAttempt() { client.set(slot, .idle) }
    }

    private func cancelSurplusTimer() {
        loop.cancel(surplusTimer)
        surplusTimer = nil
    }

    private func cancelAttempt() -> Bool {
        guard let cancelled = attempt else { return false }
        attempt = nil
        loop.cancel(cancelled.timer)
        cancelled.close()
        return true
    }

    /// No further calls; the connections end when their calls have.
    func drain() {
        isDraining = true
        let open = connections + unhealthy
        cancelSurplusTimer()
        for connection in open { connection.close() }
        _ = cancelAttempt()
        releaseQueue()
    }
}
