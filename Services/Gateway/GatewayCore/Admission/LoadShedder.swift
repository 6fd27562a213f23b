internal import RPC

/// Which calls are refused at which load. A value: the same loads in the same order shed the same.
///
/// What began at its threshold goes on until the load is 0.05 below it, so that a load that plays
/// around a threshold does not flap.
struct LoadShedder: Sendable, Hashable {
    static let thresholds: [(criticality: Criticality, load: Double)] = [
        (.sheddable, 0.70), (.normal, 0.85), (.critical, 0.95),
    ]
    static let hysteresis = 0.05
    /// What calls that are not critical may use of what the process may have in flight.
    static let sharedPart = 0.8

    /// How many of the thresholds are in force: 0 sheds nothing.
    private(set) var level = 0

    /// - Parameter load: 1 is all that the process can do.
    mutating func note(_ load: Double) {
        while level < Self.thresholds.count, load >= Self.thresholds[level].load { level += 1 }
        while level > 0, load < Self.thresholds[level - 1].load - Self.hysteresis { level -= 1 }
    }

    func sheds(_ criticality: Criticality) -> Bool {
        Self.thresholds.prefix(level).contains { $0.criticality == criticality }
    }
}
