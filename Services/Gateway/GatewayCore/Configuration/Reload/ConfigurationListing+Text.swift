internal import RPC

/// Values as people read them.
extension ConfigurationListing {
    static func list(_ values: [String]) -> String {
        values.isEmpty ? "none" : values.joined(separator: " ")
    }

    /// In the largest unit that leaves a whole number.
    static func text(_ duration: Duration) -> String {
        let (seconds, rest) = duration.components
        let microseconds = rest / 1_000_000_000_000
        if microseconds != 0 {
            return microseconds % 1000 == 0
                ? "\(seconds * 1000 + microseconds / 1000)ms"
                : "\(seconds * 1_000_000 + microseconds)us"
        }
        for (unit, size) in [("d", Int64(86_400)), ("h", 3600), ("m", 60)]
        where seconds > 0 && seconds % size == 0 {
            return "\(seconds / size)\(unit)"
        }
        return "\(seconds)s"
    }

    static func text(_ rate: RateLimit) -> String {
        "\(rate.limit) per \(text(rate.period)), burst \(rate.burst)"
    }

    /// "100 per 1m, burst 100, counts requests".
    public static func text(_ rule: GatewayConfiguration.RateRule) -> String {
        var text = "\(text(rule.rate)), counts \(rule.counts.rawValue)"
        if rule.isPerClient { text += ", per client" }
        if rule.isShadow { text += ", shadow" }
        if rule.onStoreFailure != .localShare {
            text += ", on_store_failure \(rule.onStoreFailure.rawValue)"
        }
        return text
    }

    static func text(_ subject: GatewayConfiguration.CertificateRule.Subject) -> String {
        switch subject {
        case .spiffe(let id): id
        case .dns(let name): "dns \(name)"
        case .thumbprint(let digits): "sha256 \(digits)"
        }
    }
}
