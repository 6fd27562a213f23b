/// Finds the endpoints that fail more than the others and takes them out for a while (gRFC A50).
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
    }

    private struct Host {
        var successes = 0
        var failures = 0
        /// Transport failures in a row.
        var broken = 0
        /// How often it was ejected lately: the factor of the next ejection's length.
        var multiplier = 0
        var ejectedUntil: Instant?

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

    /// When `advance` may change something.
    var nextChange: Instant {
        hosts.values.reduce(nextEvaluation) { min($0, $1.ejectedUntil ?? .distantFuture) }
    }

    /// Counts a call that ended. True if that ejected its endpoint.
    mutating func ended(_ slot: Int, _ outcome: CallOutcome, at now: Instant) -> Bool {
        guard let index = hosts.index(forKey: slot) else { return false }
        switch outcome {
        case .unknown: return false
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
                return eject(slot, .broken, at: now)
            }
        }
        return false
    }

    /// Judges anew every 10 s, and ends ejections whose time is over. True if something changed.
    mutating func advance(to now: Instant) -> Bool {
        var isChanged = now >= nextEvaluation && evaluate(at: now)
        for (slot, host) in hosts {
            guard let until = host.ejectedUntil, until <= now else { continue }
            hosts[slot]?.ejectedUntil = nil
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
        hosts[slot]?.multiplier += 1
        let length = min(Self.baseEjection * (host.multiplier + 1), Self.maximumEjection)
        hosts[slot]?.ejectedUntil = now + length
        ejections[reason, default: 0] += 1
        return true
    }
}
