import AssayMessages
import FeatureCore
import FeatureEngine
import Wire

/// Definitions and payments of these tests: a strict card and customer, a relaxed terminal.
enum Bank {
    static let vector = AssayFeaturesV1.VectorRef(name: "test", version: 1)
    static let names = [
        "amount", "card_txn_cnt_1h", "card_txn_cnt_24h", "card_amt_sum_24h", "card_amt_avg_24h",
        "cust_txn_cnt_24h", "cust_amt_sum_24h", "term_txn_cnt_24h", "term_amt_avg_24h",
    ]

    static let text = """
        format: assay.features/1
        package: shared
        owner: test
        description: Payments of tests.
        sensitivity: low
        purposes: [fraud]
        base_currency: EUR
        entities:
          card:     {short: card, key: card_id, subject: customer}
          customer: {short: cust, key: customer_id, subject: self}
          terminal: {short: term, key: terminal_id, consistency: relaxed}
        events:
          payment:
            max_late: 400d
            entities: {card: card_id, customer: customer_id, terminal: terminal_id}
            fields:
              card_id: {type: string, max: 128}
              customer_id: {type: string, max: 128}
              terminal_id: {type: string, max: 128}
              amount: {type: money, range: [0, 100000000000]}
        aggregates:
          card:
            txn_cnt: {from: payment, count: true, windows: [1h, 24h], description: Payments.}
            amt_sum: {from: payment, sum: amount, windows: [24h], description: Sum.}
            amt_avg: {from: payment, avg: amount, windows: [24h], default: missing, description: Mean.}
          customer:
            txn_cnt: {from: payment, count: true, windows: [24h], description: Payments.}
            amt_sum: {from: payment, sum: amount, windows: [24h], description: Sum.}
          terminal:
            txn_cnt: {from: payment, count: true, windows: [24h], description: Payments.}
            amt_avg: {from: payment, avg: amount, windows: [24h], default: missing, description: Mean.}
        derived:
          amount: {type: money, default: missing, expr: tx.amount, description: Amount.}
        vectors:
          test@1:
            purpose: fraud
            features: [amount, card_txn_cnt_1h, card_txn_cnt_24h, card_amt_sum_24h, card_amt_avg_24h, cust_txn_cnt_24h, cust_amt_sum_24h, term_txn_cnt_24h, term_amt_avg_24h]
        """

    /// - Parameters:
    ///   - windows: of the card's number of payments.
    ///   - owner: another word for the same states.
    static func definitions(
        windows: String = "1h, 24h", owner: String = "test"
    ) throws -> DefinitionSet {
        let text = text.replacing("windows: [1h, 24h]", with: "windows: [\(windows)]")
            .replacing("owner: test", with: "owner: \(owner)")
        return try DefinitionCompiler.compile([DefinitionParser.parse(text, file: "bank.yaml")])
    }

    /// `cents` in euros; `offset` in seconds from the tests' now.
    static func payment(
        _ id: String, cents: Int64 = 1_000, card: String? = "c1", customer: String? = "p1",
        terminal: String? = nil, offset: Int64 = 0
    ) -> AssayFeaturesV1.Event {
        var fields: [(String, AssayFeaturesV1.FieldValue)] = []
        if let card { fields.append(("card_id", .text(card))) }
        if let customer { fields.append(("customer_id", .text(customer))) }
        if let terminal { fields.append(("terminal_id", .text(terminal))) }
        if let money = Money(currency: "EUR", coefficient: cents, scale: 2) {
            fields.append(("amount", .amount(money)))
        }
        return AssayFeaturesV1.Event(
            id: id, type: "payment",
            time: Timestamp(nanosecondsSinceEpoch: (1_760_000_000 + offset) * 1_000_000_000),
            fields: WireMap(fields))
    }
}

extension AssayFeaturesV1.Vector {
    func value(_ name: String) -> Double? {
        Bank.names.firstIndex(of: name).map { values[$0] }
    }

    func status(_ name: String) -> UInt8? {
        Bank.names.firstIndex(of: name).map { status[$0] }
    }

    func kind(_ name: String) -> Status.Class? {
        status(name).flatMap { Status.Class(rawValue: $0 & 7) }
    }
}

extension AssayFeaturesV1.ScoreEventResponse {
    var vector: AssayFeaturesV1.Vector? { vectors.first }
    var outcome: AssayFeaturesV1.Outcome { receipt.outcome }
}

/// A small generator whose whole state is its seed (SplitMix64, Steele et al. 2014).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
