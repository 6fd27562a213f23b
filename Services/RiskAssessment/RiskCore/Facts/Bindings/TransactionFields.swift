internal import AssayMessages
internal import Wire

extension FactField<AssayRiskV1.Transaction> {
    static let transaction: [FactField] = [
        .money("tx.amount", "transaction.amount") { $0.amount },
        .text("tx.currency", "transaction.amount") { $0.amount.currency.description },
        .text("tx.channel", "transaction.channel") { $0.channel },
        .text("tx.type", "transaction.type") { $0.type },
        .text("tx.mcc", "transaction.mcc") { $0.mcc },
        .text("tx.purpose", "transaction.purpose") { $0.purpose },
        .text("tx.cop", "transaction.confirmation_of_payee") {
            $0.confirmationOfPayee == "none" ? "no_match" : $0.confirmationOfPayee
        },
        .country("tx.country", "transaction.country") { $0.country },
        .country("tx.origin_country", "transaction.origin_country") { $0.originCountry },
        .whole("tx.payee_changed_hours", "transaction.payee_changed_hours") {
            $0.payeeChangedHours
        },
        .reading("tx.hour_local", "transaction.occurred_at") { _, context in
            let day = Int64.secondsPerDay
            let second = (context.localSeconds % day + day) % day
            return .int(second / .secondsPerHour)
        },
    ]
}

extension FactField<AssayRiskV1.Payee> {
    static let payee: [FactField] = [.text("tx.payee_id", "payee.payee_id") { $0.payeeID }]
}
