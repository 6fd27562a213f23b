import FeatureEngine
import Foundation
import Testing

@testable import FeatureCore

/// The 1.3 million payments of the Handbook, replayed, against windows counted by hand.
@Suite(.enabled(if: HandbookPayments.path != nil, "no shared/data beside the checkout"))
struct HandbookReplayTests {
    #if DEBUG
        static let lines: Int? = 30_000
        static let samples = 500
    #else
        static let lines: Int? = nil
        static let samples = 20_000
    #endif

    /// What one column of the vector counts.
    struct Expected {
        let ofCustomer: Bool
        let aggregate: Aggregate
        let window: Int64
        let hop: Int64
    }

    static let windows: [(name: String, window: Int64, hop: Int64)] = [
        ("1h", 3_600_000, 60_000), ("24h", 86_400_000, 900_000),
        ("7d", 604_800_000, 10_800_000), ("30d", 2_592_000_000, 43_200_000),
    ]
    static let aggregates: [(name: String, aggregate: Aggregate)] = [
        ("cnt", .count), ("sum", .sum), ("avg", .average), ("max", .maximum),
    ]

    static let columns: [(name: String, expected: Expected)] = ["cust", "term"].flatMap { short in
        aggregates.flatMap { aggregate in
            windows.map {
                (
                    "\(short)_\(aggregate.name)_\($0.name)",
                    Expected(
                        ofCustomer: short == "cust", aggregate: aggregate.aggregate,
                        window: $0.window, hop: $0.hop)
                )
            }
        }
    }

    static func definitions() throws -> DefinitionSet {
        let windows = "windows: [1h, 24h, 7d, 30d]"
        let aggregates = """
            {cnt: {from: payment, count: true, \(windows)}, sum: {from: payment, sum: amount, \(windows)},
                avg: {from: payment, avg: amount, \(windows), default: missing},
                max: {from: payment, max: amount, \(windows)}}
            """
        let text = """
            format: assay.features/1
            package: recorded
            owner: test
            description: Windows over recorded payments.
            sensitivity: low
            purposes: [fraud]
            base_currency: EUR
            entities:
              customer: {short: cust, key: customer_id}
              terminal: {short: term, key: terminal_id}
            events:
              payment:
                max_late: 7d
                entities: {customer: customer_id, terminal: terminal_id}
                fields: {amount: money}
            aggregates:
              customer: \(aggregates)
              terminal: \(aggregates)
            vectors:
              recorded@1: {purpose: fraud, features: [\(columns.map(\.name).joined(separator: ", "))]}
            """
        return try DefinitionCompiler.compile([DefinitionParser.parse(text, file: "r.yaml")])
    }

    @Test("replayed windows equal those counted from the file itself")
    func equality() throws {
        let csv = try HandbookPayments.csv(lines: Self.lines)
        let payments = HandbookPayments.payments(csv)
        var options = CSVOptions()
        options.eventType = "payment"
        options.id = "transaction_id"
        options.time = "occurred_at"
        var replay = try CSVReplay(Self.definitions(), vector: "recorded", options: options)
        var random = SeededGenerator(seed: 7)
        var sampled = [Bool](repeating: false, count: payments.count)
        for row in payments.indices.shuffled(using: &random).prefix(Self.samples) {
            sampled[row] = true
        }
        var result: [UInt8] = []
        var rest: [UInt8]? = csv
        let clock = ContinuousClock()
        let start = clock.now
        try replay.run(
            reading: {
                defer { rest = nil }
                return rest ?? []
            }, writing: { result += $0 })
        let seconds = (clock.now - start) / .seconds(1)
        #expect(replay.report.written == payments.count && replay.report.problems.isEmpty)
        print(
            "\(payments.count) payments, \(replay.report.entityEvents) entity events in"
                + String(format: " %.1f s", seconds))
        try compare(result, payments, sampled)
    }

    /// Compares the sampled rows of the result.
    private func compare(
        _ result: [UInt8], _ payments: [HandbookPayments.Payment], _ sampled: [Bool]
    ) throws {
        var reader = CSVReader(result)
        #expect(try reader.next())
        let header = (0..<reader.record.count).map { reader.record.text($0) ?? "" }
        #expect(header == ["id"] + Self.columns.map(\.name))
        var customers: [Int: [Int]] = [:]
        var terminals: [Int: [Int]] = [:]
        var compared = 0
        for (row, payment) in payments.enumerated() {
            #expect(try reader.next())
            if sampled[row] {
                for (column, (name, expected)) in Self.columns.enumerated() {
                    let before =
                        expected.ofCustomer
                        ? customers[payment.customer] : terminals[payment.terminal]
                    let value = Self.value(expected, before ?? [], payments, payment.milliseconds)
                    let found = reader.record.text(column + 1) ?? "?"
                    guard found.isEmpty ? value == nil : Double(found) == value else {
                        Issue.record("row \(row), \(name): \(found), not \(value ?? .nan)")
                        return
                    }
                    compared += 1
                }
            }
            customers[payment.customer, default: []].append(row)
            terminals[payment.terminal, default: []].append(row)
        }
        #expect(try !reader.next())
        let rows = sampled.count { $0 }
        #expect(rows == Self.samples && compared == rows * Self.columns.count)
        print("\(rows) rows, \(compared) values equal")
    }

    /// Nil if it is missing.
    static func value(
        _ expected: Expected, _ rows: [Int], _ payments: [HandbookPayments.Payment], _ now: Int64
    ) -> Double? {
        let first = (now - expected.window) / expected.hop
        var cents: [Int64] = []
        for row in rows.reversed() {
            guard payments[row].milliseconds / expected.hop >= first else { break }
            cents.append(payments[row].cents)
        }
        let sum = cents.reduce(0, +)
        return switch expected.aggregate {
        case .count: Double(cents.count)
        case .average: cents.isEmpty ? nil : Double(sum) / Double(cents.count)
        case .maximum: Double(cents.max() ?? 0)
        default: Double(sum)
        }
    }
}
