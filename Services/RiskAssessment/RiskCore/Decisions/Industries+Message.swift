internal import AssayMessages

extension Industries {
    /// The name by which rules and thresholds know an industry.
    static func name(of industry: AssayRiskV1.Industry) -> String {
        switch industry {
        case .fintech: "fintech"
        case .lending: "lending"
        case .crypto: "crypto"
        case .betting: "betting"
        case .ecommerce: "ecommerce"
        case .marketplace: "marketplace"
        case .unspecified, .unrecognized: "default"
        }
    }
}
