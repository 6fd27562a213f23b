internal import AssayMessages
internal import RuleLanguage

/// The vector `payment_fraud@1`: the order of its values, and the facts that they are.
struct PaymentVector: Sendable {
    static let features = [
        "amount", "card_txn_cnt_1h", "card_txn_cnt_24h", "card_amt_sum_1h", "card_amt_sum_24h",
        "card_amt_avg_24h", "card_amt_max_24h", "cust_txn_cnt_1h", "cust_txn_cnt_24h",
        "cust_amt_sum_24h", "acct_txn_cnt_1h", "acct_txn_cnt_24h", "acct_amt_sum_1h",
        "acct_amt_sum_24h", "acct_amt_avg_24h", "acct_amt_max_24h", "term_txn_cnt_1h",
        "term_txn_cnt_24h", "term_amt_avg_24h",
    ]

    /// Fact → feature, where the catalogue's name for the feature is another.
    private static let synonyms = [
        "acct_txn_sum_1h": "acct_amt_sum_1h", "acct_txn_sum_24h": "acct_amt_sum_24h",
    ]

    /// Fact name and position of its feature in the vector.
    private let bindings: [(fact: String, type: ValueType, index: Int)]

    init(catalogue: FactCatalogue) {
        bindings = catalogue.entries.compactMap { entry in
            guard entry.source == .feature else { return nil }
            let feature = Self.synonyms[entry.binding] ?? entry.binding
            return Self.features.firstIndex(of: feature).map { (entry.name, entry.type, $0) }
        }
    }

    /// Names of the bound facts.
    var facts: [String] { bindings.map(\.fact) }

    /// Sets the facts that a vector's values are.
    func fill(_ sheet: inout FactSheet, from vector: AssayFeaturesV1.Vector) {
        for (fact, type, index) in bindings {
            let (status, value) = Self.value(index, of: vector)
            guard status.isKnown else {
                sheet.miss(fact, status)
                continue
            }
            switch (type, Self.exactInt(value)) {
            case (.int, let int?): sheet.set(fact, to: .int(int), status: status)
            case (.double, _): sheet.set(fact, to: .double(value), status: status)
            default: sheet.miss(fact, .error)
            }
        }
    }

    func miss(_ sheet: inout FactSheet, _ status: FactStatus) {
        for binding in bindings { sheet.miss(binding.fact, status) }
    }

    /// Lays claims that became facts over the vector, for the model.
    func overlay(_ sheet: FactSheet, on vector: inout AssayFeaturesV1.Vector) {
        for (fact, _, index) in bindings {
            guard let slot = sheet.catalogue.schema.slot(of: fact), sheet.claimed.contains(slot),
                index < vector.values.count, index < vector.status.count,
                case .int(let value)? = sheet.frame.value(at: slot)
            else { continue }
            vector.values[index] = Double(value)
            vector.status[index] = FactStatus.present.rawValue
        }
    }

    /// Low bits of the status byte say what it is, the high ones how fresh.
    private static func value(
        _ index: Int, of vector: AssayFeaturesV1.Vector
    ) -> (FactStatus, Double) {
        guard index < vector.values.count, index < vector.status.count,
            let status = FactStatus(rawValue: vector.status[index] & 0x07)
        else { return (.error, .nan) }
        let value = vector.values[index]
        if status.isKnown, !value.isFinite { return (value.isNaN ? .absent : .error, value) }
        return (status, value)
    }

    /// A whole number that a double holds exactly; nil for all others.
    private static func exactInt(_ value: Double) -> Int64? {
        value.magnitude <= 0x1p53 && value.rounded() == value ? Int64(value) : nil
    }
}
