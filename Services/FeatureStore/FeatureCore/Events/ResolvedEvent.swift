package import FeatureEngine
internal import Wire

/// An event against its type's definition: what the engine takes, what is wrong.
package struct ResolvedEvent: Sendable {
    package static let maximumProblems = 32

    /// Position of the type in the definition set.
    package let type: Int
    /// Milliseconds, brought into the engine's range.
    package let time: Int64
    /// Of the tenant that sent it: makes pseudonyms of its entities.
    let key: TenantKey
    /// Per field of the type, its value as one word; nil if the event lacks it. Of a text it is the
    /// keyed hash, and there only where a state takes it.
    package var words: [Int64?]
    /// Per field of type string.
    package var texts: [String?]
    /// Which filters of the type hold.
    package var filters: EventFilters = []
    /// What the row of an event of the log says of its entities, per touch of its type; empty for a
    /// new event.
    var recorded: [RecordedTouch] = []
    /// Amounts in other currencies than the base, as they were converted when the event came.
    package var conversions: [Conversion] = []
    package private(set) var problems: [EventProblem] = []
    /// Problems beyond those kept.
    package private(set) var furtherProblems = 0

    enum RecordedTouch: Hashable, Sendable {
        case entity(StateKey)
        case erased
        /// The event lacked it, or its type did.
        case notNamed
    }

    /// An amount of money in minor units of the base currency, and the field it comes from.
    package struct Conversion: Hashable, Sendable {
        package let field: String
        package let units: Int64
    }

    init(type: Int, time: Int64, fields: Int, key: TenantKey) {
        self.type = type
        self.key = key
        self.time = min(max(time, 0), EngineEvent.latestTime)
        words = [Int64?](repeating: nil, count: fields)
        texts = [String?](repeating: nil, count: fields)
    }

    /// What the worst problem makes of the event; nil if nothing is wrong.
    package var policy: EventProblem.Policy? { problems.map(\.policy).max() }

    /// A full list keeps its worst problems.
    mutating func report(_ problem: EventProblem) {
        guard problems.count >= Self.maximumProblems else {
            problems.append(problem)
            return
        }
        furtherProblems += 1
        if let milder = problems.lastIndex(where: { $0.policy < problem.policy }) {
            problems[milder] = problem
        }
    }

    mutating func report(
        _ rule: String, _ path: String, expected: String, found: String,
        _ policy: EventProblem.Policy
    ) {
        report(
            EventProblem(
                rule: rule, path: path, expected: expected, found: found, policy: policy))
    }

    package func double(_ field: Int) -> Double? {
        words[field].map { Double(bitPattern: UInt64(bitPattern: $0)) }
    }

    /// The value of a field of this type as a number; nil if there is none.
    func number(_ field: Int, of kind: FieldType) -> Double? {
        switch kind {
        case .double: double(field)
        case .int, .money, .bool, .timestamp, .date, .category: words[field].map(Double.init)
        case .string, .place: nil
        }
    }

    var engineEvent: EngineEvent {
        EngineEvent(type: type, time: time, values: words, filters: filters)
    }
}
