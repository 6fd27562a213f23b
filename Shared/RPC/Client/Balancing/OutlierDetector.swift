/// Finds the endpoints that fail more than the others and takes them out for a while (gRFC A50). One
/// that was out comes back with the first call that it answers: nobody else is sent there before.
///
/// Endpoints are known by the slots of a `LoadBalancer`.
struct OutlierDetector: Sendable {
    static let interval = Duration.seconds(10)
    static let baseEjection = Duration.seconds(30)
    static let maximumEjection = Duration.seconds(300)
    /// Transport failures in a row that eject at once.
    static let maximumBroken = 5
    static let maximumEjectedPercent = 10
    static let minimumHosts = 5
    static let successRateCalls = 100
    static let successRateDeviations = 1.9
    static let failureCalls = 50
    static let failurePercent = 85

    enum Reason: String, Sendable, Hashable {
        case broken
        case successRate = "success_rate"
        case failurePercentage = "failure_percentage"
        /// The first call after an ejection has failed, too.
        case probe
    }

    /// What a call that has ended changes.
    enum Change: Sendable, Hashable {
        case none, ejected
        /// Its probe was answered.
        case returned
        /// Its probe says nothing: another one is due.
        case probeDue
    }

    private enum Probe: Sendable {
        /// The ejection lasts.
        case early
        case due
        /// A call is on its way.
        case sent
    }

    private struct Host {
        var successes = 0
        var failures = 0
        /// Transport failures in a row.
        var broken = 0
        /// How often it was ejected lately: the factor of the next ejection's length.
        var multiplier = 0
        /// Nil while it serves; in the past while its probe is due.
        var ejectedUntil: Instant?
        var probe = Probe.early

        var calls: Int { successes + failures }
    }

    private var hosts: [Int: Host] = [:]
    private(set) var nextEvaluation: Instant
    private(set) var ejections: [Reason: Int] = [:]

    init(now: Instant) { nextEvaluation = now + Self.interval }

    mutating func add(_ slot: Int) { hosts[slot] = Host() }

    mutating func remove(_ slot: Int) { hosts[slot] = nil }

    func isEjected(_ slot: Int) -> Bool { hosts[slot]?.ejectedUntil != nil }
    func ejectedUntil(_ slot: Int) -> Instant? { hosts[slot]?.ejectedUntil }

    /// Its ejection is over; a call shall show whether it serves again.
    func isProbeDue(_ slot: Int) -> Bool { hosts[slot]?.probe == .due }

    /// A call is on its way that will show it.
    mutating func probeSent(_ slot: Int) { hosts[slot]?.probe = .sent }

    /// Serves again, without a probe.
    mutating func forgive(_ slot: Int) {
        hosts[slot]?.ejectedUntil = nil
        hosts[slot]?.probe = .early
    }

    /// When `advance` may change something.
    var nextChange: Instant {
        hosts.values.reduce(nextEvaluation) { earliest, host in
            host.probe == .early ? min(earliest, host.ejectedUntil ?? .distantFuture) : earliest
        }
    }

    /// Counts a call that ended.
    mutating func ended(_ slot: Int, _ outcome: CallOutcome, at now: Instant) -> Change {
        guard let index = hosts.index(forKey: slot) else { return .none }
        if hosts.values[index].probe != .early { return probed(slot, outcome, at: now) }
        switch outcome {
        case .unknown: return .none
        case .answered:
            hosts.values[index].successes += 1
            hosts.values[index].broken = 0
        case .failed, .overloaded:
            hosts.values[index].failures += 1
            hosts.values[index].broken = 0
        case .broken:
            hosts.values[index].failures += 1
            hosts.values[index].broken += 1
            if hosts.values[index].broken >= Self.maximumBroken {
                hosts.values[index].broken = 0
                return eject(slot, .broken, at: now) ? .ejected : .none
            }
        }
        return .none
    }

    /// The first call since the ejection was over has ended.
    private mutating func probed(
        _ slot: Int, _ outcome: CallOutcome, at now: Instant
    ) -> Change {
        switch outcome {
        case .unknown:
            hosts[slot]?.probe = .due
            return .probeDue
        case .answered:
            forgive(slot)
            return .returned
        case .failed, .overloaded, .broken:
            banish(slot, .probe, at: now)
            return .ejected
        }
    }

    /// Judges anew every 10 s, and has those probed whose ejection is over. True if something changed.
    mutating func advance(to now: Instant) -> Bool {
        var isChanged = now >= nextEvaluation && evaluate(at: now)
        for (slot, host) in hosts where host.probe == .early {
            guard let until = host.ejectedUntil, until <= now else { continue }
            hosts[slot]?.probe = .due
            isChanged = true
        }
        return isChanged
    }

    private mutating func evaluate(at now: Instant) -> Bool {
        nextEvaluation = now + Self.interval
        var isChanged = false
        for (slot, host) in hosts where host.ejectedUntil == nil && host.multiplier > 0 {
            hosts[slot]?.multiplier -= 1
        }
        for (slot, reason) in lowSuccessRates() + highFailurePercentages()
        where eject(slot, reason, at: now) {
            isChanged = true
        }
        for slot in hosts.keys {
            hosts[slot]?.successes = 0
            hosts[slot]?.failures = 0
        }
        return isChanged
    }

    private func lowSuccessRates() -> [(Int, Reason)] {
        let judged = hosts.filter { $0.value.calls >= Self.successRateCalls }
        guard judged.count >= Self.minimumHosts else { return [] }
        let rates = judged.mapValues { Double($0.successes) / Double($0.calls) }
        let mean = rates.values.reduce(0, +) / Double(rates.count)
        let squares = rates.values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let deviation = (squares / Double(rates.count)).squareRoot()
        let threshold = mean - Self.successRateDeviations * deviation
        // The worst first, since not all may be ejected.
        return rates.filter { $0.value < threshold }
            .sorted { ($0.value, $0.key) < ($1.value, $1.key) }
            .map { ($0.key, .successRate) }
    }

    private func highFailurePercentages() -> [(Int, Reason)] {
        let judged = hosts.filter { $0.value.calls >= Self.failureCalls }
        guard judged.count >= Self.minimumHosts else { return [] }
        return judged.filter { $0.value.failures * 100 > Self.failurePercent * $0.value.calls }
            .keys.sorted().map { ($0, .failurePercentage) }
    }

    private mutating func eject(_ slot: Int, _ reason: Reason, at now: Instant) -> Bool {
        guard let host = hosts[slot], host.ejectedUntil == nil else { return false }
        let ejected = hosts.values.count { $0.ejectedUntil != nil }
        let most = max(1, hosts.count * Self.maximumEjectedPercent / 100)
        guard ejected < most else { return false }
        banish(slot, reason, at: now)
        return true
    }

    private mutating func banish(_ slot: Int, _ reason: Reason, at now: Instant) {
        guard var host = hosts[slot] else { return }
        host.multiplier += 1
        host.ejectedUntil =
            now + min(Self.baseEjection * host.multiplier, Self.maximumEjection)
        host.probe = .early
        hosts[slot] = host
        ejections[reason, default: 0] += 1
    }
}
