/// The exceptions that are in force; immutable, and swapped as a whole.
public struct ExceptionTable: Sendable {
    private struct Key: Hashable {
        var tenant: String
        var subject: String
    }

    public static let empty = ExceptionTable([])

    /// By rising id, so that no order of arrival reaches a decision.
    private let exceptions: [Key: [DecisionException]]

    /// Exceptions without subject concern nobody, and are left out.
    public init(_ exceptions: some Sequence<DecisionException>) {
        self.exceptions = Dictionary(grouping: exceptions.filter { !$0.subject.isEmpty }) {
            Key(tenant: $0.tenant, subject: $0.subject)
        }.mapValues { same in same.sorted { $0.id < $1.id } }
    }

    public var count: Int { exceptions.values.reduce(0) { $0 + $1.count } }

    /// What concerns an event, by the ids of its customer and its account.
    ///
    /// - Parameter second: when the event happened, in seconds since 1970.
    public func applying(
        to subjects: [String], of tenant: String, at second: Int64
    ) -> AppliedExceptions {
        var applied = AppliedExceptions()
        guard !exceptions.isEmpty else { return applied }
        for subject in subjects {
            for exception in exceptions[Key(tenant: tenant, subject: subject)] ?? []
            where exception.isValid(at: second) {
                switch exception.effect {
                case .override:
                    if applied.overrideID.isEmpty { applied.overrideID = exception.id }
                case .snooze(let rule): applied.snoozedRules.insert(rule)
                }
            }
        }
        return applied
    }
}
