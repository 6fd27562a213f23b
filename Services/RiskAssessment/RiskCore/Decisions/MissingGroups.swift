internal import AssayMessages

extension [AssayRiskV1.MissingGroup] {
    /// Adds a missing fact: to the last group, if that has its namespace and cause.
    mutating func add(_ fact: String, _ cause: AssayRiskV1.MissingCause, rules: UInt32) {
        let dot = fact.utf8.firstIndex(of: UInt8(ascii: "."))
        let namespace = fact[..<(dot ?? fact.endIndex)]
        if last.map({ $0.cause == cause && $0.namespace == namespace }) != true {
            append(AssayRiskV1.MissingGroup(namespace: String(namespace), cause: cause))
        }
        let name = dot.map { String(fact[fact.index(after: $0)...]) }
        self[count - 1].names.append(name ?? "")
        self[count - 1].rules.append(rules)
    }
}

extension AssayRiskV1.MissingGroup {
    fileprivate var facts: [AssayRiskV1.MissingFact] {
        zip(names, rules).map { name, rules in
            AssayRiskV1.MissingFact(
                fact: name.isEmpty ? namespace : namespace + "." + name, cause: cause.name,
                rules: rules)
        }
    }
}

extension AssayRiskV1.RecordedOutcome {
    /// Facts that rules asked for and nobody knew.
    var missingFacts: [AssayRiskV1.MissingFact] { missing.flatMap(\.facts) }
}

extension AssayRiskV1.MissingCause {
    /// Of a fact that is not known.
    init(_ status: FactStatus) {
        switch status {
        case .absent: self = .absent
        case .unavailable: self = .unavailable
        case .withheld: self = .withheld
        case .error: self = .error
        case .present, .empty: self = .unspecified
        }
    }

    /// The cause as replies name it.
    fileprivate var name: String {
        switch self {
        case .absent: "absent"
        case .unavailable: "unavailable"
        case .withheld: "withheld"
        case .error: "error"
        case .stale: "stale"
        case .unspecified, .unrecognized: ""
        }
    }
}
