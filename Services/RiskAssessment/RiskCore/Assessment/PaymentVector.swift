internal import AssayMessages
internal import RuleLanguage

/// A vector that a model of payments reads: where the facts that a caller may claim stand in it, and
/// the facts that it gives where the rules have no vector of their own.
struct PaymentVector: Sendable {
    /// Features of the vectors that ship, in their order.
    static let known: [String: [String]] = [
        "payment_fraud": [
            "amount", "card_txn_cnt_1h", "card_txn_cnt_24h", "card_amt_sum_1h",
            "card_amt_sum_24h", "card_amt_avg_24h", "card_amt_max_24h", "cust_txn_cnt_1h",
            "cust_txn_cnt_24h", "cust_amt_sum_24h", "acct_txn_cnt_1h", "acct_txn_cnt_24h",
            "acct_amt_sum_1h", "acct_amt_sum_24h", "acct_amt_avg_24h", "acct_amt_max_24h",
            "term_txn_cnt_1h", "term_txn_cnt_24h", "term_amt_avg_24h",
        ],
        "fraud_basic": [
            "amount", "account_age_days", "transactions_last_hour", "transactions_last_day",
            "credit_score", "is_vpn", "is_tor", "kyc_verified", "industry_fintech",
            "industry_lending", "industry_crypto", "industry_betting", "industry_ecommerce",
        ],
    ]

    /// Name in the vector → name in the catalogue of features or facts, where they differ.
    private static let synonyms = [
        "acct_amt_sum_1h": "acct_txn_sum_1h", "acct_amt_sum_24h": "acct_txn_sum_24h",
        "account_age_days": "acct_age_days", "transactions_last_hour": "acct_txn_cnt_1h",
        "transactions_last_day": "acct_txn_cnt_24h", "credit_score": "cust_credit_score",
        "kyc_verified": "cust_kyc_verified",
    ]

    /// Inputs of vectors that are facts of another source.
    private static let facts = ["is_vpn": "ip.is_vpn", "is_tor": "ip.is_tor"]

    private struct Binding: Sendable {
        let slot: Int
        let index: Int
        /// Nil: what the vector says of it came from the request.
        let source: FeatureExpression?
        let type: ValueType
        let isMoney: Bool
        let never: Int64?
    }

    private let bindings: [Binding]
    private let amount: (slot: Int, index: Int)?

    /// - Parameter name: of the vector; one that does not ship binds no facts, and no claim is laid
    ///   over it.
    init(_ name: String, catalogue: FactCatalogue) {
        let features = Self.known[name] ?? []
        var slots: [String: [Int]] = [:]
        for (slot, entry) in catalogue.entries.enumerated() where entry.source == .feature {
            if FeatureExpression(entry.binding)?.operation == .value {
                slots[entry.binding, default: []].append(slot)
            }
        }
        var bindings: [Binding] = []
        for (index, feature) in features.enumerated() {
            let source = FeatureExpression(Self.synonyms[feature] ?? feature)
            for slot in slots[source?.feature ?? ""] ?? [] {
                let entry = catalogue.entries[slot]
                bindings.append(
                    Binding(
                        slot: slot, index: index, source: source, type: entry.type,
                        isMoney: entry.isMoney, never: entry.whenNever))
            }
            if let slot = Self.facts[feature].flatMap(catalogue.schema.slot(of:)) {
                bindings.append(
                    Binding(
                        slot: slot, index: index, source: nil, type: .bool, isMoney: false,
                        never: nil))
            }
        }
        self.bindings = bindings
        amount = features.firstIndex(of: "amount").flatMap { index in
            catalogue.schema.slot(of: "tx.amount").map { ($0, index) }
        }
    }

    /// Slots of the facts that the vector's values are.
    var featureSlots: [Int] { bindings.filter { $0.source != nil }.map(\.slot) }

    /// Sets the facts that a vector's values are.
    func fill(_ sheet: inout FactSheet, from vector: AssayFeaturesV1.Vector) {
        for binding in bindings {
            guard let source = binding.source else { continue }
            guard binding.index < vector.values.count, binding.index < vector.status.count else {
                sheet.read(binding.slot, .missing(.error), never: nil)
                continue
            }
            let byte = FeatureStatus(vector.status[binding.index])
            let reading = source.reading(
                vector.values[binding.index], byte.status, as: binding.type,
                isMoney: binding.isMoney)
            sheet.read(
                binding.slot, reading, never: binding.never,
                status: byte.status == .empty ? .empty : .present)
            if byte.flags != 0, sheet.statuses[binding.slot].isKnown {
                sheet.mark(binding.slot, flags: byte.flags)
            }
        }
    }

    /// Takes the amount in the base currency, where the request's is in another, from the vector,
    /// for which the feature store converted it.
    func fillAmount(_ sheet: inout FactSheet, from vector: AssayFeaturesV1.Vector) {
        guard let (slot, index) = amount, sheet.statuses[slot] == .unavailable,
            index < vector.values.count, index < vector.status.count,
            vector.status[index] & 0x07 == FactStatus.present.rawValue
        else { return }
        let minor = (vector.values[index] * 100).rounded()
        guard minor.isFinite, minor.magnitude <= 0x1p53 else { return }
        sheet.read(slot, .int(Int64(minor)), never: nil)
    }

    func miss(_ sheet: inout FactSheet, _ status: FactStatus) {
        for binding in bindings where binding.source != nil {
            sheet.read(binding.slot, .missing(status), never: nil)
        }
    }

    /// Lays claims that became facts over the vector, for the model.
    func overlay(_ sheet: FactSheet, on vector: inout AssayFeaturesV1.Vector) {
        if sheet.claimed.isEmpty { return }
        for binding in bindings {
            guard sheet.claimed.contains(binding.slot), binding.index < vector.values.count,
                binding.index < vector.status.count
            else { continue }
            switch sheet.frame.value(at: binding.slot) {
            case .int(let value): vector.values[binding.index] = Double(value)
            case .bool(let value): vector.values[binding.index] = value ? 1 : 0
            default: continue
            }
            vector.status[binding.index] = FactStatus.present.rawValue
        }
    }
}
