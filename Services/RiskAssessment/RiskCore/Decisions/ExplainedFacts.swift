internal import AssayMessages
internal import RuleLanguage

/// The facts of a recorded decision by name, as an explanation shows them.
struct ExplainedFacts {
    static let maximum = 512

    private(set) var messages: [AssayRiskV1.RecordedFact] = []
    /// Where a fact stands in `messages`, by its slot.
    private(set) var positions: [Int: UInt32] = [:]

    /// - Parameters:
    ///   - catalogue: of the rules of then.
    ///   - asked: slots of facts that are shown even if they were absent.
    ///   - hidden: slots of facts that are not shown.
    ///   - personal: has the values of personal facts; nil: they are not shown.
    init(
        _ recorded: AssayRiskV1.RecordedFacts?, catalogue: FactCatalogue, asked: Set<Int>,
        without hidden: Set<Int>, personal: FactSheet?
    ) {
        var bySlot: [Int: AssayRiskV1.RecordedFact] = [:]
        recorded?.visit { fact in
            guard let slot = catalogue.slot(ofKey: fact.key) else { return }
            var message = AssayRiskV1.RecordedFact(
                name: catalogue.entries[slot].name, status: fact.status.message,
                claimed: fact.isClaimed)
            switch fact.content {
            case .value(let value): message.value = value
            case .personal:
                message.personal = true
                message.value = personal?.frame.value(at: slot).flatMap(FactValueCode.message)
            case .omitted, .missing: break
            }
            bySlot[slot] = message
        }
        let slots = asked.union(bySlot.keys).subtracting(hidden).sorted().prefix(Self.maximum)
        for slot in slots {
            positions[slot] = UInt32(messages.count)
            messages.append(
                bySlot[slot]
                    ?? AssayRiskV1.RecordedFact(
                        name: catalogue.entries[slot].name, status: .absent))
        }
    }
}

extension FactStatus {
    fileprivate var message: AssayRiskV1.FactStatus {
        switch self {
        case .present: .present
        case .empty: .empty
        case .absent: .absent
        case .unavailable: .unavailable
        case .withheld: .withheld
        case .error: .error
        }
    }
}
