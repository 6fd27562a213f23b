/// Decides for one event loop which calls run, which wait, and which are refused because there are
/// too many.
///
/// The owner asks `begin` before a handler starts and tells `end` when it has ended, also when nobody
/// waits for its reply any more. As long as there is room both cost a comparison.
package struct OverloadMachine<Call> {
    /// A call that is not served, and how long its caller should stay away.
    package struct Shed {
        package let call: Call
        package let pushback: Duration
    }

    package let policy: OverloadPolicy
    private var gradient: GradientLimit
    private var waiting = WaitingCalls<Call>()
    private var generator: SeededGenerator
    /// Handlers that run, also those whose callers have gone.
    package private(set) var running = 0
    /// Handlers of streams that run.
    package private(set) var streams = 0
    /// Runs until the next one that is measured, while there is more room than is used.
    private var unmeasured = 0
    private static var stride: Int { 16 }

    package private(set) var limit: Int
    /// What calls that are not critical may use of it.
    private var shared: Int

    package init(_ policy: OverloadPolicy, seed: UInt64) {
        self.policy = policy
        generator = SeededGenerator(seed: seed)
        gradient = GradientLimit(
            minimum: policy.minimumHandlers, maximum: policy.maximumHandlers)
        limit = policy.maximumHandlers
        shared = Self.shared(of: limit, policy)
    }

    private static func shared(of limit: Int, _ policy: OverloadPolicy) -> Int {
        // A part is kept for critical calls even of a small limit, but never all.
        let kept = (limit * policy.criticalPercent + 99) / 100
        return max(1, limit - kept)
    }

    package var waitingCount: Int { waiting.count }

    // MARK: Beginning

    /// Whether a call may run now; if so it does, and `end` must follow.
    @inline(__always)
    package mutating func begin(_ criticality: Criticality) -> Bool {
        guard running < (criticality == .critical ? limit : shared), waiting.isEmpty else {
            return beginBesideWaiting(criticality)
        }
        running += 1
        return true
    }

    /// With calls waiting only those go past that are more important than all of them.
    private mutating func beginBesideWaiting(_ criticality: Criticality) -> Bool {
        guard criticality == .critical, running < limit, waiting.count(of: .critical) == 0 else {
            return false
        }
        running += 1
        return true
    }

    /// Whether this run is to be measured: each one under load, one of sixteen otherwise.
    @inline(__always)
    package mutating func isMeasured() -> Bool {
        guard policy.isAdaptive else { return false }
        unmeasured -= 1
        if unmeasured > 0 && running * 2 < limit { return false }
        unmeasured = Self.stride
        gradient.used(running)
        return true
    }

    /// Has a call wait that `begin` refused. With it come those that are given up for it; it may be
    /// one of them, and then it has no ticket.
    package mutating func wait(
        _ call: Call, _ criticality: Criticality, at now: Instant
    ) -> (ticket: WaitingCalls<Call>.Ticket?, shed: [Shed]) {
        var shed: [Shed] = []
        let stale = now + (.zero - policy.maximumWait)
        while let entry = waiting.removeStale(criticality, before: stale) {
            shed.append(refused(entry.call, waited: now - entry.since))
        }
        // While there are places, calls wait for the processor alone, and time is their only bound.
        if waiting.count >= limit, running >= shared {
            let delay = waiting.oldest.map { now - $0 } ?? .zero
            guard let entry = waiting.displace(for: criticality) else {
                shed.append(refused(call, waited: delay))
                return (nil, shed)
            }
            shed.append(refused(entry.call, waited: now - entry.since))
        }
        return (waiting.append(call, criticality, at: now), shed)
    }

    private mutating func refused(_ call: Call, waited: Duration) -> Shed {
        // Twice the time in the queue, at least so long that a retry does not meet the same queue.
        let pushback = max(waited * 2, .milliseconds(10))
        return Shed(call: call, pushback: pushback * generator.jitter())
    }

    /// Takes out a call whose caller has gone.
    package mutating func leave(_ ticket: WaitingCalls<Call>.Ticket) -> Bool {
        waiting.remove(ticket) != nil
    }

    // MARK: Ends

    @inline(__always)
    package mutating func end() { running -= 1 }

    /// The time of a run that `isMeasured` chose.
    package mutating func measured(_ took: Duration, at now: Instant) {
        gradient.finished(took: took, at: now)
        guard gradient.limit != limit else { return }
        limit = gradient.limit
        shared = Self.shared(of: limit, policy)
    }

    /// The call whose turn it is, if one waits and there is room: it runs, and `end` must follow.
    package mutating func next() -> Call? {
        guard !waiting.isEmpty, running < limit,
            let entry = waiting.next(onlyCritical: running >= shared)
        else { return nil }
        running += 1
        return entry.call
    }

    // MARK: Streams

    /// Whether one more stream may be handled; if so `endStream` must follow.
    package mutating func beginStream() -> Bool {
        if streams >= policy.maximumStreams { return false }
        streams += 1
        return true
    }

    package mutating func endStream() { streams -= 1 }
}
