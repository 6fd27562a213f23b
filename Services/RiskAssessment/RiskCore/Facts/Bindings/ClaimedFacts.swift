internal import AssayMessages
internal import Wire

/// What the caller says of facts that were not observed, bound to their slots.
struct ClaimedFacts: Sendable {
    /// A claimed fact, the entity whose history would tell it, and the claim.
    struct Binding: Sendable {
        let fact: String
        /// Empty: the fact is no entity's.
        let entity: String
        let read: @Sendable (AssayRiskV1.Claimed) -> FactReading
    }

    static let bindings = [
        Binding(fact: "acct.age_days", entity: "account") { .int($0.accountAgeDays) },
        Binding(fact: "vel.acct_cnt_1h", entity: "account") { .int($0.transactionsLastHour) },
        Binding(fact: "vel.acct_cnt_24h", entity: "account") { .int($0.transactionsLastDay) },
        Binding(fact: "loan.credit_score", entity: "customer") { .int($0.creditScore) },
        Binding(fact: "kyc.verified", entity: "customer") { .bool($0.kycVerified) },
        Binding(fact: "ip.is_vpn", entity: "") { .bool($0.isVpn) },
        Binding(fact: "ip.is_tor", entity: "") { .bool($0.isTor) },
    ]

    private let bindings: [(slot: Int, binding: Binding)]

    init(_ catalogue: FactCatalogue) {
        bindings = Self.bindings.compactMap { binding in
            catalogue.schema.slot(of: binding.fact).map { ($0, binding) }
        }
    }

    /// Takes claims where nothing was observed. `empty` of an entity that the store has never seen
    /// is no observation.
    func fill(
        _ sheet: inout FactSheet, from claimed: AssayRiskV1.Claimed,
        entities: [AssayFeaturesV1.EntityRead]
    ) {
        for (slot, binding) in bindings {
            let isSeen = entities.contains { $0.entity == binding.entity && $0.version > 0 }
            sheet.claim(slot, binding.read(claimed), ofSeenEntity: isSeen)
        }
    }
}
