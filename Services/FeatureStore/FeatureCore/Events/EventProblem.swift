/// What is wrong with an event, and what becomes of it.
struct EventProblem: Hashable, Sendable {
    enum Policy: Int, Comparable, Sendable {
        /// Applied, and named in the receipt.
        case flag
        /// Kept aside, not applied.
        case quarantine
        /// Not kept.
        case reject

        static func < (a: Policy, b: Policy) -> Bool { a.rawValue < b.rawValue }
    }

    let rule: String
    let path: String
    let text: String
    let policy: Policy
}

/// An event against its type's definition: what the engine takes, whom it touches, what is wrong.
struct ResolvedEvent {
    /// Position of the type in the definition set.
    let type: Int
    /// Milliseconds, brought into the engine's range.
    let time: Int64
    /// Per field of the type; nil if it is absent or not a whole number.
    var integers: [Int64?]
    /// Per field of type double.
    var doubles: [Double?]
    /// Per field of type string.
    var texts: [String?]
    var problems: [EventProblem] = []

    /// What the worst problem makes of the event; nil if nothing is wrong.
    var policy: EventProblem.Policy? { problems.map(\.policy).max() }
}
