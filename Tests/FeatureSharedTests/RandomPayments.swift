import AssayMessages
import FeatureCore
import FeatureEngine
import Wire

/// Payments with everything that goes wrong: sent twice, changed, tied, late, too late, from the
/// future, in any order, between two accounts that may be one.
struct RandomPayments {
    static let vector = AssayFeaturesV1.VectorRef(name: "everything", version: 1)

    private var random: SeededGenerator
    /// Names the log's own cards and accounts.
    private let seed: UInt64

    init(seed: UInt64) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
    }

    static func definitions() throws -> DefinitionSet {
        let windows = "[1m, 10m, 1h, 24h, 7d, 30d]"
        let text = """
            format: assay.features/1
            package: equality
            owner: test
            description: Every aggregate over every window, and all else that a state holds.
            sensitivity: low
            purposes: [fraud]
            base_currency: EUR
            entities:
              card: {short: card, key: card_id}
              account: {short: acct, key: account_id}
            events:
              payment:
                max_late: 60d
                entities: {card: card_id, account: {origin: account_id, destination: payee_id}}
                fields: {amount: money, points: int, merchant_id: {type: string, max: 16}}
            aggregates:
              card:
                cnt: {from: payment, count: true, windows: \(windows)}
                sum: {from: payment, sum: amount, windows: \(windows)}
                avg: {from: payment, avg: points, windows: \(windows), default: missing}
                max: {from: payment, max: amount, windows: \(windows)}
              account:
                out_sum: {from: payment as origin, sum: amount, windows: \(windows)}
                in_cnt: {from: payment as destination, count: true, windows: \(windows)}
                in_max: {from: payment as destination, max: points, windows: \(windows)}
            attributes:
              card: {merch: {from: payment, value: merchant_id, windows: [1h, 24h, 7d], remember: 30d, exact: 4, sketch: 256, description: Merchants.}}
            registers:
              card: {last_payment: {from: payment, latest: [amount], remember: 30d, description: The newest.}}
            recent:
              account: {payments: {from: payment as origin, rows: 8, fields: [amount], remember: 30d, description: The last.}}
            tables:
              account: {merchants: {from: payment as origin, key: merchant_id, rows: 4, remember: 30d, latest: [points], sums: {total: amount}, description: Per merchant.}}
            derived:
              amount: {type: money, default: missing, expr: tx.amount}
            vectors:
              everything@1:
                purpose: fraud
                features: [amount, \(names.joined(separator: ", ")), card_distinct_merch_1h, card_distinct_merch_24h, card_distinct_merch_7d]
            """
        return try DefinitionCompiler.compile([DefinitionParser.parse(text, file: "e.yaml")])
    }

    private static var names: [String] {
        [
            "card_cnt", "card_sum", "card_avg", "card_max", "acct_out_sum", "acct_in_cnt",
            "acct_in_max",
        ]
        .flatMap { name in ["1m", "10m", "1h", "24h", "7d", "30d"].map { "\(name)_\($0)" } }
    }

    /// Every event as it is sent, in the order of sending.
    mutating func events() -> [AssayFeaturesV1.Event] {
        let span = Int64(1_000) << Int64.random(in: 0...21, using: &random)
        var sent: [AssayFeaturesV1.Event] = []
        for number in 0..<Int.random(in: 5...50, using: &random) {
            switch Int.random(in: 0..<10, using: &random) {
            case 0 where !sent.isEmpty:
                sent.append(sent[Int.random(in: 0..<sent.count, using: &random)])
            case 1 where !sent.isEmpty:
                var other = sent[Int.random(in: 0..<sent.count, using: &random)]
                other.fields["points"] = .integer(-1)
                sent.append(other)
            case 2:
                // Tied with another, perhaps.
                let time = sent.last?.time.millisecondsSinceEpoch
                sent.append(event(number, at: time ?? milliseconds(span)))
            default: sent.append(event(number, at: milliseconds(span)))
            }
        }
        return sent
    }

    private mutating func milliseconds(_ span: Int64) -> Int64 {
        let now = SharedBench.now.millisecondsSinceEpoch
        switch Int.random(in: 0..<20, using: &random) {
        case 0: return now + Int64.random(in: 0...10_000, using: &random)
        case 1: return now - 61 * 86_400_000
        case 2: return now - 59 * 86_400_000
        default: return now - Int64.random(in: 0...min(span, 50 * 86_400_000), using: &random)
        }
    }

    private mutating func event(_ number: Int, at milliseconds: Int64) -> AssayFeaturesV1.Event {
        var fields: [(String, AssayFeaturesV1.FieldValue)] = []
        func flip(_ random: inout SeededGenerator) -> Bool {
            UInt8.random(in: 0..<6, using: &random) > 0
        }
        if flip(&random) {
            fields.append(("card_id", .text("\(seed)-c\(UInt8.random(in: 0..<2, using: &random))")))
        }
        let accounts = (0..<2).map { _ in "\(seed)-a\(UInt8.random(in: 0..<3, using: &random))" }
        if flip(&random) { fields.append(("account_id", .text(accounts[0]))) }
        if flip(&random) { fields.append(("payee_id", .text(accounts[1]))) }
        if flip(&random) {
            let cents = Int64.random(in: -500...100_000, using: &random)
            let currency: CurrencyCode =
                UInt8.random(in: 0..<30, using: &random) == 0 ? "USD" : "EUR"
            if let money = Money(currency: currency, coefficient: cents, scale: 2) {
                fields.append(("amount", .amount(money)))
            }
        }
        if flip(&random) {
            let merchant = UInt8.random(in: 0..<12, using: &random)
            fields.append(("merchant_id", .text("m\(merchant)")))
        }
        if flip(&random) {
            fields.append(("points", .integer(Int64.random(in: -50...50, using: &random))))
        }
        return AssayFeaturesV1.Event(
            id: "\(seed)-\(number)", type: "payment",
            time: Timestamp(nanosecondsSinceEpoch: milliseconds * 1_000_000),
            fields: WireMap(fields))
    }
}
