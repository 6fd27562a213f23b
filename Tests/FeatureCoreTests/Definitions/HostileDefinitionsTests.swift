import FeatureCore
import FeatureEngine
import Testing

/// Whatever a file says, the answer is a set or a list of problems.
@Suite struct HostileDefinitionsTests {
    /// What is wrong with a file: each problem has a place in it, and reading it again finds the same.
    @discardableResult
    func compile(_ text: String) -> [String] {
        let sources = DefinitionSources(["payments.yaml": text])
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).count
        do {
            let set = try sources.compile()
            #expect((try? sources.compile())?.hash == set.hash)
            return []
        } catch {
            #expect(!error.problems.isEmpty)
            for problem in error.problems {
                let place = problem.location
                #expect(place.file == "payments.yaml" && !problem.message.isEmpty, "\(problem)")
                #expect((1...lines + 1).contains(place.line) && place.column >= 1, "\(problem)")
            }
            return error.problems.map(\.description)
        }
    }

    @Test("cut off anywhere, or with bytes changed, a file is read or refused")
    func damaged() {
        let text = Array(LanguageExample.base.utf8)
        var random = SeededGenerator(seed: 41)
        for _ in 0..<400 {
            var damaged = text
            if Bool.random(using: &random) {
                damaged.removeLast(Int.random(in: 0..<text.count, using: &random))
            }
            for _ in 0..<Int.random(in: 1..<4, using: &random) where !damaged.isEmpty {
                let position = Int.random(in: 0..<damaged.count, using: &random)
                damaged[position] = UInt8.random(in: 0...255, using: &random)
            }
            compile(String(decoding: damaged, as: UTF8.self))
        }
    }

    @Test("words put in each other's places are read or refused")
    func swapped() {
        let separators: Set<Character> = [" ", ":", ",", "{", "}", "[", "]", "\n"]
        var words: [Substring] = []
        var start = LanguageExample.base.startIndex
        for index in LanguageExample.base.indices
        where separators.contains(LanguageExample.base[index]) {
            if start < index { words.append(LanguageExample.base[start..<index]) }
            words.append(LanguageExample.base[index...index])
            start = LanguageExample.base.index(after: index)
        }
        var random = SeededGenerator(seed: 43)
        let places = words.indices.filter { words[$0].count > 1 }
        for _ in 0..<400 {
            var changed = words
            for _ in 0..<Int.random(in: 1..<3, using: &random) {
                let (a, b) = (
                    places.randomElement(using: &random), places.randomElement(using: &random)
                )
                if let a, let b { changed.swapAt(a, b) }
            }
            compile(changed.joined())
        }
    }

    @Test("combinations that an aggregate cannot have are problems, not traps")
    func combinations() {
        let base = LanguageExample.base
        let changes = [
            (
                "{from: payment, avg: amount, windows: [7d, 30d]",
                "{from: payment, per: payment, avg: amount, windows: [7d, 30d]"
            ),
            ("windows: [1m], exact: true", "windows: [1m], exact: true, per: payment"),
            ("windows: [1m], exact: true", "windows: [3d], lag: 3h, exact: true"),
            ("windows: [1m], exact: true", "windows: [1m], at: occurred_at, exact: true"),
            ("count_by: hour, windows: [90d]", "count_by: hour, windows: [90d], exact: true"),
            ("id: payment_id", "id: amount"),
            ("windows: [90d]", "windows: [9223372036854775807d]"),
            ("lag: 7d", "lag: 99999999999999999999d"),
            ("rows: 64", "rows: -1"), ("exact: 128", "exact: 0"),
            ("range: [0, 100000000000]", "range: [0, 1000000000000000000000]"),
            ("range: [0, 23]", "range: [23, 0]"),
            ("{type: int, range", "{type: double, range"),
            ("'country != card_country'", "'country != amount'"),
            ("'tx.amount'", "'tx.amount + 1.5'"), ("'tx.amount'", "'amount + amount'"),
            ("'tx.amount'", "'card_txn_cnt_1h + tx.amount'"),
            ("expr: 'local_hour(time)'", "expr: 'hour + 1'"),
        ]
        for (old, new) in changes {
            #expect(base.contains(old), "\(old)")
            #expect(!compile(base.replacing(old, with: new)).isEmpty, "\(new)")
        }
    }

    @Test("as many roles, fields, filters and counters as one likes are counted, then refused")
    func many() {
        let base = LanguageExample.base
        func refusal(_ old: String, _ make: (Int) -> String, _ count: Int) -> String {
            let many = (0..<count).map(make).joined(separator: ", ")
            return compile(base.replacing(old, with: many + ", " + old)).joined(separator: "\n")
        }
        #expect(
            refusal("origin: account_id", { "r\($0): k\($0)" }, 100).contains("at most 32 entities")
        )
        #expect(
            refusal("industry: string", { "f\($0): string" }, 600).contains("at most 512"))
        let counters = (0..<70).map {
            "    c\($0): {from: payment, count: true, where: 'amount > \($0)', windows: [1h]}\n"
        }.joined()
        #expect(
            compile(base.replacing("    txn_cnt:  ", with: counters + "    txn_cnt:  "))
                .joined().contains("counters; at most 63"))
        let filters = (0..<300).map {
            "    x\($0): {from: payment, count: true, where: 'amount > \($0)', windows: [1h]}\n"
        }.joined()
        #expect(
            compile(base.replacing("    txn_cnt:  ", with: filters + "    txn_cnt:  "))
                .joined().contains("more than 256"))
    }
}
