internal import AssayMessages
internal import Wire

/// The rows of a tenant in the order in which they are to be folded.
struct LogSteps {
    /// Rows read at once.
    static let batch = 256

    private let log: EventLog
    private let through: UInt64
    private let tenant: String
    /// Nil goes by sequence.
    private var times: EventTimes?
    private var last: UInt64 = 0
    /// Rows that left the log since they were sorted by time.
    private(set) var gone: UInt64 = 0
    /// The next last.
    private var rows: [AssayFeaturesV1.LogRow] = []

    /// - Parameter after: only rows above this sequence, if they go by sequence.
    init(
        _ log: EventLog, after: UInt64 = 0, through: UInt64, tenant: String, byEventTime: Bool
    ) throws {
        self.log = log
        last = after
        self.through = through
        self.tenant = tenant
        times = byEventTime ? try EventTimes(log, through: through, tenant: tenant) : nil
    }

    mutating func next() throws -> AssayFeaturesV1.LogRow? {
        while let sequence = try times?.next() {
            try Task.checkCancellation()
            if let row = try log.row(sequence) { return row }
            gone += 1
        }
        guard times == nil else { return nil }
        while rows.isEmpty {
            guard try fill() else { return nil }
        }
        return rows.popLast()
    }

    /// False at the end of the log.
    private mutating func fill() throws -> Bool {
        guard last < through else { return false }
        // Nobody may wait for it any more.
        try Task.checkCancellation()
        var seen = 0
        try log.scan(after: last) { row in
            guard row.sequence <= through else { return false }
            last = row.sequence
            seen += 1
            if row.tenant == tenant { rows.append(row) }
            return seen < Self.batch
        }
        rows.reverse()
        return seen > 0
    }
}
