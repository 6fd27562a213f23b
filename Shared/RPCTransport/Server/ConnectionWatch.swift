internal import RPC

/// Watches the life of a server's connection with one timer: is its peer there, is it too old or
/// unused, and is its end on schedule?
final class ConnectionWatch: LoopContext.TimerTarget {
    private let connection: ServerConnection
    private var keepalive: ServerKeepaliveMachine?
    private let grace: Duration
    private(set) var drain = DrainMachine()
    private var timer: LoopContext.Timer?
    private var timerAt = Instant.distantFuture
    private var isOver = false

    /// - Parameter jitter: 0.9 to 1.1, which the age is multiplied with.
    init(
        _ connection: ServerConnection, policy: ConnectionLifePolicy?, jitter: Double
    ) {
        self.connection = connection
        grace = policy?.grace ?? .zero
        keepalive = policy.map {
            ServerKeepaliveMachine($0, jitter: jitter, at: connection.loop.now)
        }
        arm()
    }

    private var activity: ServerKeepaliveMachine.Activity {
        .init(
            lastReceived: connection.now, lastCall: connection.lastCall,
            openStreams: connection.session?.openStreams ?? 0)
    }

    /// One timer for everything; it is moved only if it would come too late.
    private func arm() {
        let life = drain.phase == .serving ? keepalive?.nextAt(activity) : nil
        let next = min(drain.nextAt, life ?? .distantFuture)
        guard !isOver, next < timerAt else { return }
        connection.loop.cancel(timer)
        timerAt = next
        timer = connection.loop.arm(self, at: next)
    }

    func timerFired() {
        timer = nil
        timerAt = .distantFuture
        if drain.phase == .serving { checkLife() } else { checkDrain() }
        arm()
    }

    private func checkLife() {
        switch keepalive?.check(activity, at: connection.loop.now) ?? .none {
        case .none: break
        case .ping: connection.ping()
        case .dead: connection.peerIsGone()
        case .end(let reason): connection.beginDrain(reason, grace: grace)
        }
    }

    private func checkDrain() {
        switch drain.check(at: connection.loop.now) {
        case .none: break
        case .finish: connection.finishNotice()
        case .cutOff: connection.endNow()
        }
    }

    /// Begins the orderly end; false if that was done before.
    func begin(_ reason: String, grace: Duration?) -> Bool {
        let isFirst = drain.begin(reason, grace: grace, at: connection.loop.now)
        arm()
        return isFirst
    }

    /// Whether the peer's answer to the PING makes the second GOAWAY due.
    func acknowledged() -> Bool {
        let isDue = drain.acknowledged()
        arm()
        return isDue
    }

    /// False if the peer sends too many PINGs.
    func receivedPing(isAnswer: Bool) -> Bool {
        keepalive?.receivedPing(at: connection.now, isAnswer: isAnswer) ?? true
    }

    func stop() {
        isOver = true
        connection.loop.cancel(timer)
        timer = nil
    }
}
