/// The named time zones that expressions may use, with their offsets over time. The caller passes
/// the table in: an expression never reads the machine's own.
public struct ZoneTable: Sendable {
    /// Seconds east of UTC from one instant on.
    public struct Transition: Sendable, Hashable {
        /// Seconds since 1970.
        public var from: Int64
        public var offset: Int32

        public init(from: Int64, offset: Int32) {
            self.from = from
            self.offset = offset
        }
    }

    private var zones: [String: [Transition]] = ["UTC": [Transition(from: .min, offset: 0)]]

    /// `UTC` alone.
    public init() {}

    /// Before the first transition its offset holds, too.
    public mutating func add(_ name: String, _ transitions: [Transition]) {
        zones[name] = transitions.sorted { $0.from < $1.from }
    }

    func offset(of name: String, at instant: Instant) -> Int64? {
        offset(of: name, at: instant.seconds)
    }

    /// Seconds east of UTC; nil if there is no such zone.
    ///
    /// - Parameter second: since 1970.
    package func offset(of name: String, at second: Int64) -> Int64? {
        guard let transitions = zones[name], let first = transitions.first else { return nil }
        var (low, high) = (0, transitions.count)
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle].from <= second {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return Int64(low == 0 ? first.offset : transitions[low - 1].offset)
    }
}
