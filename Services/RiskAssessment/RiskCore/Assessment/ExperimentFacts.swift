internal import AssayMessages
internal import Wire

/// What the model service is told of a call besides the model's inputs, so that experiments can
/// divide calls among versions: whom it concerns, and what targeting may ask for.
struct ExperimentFacts {
    /// Ids by kind: personal, and never kept by the model service.
    private(set) var subjects: WireMap<String, String> = [:]
    private(set) var attributes: WireMap<String, AssayModelsV1.AttributeValue> = [:]

    init(_ request: AssayRiskV1.AssessTransactionRequest, industry: String) {
        let transaction = request.transaction
        subject("request", request.requestID)
        subject("customer", request.customer?.customerID)
        subject("account", request.account?.accountID)
        subject("card", request.card?.token)
        subject("device", request.device?.installID)
        text("kind", "transaction")
        text("industry", industry)
        text("channel", transaction.channel)
        text("type", transaction.type)
        text("country", transaction.country)
        text("origin_country", transaction.originCountry)
        text("mcc", transaction.mcc)
        amount(transaction.amount)
        text("card.country", request.card?.country)
        text("card.funding", request.card?.funding)
        text("network.country", request.network?.country)
        text("customer.country", request.customer?.country)
    }

    init(_ request: AssayRiskV1.AssessCreditRequest) {
        subject("request", request.requestID)
        subject("customer", request.customer.customerID)
        text("kind", "credit")
        amount(request.amount)
        attributes["term_months"] = .integer(Int64(request.termMonths))
        text("loan.purpose", request.loan?.purpose)
        text("customer.country", request.customer.country)
    }

    private mutating func subject(_ kind: String, _ id: String?) {
        if let id, !id.isEmpty { subjects[kind] = id }
    }

    /// An empty text of a request is one that was not sent.
    private mutating func text(_ name: String, _ value: String?) {
        if let value, !value.isEmpty { attributes[name] = .text(value) }
    }

    private mutating func amount(_ money: Money) {
        text("amount.currency", "\(money.currency)")
        let value = money.amount.doubleValue
        if value.isFinite { attributes["amount.value"] = .number(value) }
    }
}
