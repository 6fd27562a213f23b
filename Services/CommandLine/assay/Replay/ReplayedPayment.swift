import AssayMessages
import Foundation
import Simulation
import Wire

/// A payment to be decided, and the truth about it.
enum ReplayedPayment: Sendable {
    case simulated(Payment, seed: UInt64)
    case recorded(RecordedPayment, run: String)

    var request: AssayRiskV1.AssessTransactionRequest {
        switch self {
        case .simulated(let payment, let seed): payment.request(seed: seed)
        case .recorded(let payment, let run): payment.request(run: run)
        }
    }

    var isFraud: Bool {
        switch self {
        case .simulated(let payment, _): payment.isFraud
        case .recorded(let payment, _): payment.isFraud
        }
    }

    /// What it is, for a person, with the truth.
    var headline: String {
        switch self {
        case .simulated(let payment, _):
            let truth = payment.isFraud ? "fraud: \(payment.pattern.rawValue)" : "honest"
            let amount = String(format: "%.2f EUR", Double(payment.cents) / 100)
            return "\(payment.kind.rawValue) of \(amount) by \(payment.channel.rawValue) (\(truth))"
        case .recorded(let payment, _):
            return "payment \(payment.id) of \(payment.amount)"
                + " (\(payment.isFraud ? "fraud" : "honest"))"
        }
    }
}

/// A payment of a file.
struct RecordedPayment: Sendable, Hashable {
    var id: String
    var time: Timestamp
    var amount: Money
    var customer: String
    /// The customer, by the order of appearance.
    var customerNumber: Int
    var terminal = ""
    var card = ""
    var account = ""
    var merchant = ""
    var mcc = ""
    var channel = ""
    var country = ""
    var isFraud = false

    /// - Parameter run: Part of every id: a file replayed twice is two worlds in one store.
    func request(run: String) -> AssayRiskV1.AssessTransactionRequest {
        func id(_ text: String) -> String { text.isEmpty ? "" : "\(text)-\(run)" }
        return AssayRiskV1.AssessTransactionRequest(
            requestID: id("pay-\(self.id)"),
            transaction: AssayRiskV1.Transaction(
                transactionID: id("tx-\(self.id)"), occurredAt: time, amount: amount,
                type: "purchase", channel: channel, country: country, mcc: mcc,
                merchantID: id(merchant), terminalID: id(terminal)),
            account: AssayRiskV1.Account(
                accountID: id(account.isEmpty ? "acct-\(customer)" : account),
                currency: "\(amount.currency)", status: "active"),
            customer: AssayRiskV1.Customer(customerID: id(customer)),
            card: card.isEmpty ? nil : AssayRiskV1.Card(token: id(card)))
    }
}
