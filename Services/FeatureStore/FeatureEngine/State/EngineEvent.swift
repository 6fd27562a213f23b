/// An event as the engine sees it: a type, a time and numbers, all already checked.
public struct EngineEvent: Hashable, Sendable {
    /// 9999-12-31T23:59:59.999Z, in milliseconds since 1970: no event is later.
    public static let latestTime: Int64 = 253_402_300_799_999

    /// Position of the event type in the definition set.
    public let type: Int
    /// Event time, milliseconds since 1970 UTC.
    public let time: Int64
    /// Per field of the type, its value as one word (``ValueKind``); nil if the event lacks it.
    public let values: [Int64?]
    /// Which of the filters of this event type hold.
    public let filters: EventFilters

    public init(type: Int, time: Int64, values: [Int64?], filters: EventFilters = []) {
        precondition((0...EngineEvent.latestTime).contains(time), "event times are checked before")
        self.type = type
        self.time = time
        self.values = values
        self.filters = filters
    }
}
