internal import AssayMessages
internal import Wire

extension AssayFeaturesV1.Event {
    /// The event that a payment is to the feature store. Fields that the request does not have
    /// are left out.
    init(payment request: AssayRiskV1.AssessTransactionRequest) {
        let transaction = request.transaction
        var fields: [(String, AssayFeaturesV1.FieldValue)] = []
        func text(_ name: String, _ value: String?) {
            if let value, !value.isEmpty { fields.append((name, .text(value))) }
        }
        text("account_id", request.account?.accountID)
        fields.append(("amount", .amount(transaction.amount)))
        text("card_id", request.card?.token)
        text("channel", transaction.channel)
        text("country", transaction.country)
        text("customer_id", request.customer?.customerID)
        text("mcc", transaction.mcc)
        text("merchant_id", transaction.merchantID)
        text("payee_id", request.payee?.payeeID)
        text("terminal_id", transaction.terminalID)
        text("type", transaction.type)
        self.init(
            id: transaction.transactionID, type: "payment", time: transaction.occurredAt,
            fields: WireMap(fields))
    }
}
