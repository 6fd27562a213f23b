internal import AssayMessages
internal import Wire

/// The places of a tenant's events in the log, ascending by event time.
///
/// Of a long log only a span of time at once is sorted in memory; the log's times are gone through
/// once for each.
struct EventTimes {
    /// Events sorted at once, unless one minute has more; of 16 bytes each.
    static let maximumSorted = 4 << 20

    private let log: EventLog
    private let through: UInt64
    private let tenant: String
    /// In minutes, the next last.
    private var spans: [Range<Int64>]
    /// The next last.
    private var sequences: [UInt64] = []

    init(
        _ log: EventLog, through: UInt64, tenant: String,
        maximumSorted: Int = EventTimes.maximumSorted
    ) throws {
        self.log = log
        self.through = through
        self.tenant = tenant
        var counts: [Int64: Int] = [:]
        try log.scanTimes(of: tenant, through: through) { time, _ in
            counts[Self.minute(of: time), default: 0] += 1
        }
        var spans: [Range<Int64>] = []
        var count = 0
        for (minute, events) in counts.sorted(by: { $0.key < $1.key }) {
            if let last = spans.last, count + events <= maximumSorted {
                spans[spans.count - 1] = last.lowerBound..<minute + 1
                count += events
            } else {
                spans.append(minute..<minute + 1)
                count = events
            }
        }
        self.spans = spans.reversed()
    }

    private static func minute(of time: Int64) -> Int64 { time / 60_000 }

    mutating func next() throws -> UInt64? {
        while sequences.isEmpty {
            guard let span = spans.popLast() else { return nil }
            sequences = try sorted(span)
        }
        return sequences.popLast()
    }

    /// The greatest first.
    private func sorted(_ span: Range<Int64>) throws -> [UInt64] {
        var times: [(time: Int64, sequence: UInt64)] = []
        try log.scanTimes(of: tenant, through: through) { time, sequence in
            if span.contains(Self.minute(of: time)) { times.append((time, sequence)) }
        }
        times.sort { $0 > $1 }
        return times.map(\.sequence)
    }
}
