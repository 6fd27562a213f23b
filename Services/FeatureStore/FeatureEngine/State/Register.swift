/// The newest values of a kind of event, or the oldest; a snapshot is one too (section 2).
public struct Register: Hashable, Sendable {
    public enum Keeps: UInt8, Hashable, Sendable {
        case newest, oldest
    }

    /// Their values are the register's, in order.
    public let sources: [Source]
    public let values: [ValueKind]
    public let keeps: Keeps
    /// Milliseconds by the state's clock; nil is for ever.
    public let remember: Int64?
    /// A snapshot: without one a value is absent, and after `maximumAge` milliseconds stale.
    public let isSnapshot: Bool
    public let maximumAge: Int64?
    /// The value that says that a bound was hit: where it is not 0, all values are incomplete.
    public let incompleteValue: Int?

    /// The oldest event can only be kept for ever.
    public init(
        sources: [Source], values: [ValueKind], keeps: Keeps = .newest, remember: Int64? = nil,
        isSnapshot: Bool = false, maximumAge: Int64? = nil, incompleteValue: Int? = nil
    ) {
        precondition(incompleteValue.map(values.indices.contains) ?? true)
        self.incompleteValue = incompleteValue
        precondition(sources.allSatisfy { $0.values.count == values.count })
        precondition(keeps == .newest || remember == nil)
        self.sources = sources
        self.values = values
        self.keeps = keeps
        self.remember = remember
        self.isSnapshot = isSnapshot
        self.maximumAge = maximumAge
    }
}

/// All registers of a state: row r is register r, and empty while its sequence is 0.
struct Registers: Hashable, Sendable {
    private(set) var rows: ColumnTable

    init(_ layouts: [ValueLayout]) {
        rows = ColumnTable(width: layouts.map(\.width).max() ?? 1, rows: layouts.count)
    }

    func isEmpty(_ index: Int, _ layout: ValueLayout) -> Bool { rows[index, layout.sequence] == 0 }

    mutating func set(_ event: EngineEvent, sequence: UInt64, _ feed: EventProgram.Feed) {
        let (index, layout) = (feed.target, feed.layout)
        if !isEmpty(index, layout) {
            let isNewer = rows.isNewer(index, layout, time: event.time, sequence: sequence)
            guard isNewer == feed.keepsOldest else { return }
        }
        rows.set(index, layout, event, sequence: sequence, feed.source, first: 0)
    }

    mutating func drop(_ index: Int, _ layout: ValueLayout, before oldest: Int64) {
        guard !isEmpty(index, layout), rows[index, layout.time] < oldest else { return }
        for column in 0..<rows.width { rows[index, column] = 0 }
    }

    // MARK: Codec

    func encode(to writer: inout BlobWriter, _ group: Group, clock: Int64, highest: UInt64) {
        let layouts = group.registerLayouts
        guard layouts.indices.contains(where: { !isEmpty($0, layouts[$0]) }) else { return }
        for (index, layout) in layouts.enumerated() {
            guard !isEmpty(index, layout) else {
                writer.byte(0)
                continue
            }
            writer.byte(1)
            writer.varint(clock - rows[index, layout.time])
            writer.varint(highest - UInt64(rows[index, layout.sequence]))
            rows.encodeValues(index, layout, to: &writer)
        }
    }

    mutating func decode(
        _ reader: inout BlobReader, _ group: Group, clock: Int64, highest: UInt64
    ) throws(BlobError) {
        var isEmpty = true
        try rows.withMutableCells { cells throws(BlobError) in
            for index in group.registerLayouts.indices {
                let isThere = try reader.byte()
                guard isThere < 2 else { throw reader.failure(.outOfRange) }
                guard isThere == 1 else { continue }
                isEmpty = false
                let layout = group.registerLayouts[index]
                let oldest = group.registerRetentions[index].oldest(at: clock)
                cells[index, layout.time] = try reader.time(before: clock, from: oldest)
                cells[index, layout.sequence] = try reader.sequence(to: highest)
                try cells.decodeValues(index, layout, &reader)
            }
        }
        guard !isEmpty else { throw reader.failure(.notCanonical) }
    }
}
