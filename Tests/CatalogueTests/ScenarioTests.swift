import AssayMessages
import Foundation
import Testing
import Wire

@testable import FeatureCore
@testable import FeatureEngine

/// Half a year of a customer's life, and every feature of the catalogue at its end, against values
/// that Scenario/scenario.py counts over the plain list of events.
@Suite struct ScenarioTests {
    struct Expected {
        let name: String
        let at: String
        /// Nil is missing.
        let value: Double?
    }

    static func expected() throws -> [Expected] {
        try Repository.text("Scenario/expected.tsv").split(separator: "\n").dropFirst().map {
            let cells = $0.split(separator: "\t").map(String.init)
            guard cells[2] != "missing" else {
                return Expected(name: cells[0], at: cells[1], value: nil)
            }
            let value: Double = try #require(Double(cells[2]))
            return Expected(name: cells[0], at: cells[1], value: value)
        }
    }

    /// The shipped definitions and vectors with every core feature under its own name.
    static func definitions() throws -> DefinitionSet {
        var texts = try Repository.sources().texts
        let expected = try expected()
        let vectors = ["payment", "application"].map { at in
            "  at_\(at)@1: {purpose: fraud, features: ["
                + expected.filter { $0.at == at }.map(\.name).joined(separator: ", ") + "]}"
        }
        texts["every.yaml"] =
            """
            format: assay.features/1
            package: every
            owner: tests
            vectors:
            \(vectors.joined(separator: "\n"))

            """
        return try DefinitionSources(texts).compile()
    }

    @Test("every core feature has the value that a plain count gives")
    func values() throws {
        let definitions = try Self.definitions()
        let events = try ScenarioEvent.all()
        let served = try Self.serve(definitions, events) { "at_\($0)@1" }
        for expected in try Self.expected() {
            let value = try #require(served["\(expected.at) \(expected.name)"])
            let wanted = expected.value ?? .nan
            let isClose =
                abs(value.number - wanted) <= 1e-9 * max(1, abs(wanted))
                || value.number.isNaN && wanted.isNaN
            #expect(
                isClose, "\(expected.name): \(value.number), not \(wanted) (\(value.status))")
            #expect(value.status & 7 <= 1, "\(expected.name) has status \(value.status)")
        }
    }

    @Test("the small vectors equal a plain count within one unit in the last place")
    func smallVectors() throws {
        let definitions = try Repository.definitions()
        let events = try ScenarioEvent.all()
        let expected = Dictionary(
            uniqueKeysWithValues: try Self.expected().map { ($0.name, $0.value ?? .nan) })
        var rows: [String: [(published: String, row: String)]] = [:]
        for row in try CatalogueRow.all() {
            for place in row.places {
                rows[place.vector, default: []].append((place.published, row.name))
            }
        }
        #expect(rows.count == 9)
        for (name, columns) in rows where name != "card_authorization@1" {
            let vector = try definitions.vector(called: name)
            let served = try Self.serve(definitions, events) { $0 == "payment" ? name : nil }
            for (published, row) in columns {
                let column = try #require(vector.columns.first { $0.name == published })
                let wanted = try #require(expected[row]) / column.divisor
                let value = try #require(served["payment \(published)"]).number
                #expect(
                    abs(value - wanted) <= wanted.ulp || value.isNaN && wanted.isNaN,
                    "\(name) \(published): \(value), not \(wanted)")
            }
        }
    }

    @Test("where nothing is known, every feature has its default")
    func defaults() throws {
        let definitions = try Self.definitions()
        let events = try ["payment", "application"].map { type in
            try #require(try ScenarioEvent.all().last { $0.type == type }).bare
        }
        let served = try Self.serve(definitions, events) { "at_\($0)@1" }
        for row in try CatalogueRow.all() where row.isCore {
            let found = served["payment \(row.name)"] ?? served["application \(row.name)"]
            let value = try #require(found)
            // The time of the event is always known.
            guard value.status & 7 != 0 else {
                #expect(Self.ofTime.contains(row.name), "\(row.name) is present")
                continue
            }
            #expect(
                value.number.bitPattern == row.defaultValue?.bitPattern,
                "\(row.name) is \(value.number)")
        }
    }

    @Test("what has nothing to say is empty, not an error")
    func conditions() throws {
        let definitions = try Self.definitions()
        let payment = try #require(
            try ScenarioEvent.all().last { $0.type == "payment" && $0.isAtHand })
        var fold = EventFold(definitions, tenant: "tests")
        let vector = try definitions.vector(called: "at_payment@1")
        var first = try payment.message(definitions)
        first.id = "first"
        let account = try #require(first.fields["account_id"])
        let seconds = payment.time - 600
        first.time = try #require(Timestamp(seconds: seconds))
        _ = try fold.score(first, nil)
        let credit = AssayFeaturesV1.Event(
            id: "credit", type: "credit", time: try #require(Timestamp(seconds: seconds + 60)),
            fields: ["account_id": account])
        #expect(try fold.score(credit, nil).outcome == .applied)
        var last = try payment.message(definitions)
        // Above what is reported.
        last.fields["amount"] = .amount(
            try #require(Money(currency: "EUR", coefficient: 100_000_000, scale: 2)))
        let served = try #require(try fold.score(last, vector).vector)
        for name in [
            "amt_below_report_threshold_pct", "cust_hirisk_country_ratio_90d",
            "acct_minutes_in_to_out_last",
        ] {
            let position = try #require(vector.columns.firstIndex { $0.name == name })
            #expect(served.status[position] & 7 == Status.Class.empty.rawValue, "\(name)")
            #expect(served.values[position].isNaN, "\(name)")
        }
    }

    /// Features of the event's time alone.
    private static let ofTime: Set<String> = [
        "hour_sin", "hour_cos", "dow_sin", "dow_cos", "is_night", "is_weekend",
        "is_month_end_or_payday",
    ]

    @Test("the plain count is as the script says")
    func script() throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", Repository.tests.appending(path: "Scenario/scenario.py").path,
        ]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    typealias Served = [String: (number: Double, status: UInt8)]

    /// What the events at hand are served, by event type and published name.
    static func serve(
        _ definitions: DefinitionSet, _ events: [ScenarioEvent], vector name: (String) -> String?
    ) throws -> Served {
        var fold = EventFold(definitions, tenant: "tests")
        var served: Served = [:]
        for event in events {
            let message = try event.message(definitions)
            let vector =
                try event.isAtHand
                ? name(event.type).map { try definitions.vector(called: $0) } : nil
            let scored = try fold.score(message, vector)
            #expect(scored.outcome == .applied, "\(event.id): \(scored.problems)")
            guard let vector, let values = scored.vector else { continue }
            for (index, column) in vector.columns.enumerated() {
                served["\(event.type) \(column.name)"] = (
                    values.values[index], values.status[index]
                )
            }
        }
        return served
    }
}
