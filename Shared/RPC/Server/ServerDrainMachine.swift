/// The orderly end of a server's process: what is done when, each step with a hard end.
///
///     0                       not ready any more; everything is still served
///     endpointDelay           no new connections; GOAWAYs on all that are open
///     ... + grace − 10 s      streams get their cancellation
///     ... + grace − 5 s       what is left gets UNAVAILABLE
///     ... + grace             sockets are closed
///
/// Of a short grace the last two times are a third and a sixth.
package struct ServerDrainMachine: Sendable {
    package enum Step: Int, Sendable, Hashable, CaseIterable {
        case stopAccepting, endStreams, cutOff, close
    }

    private var due: [Instant]
    private var next = 0
    private let lastSteps: Duration

    package init(endpointDelay: Duration, grace: Duration, at now: Instant) {
        let start = now + endpointDelay
        let end = start + grace
        lastSteps = min(.seconds(5), grace / 6)
        due = [start, end + (.zero - min(.seconds(10), grace / 3)), end + (.zero - lastSteps), end]
    }

    /// When the next step is due; nil after the last one.
    package var nextAt: Instant? { next < due.count ? due[next] : nil }

    /// The next step that is due.
    package mutating func step(at now: Instant) -> Step? {
        guard let nextAt, now >= nextAt else { return nil }
        defer { next += 1 }
        return Step(rawValue: next)
    }

    /// Somebody does not want to wait: what is left is cut off now.
    package mutating func hurry(at now: Instant) {
        for index in next..<due.count {
            let latest = index == due.count - 1 ? now + lastSteps : now
            due[index] = min(due[index], latest)
        }
    }
}
