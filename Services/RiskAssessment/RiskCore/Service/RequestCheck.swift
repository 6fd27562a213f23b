internal import AssayMessages
internal import RPC
internal import Wire

/// What a schema cannot say of a payment: values that would only make rules blind are refused.
enum RequestCheck {
    /// Clocks of callers may be ahead by so much.
    static let clockSkew: Int64 = 10 * .secondsPerMinute
    /// Decimals of the base currency.
    static let decimals = 2

    /// - Parameters:
    ///   - baseCurrency: The currency that the rules' amounts are in.
    ///   - now: Of this service.
    /// - Throws: INVALID_ARGUMENT, which names every field that is wrong and what to send.
    static func check(
        _ payment: AssayRiskV1.Transaction, baseCurrency: String, now: Timestamp
    ) throws(RPCError) {
        var violations: [FieldViolation] = []
        let money = payment.amount
        if money.amount.coefficient < 0 {
            violations.append(
                FieldViolation(
                    field: "/transaction/amount/amount",
                    description: "is negative; send what moves as a positive amount"))
        } else if money.currency.description == baseCurrency,
            money.minorUnits(digits: decimals) == nil
        {
            violations.append(
                FieldViolation(
                    field: "/transaction/amount/amount",
                    description: "is no amount of \(baseCurrency): at most \(decimals) decimals, "
                        + "and 16 digits before them"))
        }
        let (ahead, overflow) = payment.occurredAt.seconds
            .subtractingReportingOverflow(now.seconds)
        if overflow ? payment.occurredAt.seconds > 0 : ahead > clockSkew {
            violations.append(
                FieldViolation(
                    field: "/transaction/occurred_at",
                    description: "is in the future, by more than the \(clockSkew / 60) minutes "
                        + "that clocks may differ; send the time at which the payment was made"))
        }
        if !violations.isEmpty { throw RPCError.invalid(violations) }
    }
}
