/// How an endpoint comes back that was ejected: one call probes it, then it gets a tenth of its share
/// for five seconds, half of it for as long, and then all of it.
extension LoadBalancer {
    private static let returnSteps: [(before: Duration, share: Double)] = [
        (.seconds(5), 0.1), (.seconds(10), 0.5),
    ]

    /// Sends the call where an endpoint is to be probed, if it may go there: on a ring only the calls
    /// that belong there may.
    mutating func probe(key: UInt64?, avoiding avoided: Int?) -> Pick? {
        let slot = dueProbes.first { slot in
            guard slot != avoided, !members[slot].isFull else { return false }
            return !usesKeys || key.map { ring.owner(of: $0) == slot } ?? true
        }
        guard let slot else { return nil }
        outliers.probeSent(slot)
        dueProbes.removeAll { $0 == slot }
        return .send(slot)
    }

    /// It has answered its probe. What it was ejected for is not held against it any more: its latency is
    /// the pool's, as a newcomer's.
    mutating func beginReturn(_ slot: Int, at now: Instant) {
        members[slot].returningSince = now
        if let median = medianLatency(at: now) {
            members[slot].latency = PeakEWMA(median, at: now)
        }
    }

    /// The part of its share that an endpoint has; nil if all of it.
    private mutating func returningShare(_ slot: Int, at now: Instant) -> Double? {
        guard let since = members[slot].returningSince else { return nil }
        let age = now - since
        if let step = Self.returnSteps.first(where: { age < $0.before }) { return step.share }
        members[slot].returningSince = nil
        return nil
    }

    /// Whether a call passes over an endpoint that comes back.
    mutating func isResting(_ slot: Int, at now: Instant) -> Bool {
        guard let share = returningShare(slot, at: now) else { return false }
        return generator.unit() >= share
    }

    /// The same for a ring: the same keys pass it over until its share grows.
    mutating func isResting(_ slot: Int, _ hash: UInt64, at now: Instant) -> Bool {
        guard let share = returningShare(slot, at: now) else { return false }
        // The lowest bits say nothing of the place on the ring.
        return Double(hash & 0xFFFF) >= share * 0x1_0000
    }
}
