internal import RuleLanguage

/// What drove the model's probability up, in words that callers know (design: risk, section 9).
struct ModelRiskFactors {
    static let maximum = 3
    static let newAccountDays: Int64 = 30
    static let highVelocity: Int64 = 5

    let rules: RuleSet
    let sheet: FactSheet

    /// At most three, the strongest first.
    func factors(_ explanation: ModelExplanation?, by choice: Policy.RiskFactors) -> [String] {
        switch choice {
        case .attribution: byAttribution(explanation)
        case .thresholds: byThresholds()
        }
    }

    /// Inputs that raised the probability: by their code if what the code says is so, else by
    /// their name.
    private func byAttribution(_ explanation: ModelExplanation?) -> [String] {
        let raising = (explanation?.attributions ?? []).filter { $0.value > 0 }.sorted { a, b in
            a.value != b.value ? a.value > b.value : a.field < b.field
        }
        var factors: [String] = []
        for attribution in raising where factors.count < Self.maximum {
            let factor = code(of: attribution.field) ?? attribution.field
            if !factors.contains(factor) { factors.append(factor) }
        }
        return factors
    }

    private func byThresholds() -> [String] {
        var factors: [String] = []
        if isHighAmount { factors.append("high_amount") }
        if isNewAccount { factors.append("new_account") }
        if isTrue("ip.is_vpn") { factors.append("vpn_usage") }
        if isHighVelocity { factors.append("high_velocity") }
        return Array(factors.prefix(Self.maximum))
    }

    /// The code of a model's input; nil if it has none, or the code would not be true.
    private func code(of input: String) -> String? {
        switch input {
        case "amount": isHighAmount ? "high_amount" : nil
        case "account_age_days", "acct_age_days": isNewAccount ? "new_account" : nil
        case "is_vpn": isTrue("ip.is_vpn") ? "vpn_usage" : nil
        case "is_tor": isTrue("ip.is_tor") ? "tor_usage" : nil
        case "transactions_last_hour", "acct_txn_cnt_1h": isHighVelocity ? "high_velocity" : nil
        case "device_age_days", "cust_days_since_first_seen_device":
            (int("dev.age_days") ?? 1) < 1 ? "new_device" : nil
        case "credit_score": "low_credit_score"
        case "kyc_verified": isTrue("kyc.verified") ? nil : "kyc_unverified"
        default: nil
        }
    }

    // MARK: Facts

    private var isHighAmount: Bool {
        guard let amount = int("tx.amount"),
            case .int(let limit)? = rules.parameters["high_amount"]?.value
        else { return false }
        return amount > limit
    }

    private var isNewAccount: Bool {
        int("acct.age_days").map { $0 < Self.newAccountDays } ?? false
    }

    private var isHighVelocity: Bool {
        int("vel.acct_cnt_1h").map { $0 > Self.highVelocity } ?? false
    }

    private func int(_ fact: String) -> Int64? {
        guard let slot = sheet.catalogue.schema.slot(of: fact),
            case .int(let value)? = sheet.frame.value(at: slot)
        else { return nil }
        return value
    }

    private func isTrue(_ fact: String) -> Bool {
        guard let slot = sheet.catalogue.schema.slot(of: fact) else { return false }
        return sheet.frame.value(at: slot) == .bool(true)
    }
}
