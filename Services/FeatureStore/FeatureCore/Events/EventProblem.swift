internal import FeatureEngine

/// What is wrong with an event, and what becomes of it.
///
/// Neither text quotes what a caller put into a text field: problems are stored, logged and sent
/// to people who may not read the event.
package struct EventProblem: Hashable, Sendable {
    package enum Policy: Int, Comparable, Sendable {
        /// Applied, and named in the receipt.
        case flag
        /// Kept aside, not applied.
        case quarantine
        /// Not kept.
        case reject

        init(_ declared: CheckPolicy) {
            self =
                switch declared {
                case .flag: .flag
                case .quarantine: .quarantine
                case .reject: .reject
                }
        }

        package static func < (a: Policy, b: Policy) -> Bool { a.rawValue < b.rawValue }
    }

    /// The built-in rules; a check of the definitions has its own name.
    package enum Rule {
        static let check = "check"
        static let currency = "currency"
        static let field = "field"
        static let future = "future"
        static let id = "id"
        static let key = "key"
        static let length = "length"
        static let label = "enum"
        static let negative = "negative"
        static let range = "range"
        static let reference = "refers_to"
        static let required = "required"
        static let time = "time"
        static let tooLate = "too_late"
        static let type = "type"
    }

    package let rule: String
    /// JSON pointer to what is wrong, such as `/event/fields/amount`.
    package let path: String
    package let expected: String
    package let found: String
    package let policy: Policy

    package var text: String { "expected \(expected), found \(found)" }
}
