extension GatewayConfiguration {
    static func limits(
        _ value: YAMLValue?
    ) throws(ConfigurationError) -> (AddressLimit, [Plan]) {
        let fields = try value?.fields(optional: ["address", "plans"]) ?? [:]
        var plans: [Plan] = []
        for (key, item) in try fields["plans"]?.entries() ?? [] {
            plans.append(try plan(item, name: try key.name()))
        }
        if !plans.contains(where: { $0.name == Plan.standard.name }) { plans.append(.standard) }
        return (try fields["address"].map(addressLimit) ?? .standard, plans)
    }

    private static func plan(_ value: YAMLValue, name: String) throws(ConfigurationError) -> Plan {
        let fields = try value.fields(
            required: ["client"], optional: ["tenant", "methods", "concurrency", "criticality"])
        var methods: [MethodRule] = []
        for (key, item) in try fields["methods"]?.entries() ?? [] {
            methods.append(MethodRule(method: try methodName(key), rule: try rule(item)))
        }
        guard methods.count <= maximumMethodRules else {
            throw (fields["methods"] ?? value).error("more than \(maximumMethodRules) methods")
        }
        return Plan(
            name: name,
            tenant: try fields["tenant"].map { (value) throws(ConfigurationError) in
                try rule(value)
            },
            client: try rule(fields["client"] ?? value, mayJoinKeys: true), methods: methods,
            concurrency: try fields["concurrency"].map(concurrency) ?? .standard,
            criticality: try criticality(fields["criticality"]))
    }

    private static let maximumMethodRules = 1024

    /// - Parameter mayJoinKeys: Whether `per` may stand here.
    static func rule(
        _ value: YAMLValue, mayJoinKeys: Bool = false
    ) throws(ConfigurationError) -> RateRule {
        let fields = try value.fields(
            required: ["limit", "period", "burst"],
            optional: ["counts", "shadow", "on_store_failure"] + (mayJoinKeys ? ["per"] : []))
        return RateRule(
            rate: try rate(value, fields), counts: try fields["counts"]?.oneOf() ?? .requests,
            isShadow: try fields["shadow"]?.boolean() ?? false,
            onStoreFailure: try fields["on_store_failure"]?.oneOf() ?? .localShare,
            isPerClient: try fields["per"]?.oneOf(["key", "client"]) == "client",
            place: value.place)
    }

    private static func rate(
        _ value: YAMLValue, _ fields: [String: YAMLValue]
    ) throws(ConfigurationError) -> RateLimit {
        let limit = try fields["limit"]?.integer(1...1_000_000_000) ?? 1
        let period = try fields["period"]?.duration() ?? .seconds(1)
        let burst = try fields["burst"]?.integer(1...1_000_000_000) ?? limit
        guard let rate = RateLimit(limit: limit, period: period, burst: burst) else {
            throw value.error(
                "a rate is at most 1,000,000 per second, over 1s to 31d in whole seconds, "
                    + "and its burst at most what 31d bring")
        }
        return rate
    }

    private static func addressLimit(
        _ value: YAMLValue
    ) throws(ConfigurationError) -> AddressLimit {
        let fields = try value.fields(
            optional: ["limit", "period", "burst", "all", "failed_logins"])
        var limit = AddressLimit.standard
        let parts = ["limit", "period", "burst"].filter { fields[$0] != nil }
        if !parts.isEmpty {
            guard parts.count == 3 else {
                throw value.error("limit, period and burst belong together")
            }
            limit.rate = try rate(value, fields)
        }
        limit.countsAllCalls = try fields["all"]?.boolean() ?? false
        if let logins = fields["failed_logins"] {
            let inner = try logins.fields(required: ["limit", "period"], optional: ["burst"])
            limit.failedLogins = try rate(logins, inner)
        }
        return limit
    }

    /// A number for each client, or numbers for client and tenant.
    private static func concurrency(
        _ value: YAMLValue
    ) throws(ConfigurationError) -> Concurrency {
        if value.isScalar {
            let client = try value.integer(1...1_000_000)
            return Concurrency(
                client: client, tenant: max(client, Concurrency.standard.tenant))
        }
        let fields = try value.fields(optional: ["client", "tenant"])
        let client =
            try fields["client"]?.integer(1...1_000_000) ?? Concurrency.standard.client
        let tenant = try fields["tenant"]?.integer(1...1_000_000)
        if let tenant, tenant < client {
            throw value.error("a tenant has at least as many calls in flight as one of its clients")
        }
        return Concurrency(
            client: client, tenant: tenant ?? max(client, Concurrency.standard.tenant))
    }

    /// "package.Service/Method".
    private static func methodName(_ value: YAMLValue) throws(ConfigurationError) -> String {
        let text = try value.string()
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ SafeText.isName(String($0)) }) else {
            throw value.error(
                "expected package.Service/Method, such as "
                    + "assay.risk.v1.RiskAssessment/AssessTransaction, found \"\(text)\"")
        }
        return text
    }
}
