import FeatureCore
import FeatureEngine
import Foundation
import Testing

/// A few definitions of payments: what a store ships with first, and small enough to read.
enum Shipped {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Fixtures").path

    static func definitions() throws -> DefinitionSet { try DefinitionFolder.load(folder) }

    static func text() throws -> String {
        try String(contentsOfFile: "\(folder)/payments.yaml", encoding: .utf8)
    }
}

@Suite struct DefinitionParserTests {
    func compile(_ text: String) throws(DefinitionError) -> DefinitionSet {
        try DefinitionCompiler.compile([try DefinitionParser.parse(text, file: "payments.yaml")])
    }

    func problems(replacing old: String, with new: String) throws -> [String] {
        let text = try Shipped.text()
        #expect(text.contains(old))
        do {
            _ = try compile(text.replacing(old, with: new))
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test("the shipped payment vector has its nineteen features in their agreed order")
    func shippedVector() throws {
        let set = try Shipped.definitions()
        let position = try #require(set.vector(named: "payment_fraud", version: 1))
        #expect(
            set.vectors[position].columns.map(\.name) == [
                "amount", "card_txn_cnt_1h", "card_txn_cnt_24h", "card_amt_sum_1h",
                "card_amt_sum_24h", "card_amt_avg_24h", "card_amt_max_24h", "cust_txn_cnt_1h",
                "cust_txn_cnt_24h", "cust_amt_sum_24h", "acct_txn_cnt_1h", "acct_txn_cnt_24h",
                "acct_amt_sum_1h", "acct_amt_sum_24h", "acct_amt_avg_24h", "acct_amt_max_24h",
                "term_txn_cnt_1h", "term_txn_cnt_24h", "term_amt_avg_24h",
            ])
        #expect(set.vectors[position].columns[0].divisor == 100)
        #expect(set.vectors[position].fingerprint.count == 32)
        #expect(set.hash.count == 32)
    }

    @Test("moving a line changes no hash")
    func orderOfLines() throws {
        let text = try Shipped.text()
        let line = "  account:  {short: acct, key: account_id,  subject: customer}\n"
        let moved = text.replacing(line, with: "").replacing(
            "entities:\n  card", with: "entities:\n\(line)  card")
        #expect(moved != text)
        #expect(try compile(moved).hash == compile(text).hash)
    }

    @Test("another window, field or key is another fingerprint and another group")
    func meanings() throws {
        let text = try Shipped.text()
        let before = try compile(text)
        let after = try compile(
            text.replacing(
                "customer_id, account: account_id", with: "customer_id, account: payee_id"))
        #expect(before.generation != after.generation)
        let other = try compile(text.replacing("- amount: {as: major}", with: "- amount"))
        #expect(other.vectors[0].fingerprint != before.vectors[0].fingerprint)
        #expect(other.generation == before.generation)
    }

    @Test("a mistake is reported with its place and the nearest name")
    func mistakes() throws {
        #expect(
            try problems(replacing: "      - card_amt_max_24h", with: "      - card_amt_mx_24h")
                .first?.contains("did you mean \"card_amt_max_24h\"") == true)
        let key = try problems(replacing: "owner: fraud-platform", with: "owner: a\nownr: b")
        #expect(key == ["payments.yaml:5:1: unknown key \"ownr\"; did you mean \"owner\"?"])
        #expect(
            try problems(replacing: "owner: fraud-platform\n", with: "").first?.contains(
                "\"owner\" is missing") == true)
        #expect(
            try problems(
                replacing: "sum: amount, windows: [1h, 24h], description: Amount paid with",
                with: "sum: amout, windows: [1h, 24h], description: Amount paid with"
            )
            .first?.contains("did you mean \"amount\"") == true)
        #expect(
            try problems(replacing: "max_late: 400d", with: "max_late: 400").first?
                .contains("is not a time") == true)
        #expect(
            try problems(
                replacing: "amount: {type: money, range: [0, 100000000000]}",
                with: "amount: {type: monney}"
            )
            .first?.contains("unknown type \"monney\"") == true)
        #expect(
            try problems(replacing: "base_currency: EUR", with: "base_currency: euro").first?
                .contains("ISO 4217") == true)
        #expect(
            try problems(
                replacing: "windows: [1h, 24h], description: Payments with the card.",
                with: "windows: [1h, 24h, 1h3m], description: x"
            )
            .first?.contains("not a window") == true)
        #expect(
            try problems(
                replacing: "windows: [1h, 24h], description: Payments with the card.",
                with: "windows: [1h, 24h, 90s], description: x"
            )
            .first?.contains("no tier") == true)
    }

    @Test("every truncation and many mutations are read or refused, never a crash")
    func hostile() throws {
        let text = Array(try Shipped.text().utf8)
        var random = SeededGenerator(seed: 21)
        var (read, refused) = (0, 0)
        for _ in 0..<300 {
            var damaged = text
            if Bool.random(using: &random) {
                damaged.removeLast(Int.random(in: 0..<text.count, using: &random))
            }
            for _ in 0..<Int.random(in: 1..<4, using: &random) where !damaged.isEmpty {
                let position = Int.random(in: 0..<damaged.count, using: &random)
                damaged[position] = UInt8.random(in: 0...255, using: &random)
            }
            do {
                let set = try compile(String(decoding: damaged, as: UTF8.self))
                #expect(set.hash.count == 32)
                read += 1
            } catch {
                #expect(!error.problems.isEmpty)
                refused += 1
            }
        }
        // A comment or a description may be damaged.
        #expect(read > 0 && refused > read, "\(read) read, \(refused) refused")
        for text in [String(repeating: "[", count: 50_000), "a: &a [*a, *a]", ""] {
            #expect(throws: DefinitionError.self) { try compile(text) }
        }
    }
}
