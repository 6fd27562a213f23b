/// Which events feed a counter, a register or a list, and what is taken from them.
///
/// A thing that `(payment or credit)` feeds has two sources. The event type, the role, the fields
/// and the filters are positions; whoever makes the ``EngineEvent`` evaluates the filters.
public struct Source: Hashable, Sendable {
    /// Position of the event type in the definition set.
    public let event: Int
    /// Position of the entity among those the event type names: which role is taken.
    public let touch: Int
    /// The filter that must hold: a position in ``EngineEvent/filters``.
    public let filter: Int?
    /// Positions of the fields taken, in the order of what they feed; nil where this event type
    /// has no such field.
    public let values: [Int?]
    /// The field with the time that is counted, as in `at: payment.occurred_at`; nil takes the
    /// event's own time. A time after the event's own counts as the event's own. Of measures only.
    public let time: Int?

    public init(
        event: Int, touch: Int = 0, filter: Int? = nil, values: [Int?] = [], time: Int? = nil
    ) {
        precondition((0..<64).contains(touch))
        precondition(filter.map { (0..<EventFilters.capacity).contains($0) } ?? true)
        self.event = event
        self.touch = touch
        self.filter = filter
        self.values = values
        self.time = time
    }

    /// Whether the event comes from here: its type, its role, its filter.
    func takes(_ event: EngineEvent, touches: UInt64) -> Bool {
        guard self.event == event.type, touches >> UInt64(touch) & 1 == 1 else { return false }
        return filter.map(event.filters.contains) ?? true
    }

    func value(_ position: Int, of event: EngineEvent) -> Int64? {
        position < values.count ? values[position].flatMap { event.values[$0] } : nil
    }
}

/// Which of its filters hold for an event: the caller evaluates the `where:` of definitions once
/// for an event, whatever the number of states it touches.
public struct EventFilters: Hashable, Sendable, ExpressibleByArrayLiteral {
    public static let capacity = 256

    private var words = SIMD4<UInt64>.zero

    public init() {}

    public init(arrayLiteral filters: Int...) {
        for filter in filters { insert(filter) }
    }

    public mutating func insert(_ filter: Int) {
        words[filter >> 6] |= 1 << UInt64(filter & 63)
    }

    public mutating func remove(_ filter: Int) {
        words[filter >> 6] &= ~(1 << UInt64(filter & 63))
    }

    public func contains(_ filter: Int) -> Bool {
        words[filter >> 6] >> UInt64(filter & 63) & 1 == 1
    }
}
