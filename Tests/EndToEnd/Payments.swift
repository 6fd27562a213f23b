import Foundation

/// One payment as JSON, the same content that the Python client sends.
enum Payments {
    static var now: String { text(Date()) }

    static func text(_ date: Date) -> String {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime]
        return formatter.string(from: date)
    }

    static func json(
        _ id: String, at time: String, cents: Int = 125_075, card: String = "card-python",
        customer: String = "customer-python", vpn: Bool = false
    ) -> String {
        """
        {"requestId":"\(id)","industry":"fintech",
         "transaction":{"transactionId":"\(id)","occurredAt":"\(time)",
           "amount":{"currency":"EUR","amount":"\(cents / 100).\(String(format: "%02d", cents % 100))"},
           "type":"purchase","channel":"web","country":"DE"},
         "account":{"accountId":"account-python"},
         "customer":{"customerId":"\(customer)"},
         "network":{"isVpn":\(vpn)},
         "card":{"token":"\(card)"}}
        """
    }
}
