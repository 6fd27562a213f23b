/// A configuration's limits of addresses, compiled.
struct AddressLimits: Sendable {
    let calls: GenericCellRateLimiter
    /// Counts every call, not only those of public methods.
    let countsAllCalls: Bool
    let failedLogins: GenericCellRateLimiter
    let finder: OriginFinder

    init(_ configuration: GatewayConfiguration) {
        let limit = configuration.addressLimit
        calls = GenericCellRateLimiter(limit.rate)
        countsAllCalls = limit.countsAllCalls
        failedLogins = GenericCellRateLimiter(limit.failedLogins)
        finder = OriginFinder(trusted: configuration.trustedProxies)
    }
}
