internal import AssayMessages
internal import Wire

extension FactField<AssayRiskV1.Crypto> {
    static let crypto: [FactField] = [
        .text("crypto.asset", "crypto.asset") { $0.asset },
        .whole("crypto.contract_risk", "crypto.contract_risk") { $0.contractRisk },
        .number("crypto.darknet_share", "crypto.darknet_share") { $0.darknetShare },
        .number("crypto.gas_ratio", "crypto.gas_ratio") { $0.gasRatio },
        // An analysis of the wallet that found no way to a mixer names none.
        .reading("crypto.mixer_hops", "crypto.mixer_hops") { crypto, _ in
            crypto.mixerHops.map { .int($0) } ?? (crypto.walletRisk == nil ? .absent : .never)
        },
        .text("crypto.wallet", "crypto.wallet_address") { $0.walletAddress },
        .whole("crypto.wallet_age_days", "crypto.wallet_age_days") { $0.walletAgeDays },
        .whole("crypto.wallet_risk", "crypto.wallet_risk") { $0.walletRisk },
    ]
}
