public import AssayMessages

/// Analyses devices of tenants' events as a service with these keys and rules does.
public struct DeviceAnalyzer: Sendable {
    private let keys: TenantKeys
    private let rules: RuleSet

    /// - Parameter rules: have the list of devices with confirmed fraud, and the time zones.
    public init(keys: TenantKeys, rules: RuleSet) {
        self.keys = keys
        self.rules = rules
    }

    /// - Parameter second: when the event happened, in seconds since 1970.
    public func findings(
        on device: AssayRiskV1.Device, of tenant: String, at second: Int64
    ) -> DeviceFindings {
        DeviceAnalysis(device).findings(
            at: second, key: DeviceKey(keys, tenant: tenant), knowledge: rules.devices)
    }
}
