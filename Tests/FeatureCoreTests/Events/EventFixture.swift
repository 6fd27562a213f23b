import AssayMessages
import FeatureEngine
import Wire

@testable import FeatureCore

/// Definitions with every kind of field, and events that fit them.
enum EventFixture {
    static let definitions: DefinitionSet = {
        do {
            return try DefinitionSources(["cards.yaml": text]).compile()
        } catch {
            fatalError("\(error)")
        }
    }()

    static let text = """
        format: assay.features/1
        package: payments
        owner: fraud-platform
        description: Payments of cards, and what becomes known of them.
        sensitivity: low
        purposes: [fraud]
        base_currency: EUR
        rates: {USD: 0.9215, JPY: 0.006123, KWD: 3.0125}
        lists: {currencies: [EUR, USD, JPY]}
        enums: {channel: [other, chip, web], outcome: [other, approved, declined]}
        entities:
          card: {short: card, key: card_id, subject: customer, personal: account}
          customer: {short: cust, key: customer_id, subject: self, personal: person}
          account: {short: acct, key: account_id, subject: customer, personal: account}
          terminal: {short: term, key: terminal_id}
          customer_mcc: {short: cust_mcc, key: [customer_id, mcc], subject: customer}
        events:
          payment:
            id: payment_id
            time: occurred_at
            max_late: 7d
            entities:
              card: card_id
              customer: customer_id
              terminal: terminal_id
              customer_mcc: [customer_id, mcc]
              account: {origin: account_id, destination: payee_account_id}
            fields:
              amount: {type: money, range: [0, 100000000000]}
              fee: money
              merchant_id: {type: string, required: true}
              mcc: {type: string, max: 4}
              channel: channel
              location: {type: place, personal: contact}
              attempts: {type: int, range: [1, 10]}
              score: double
              card_present: bool
              expires_at: timestamp
              born: {type: date, personal: person}
            checks:
              - {name: currency_known, require: 'amount_currency in L.currencies', policy: quarantine}
              - {name: few_attempts, require: 'attempts < 8', policy: flag}
          payment_outcome:
            id: outcome_id
            time: decided_at
            max_late: 30d
            refers_to: {payment: payment_id}
            fields: {outcome: outcome}
        aggregates:
          card:
            txn_cnt: {from: payment, count: true, windows: [1h, 24h]}
            declined_cnt: {from: payment_outcome, count: true, where: 'outcome == "declined"', windows: [24h]}
            amt_sum: {from: payment, sum: amount, windows: [24h]}
          terminal:
            declined_sum: {from: payment_outcome, sum: payment.amount, at: payment.occurred_at, windows: [24h]}
        attributes:
          customer: {merch: {from: payment, value: merchant_id, windows: [24h], remember: 400d, exact: 128, sketch: 1024}}
        vectors:
          card_small@1: {purpose: fraud, features: [card_txn_cnt_1h, card_amt_sum_24h, term_declined_sum_24h, cust_distinct_merch_24h]}
        """

    static let now: Int64 = 1_760_000_000_000

    static func time(_ milliseconds: Int64) -> Timestamp {
        let seconds = (milliseconds - (milliseconds < 0 ? 999 : 0)) / 1_000
        return Timestamp(
            seconds: seconds, nanoseconds: Int(milliseconds - seconds * 1_000) * 1_000_000)
            ?? .blank()
    }

    static func money(_ text: String, _ currency: CurrencyCode) -> AssayFeaturesV1.FieldValue {
        let parts = text.split(separator: ".")
        return .amount(
            Money(
                currency: currency, coefficient: Int64(parts.joined()) ?? 0,
                scale: parts.count > 1 ? parts[1].count : 0) ?? .blank())
    }

    /// A payment that nothing is wrong with.
    static var fields: [String: AssayFeaturesV1.FieldValue] {
        [
            "card_id": .text("card-1"), "customer_id": .text("customer-1"),
            "terminal_id": .text("terminal-1"), "account_id": .text("account-1"),
            "payee_account_id": .text("account-2"), "amount": money("49.95", "EUR"),
            "fee": money("1.00", "USD"), "merchant_id": .text("shop"), "mcc": .text("5411"),
            "channel": .text("chip"),
            "location": .place(
                AssayTypesV1.Place(latitude: 48.1374, longitude: 11.5755, country: "DE")),
            "attempts": .integer(1), "score": .number(0.25), "card_present": .flag(true),
            "expires_at": .time(time(now + 86_400_000)),
            "born": .day(CalendarDate(year: 1980, month: 2, day: 29) ?? .blank()),
        ]
    }

    static func payment(
        _ id: String = "p1", at time: Int64 = now,
        _ fields: [String: AssayFeaturesV1.FieldValue] = fields
    ) -> AssayFeaturesV1.Event {
        AssayFeaturesV1.Event(
            id: id, type: "payment", time: Self.time(time),
            fields: WireMap(fields.map { ($0.key, $0.value) }))
    }

    static func outcome(
        _ outcome: String, of payment: String?, id: String = "o1", at time: Int64 = now
    ) -> AssayFeaturesV1.Event {
        var fields: [(String, AssayFeaturesV1.FieldValue)] = [("outcome", .text(outcome))]
        if let payment { fields.append(("payment_id", .text(payment))) }
        return AssayFeaturesV1.Event(
            id: id, type: "payment_outcome", time: Self.time(time), fields: WireMap(fields))
    }
}
