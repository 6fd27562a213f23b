import Foundation
import TestSupport
import Testing

@Suite("Explanations that a person asks for", .serialized, .timeLimit(.minutes(10)))
struct ExplainTests {
    private static let shipped = "\(PackageLayout.root)/deploy/examples/payments"

    /// The golden rows of the shipped model, as a table.
    private static func table(in folder: TemporaryDirectory) throws -> String {
        let bytes = try Data(contentsOf: URL(filePath: "\(shipped)/manifest.json"))
        let manifest = try JSONDecoder().decode(JSONValue.self, from: bytes)
        let inputs = manifest["inputs"]?.items ?? []
        var lines = [inputs.compactMap { $0["name"]?.text }.joined(separator: ",")]
        for row in (manifest["goldenRows"]?.items ?? []).prefix(8) {
            let cells = (row["values"]?.items ?? []).map { value -> String in
                if case .number(let number) = value { return "\(number)" }
                return ""
            }
            lines.append(cells.joined(separator: ","))
        }
        return try folder.write(lines.joined(separator: "\n") + "\n", to: "rows.csv")
    }

    @Test("the service explains a score as its file does, and refuses nonsense with a sentence")
    func model() async throws {
        let assay = try await AssayUnderTest()
        let rows = try Self.table(in: assay.folder)
        let pushed = try await assay.assay([
            "models", "push", "--model", "payment-fraud", "--alias", "champion", "--manifest",
            "\(Self.shipped)/manifest.json", "--artifact", "\(Self.shipped)/model.json",
        ])
        try #require(pushed.end == .exit(0), "\(pushed.errors)")
        let explain = ["models", "explain", "--rows", rows]
        for row in 1...3 {
            let online = try await assay.assay(
                explain + ["--model", "payment-fraud", "--row", "\(row)", "--hex"])
            #expect(online.end == .exit(0), "\(online.errors)")
            let offline = try await assay.assay(
                explain + ["--file", "\(Self.shipped)/model.json", "--row", "\(row)", "--hex"])
            #expect(Self.numbers(online.output) == Self.numbers(offline.output))
            #expect(Self.numbers(online.output).count == 24, "\(online.output)")
        }
        let cases: [(arguments: [String], problem: String)] = [
            (["--model", "payment-froud"], "did you mean \"payment-fraud\"?"),
            (["--model", "payment-fraud", "--version", "9"], "has versions 1 to 1, not 9"),
            (["--model", "payment-fraud", "--alias", "champoin"], "\"champion\""),
            (["--model", "payment-fraud", "--row", "0"], "rows are counted from 1"),
            (["--model", "payment-fraud", "--row", "99"], "there is no row 99"),
            (["--model", "payment-fraud", "--output", "3"], "expected one below 1, got 3"),
            (["--model", "payment-fraud", "--method", "linear"], "the model is made of trees"),
            (["--model", "payment-fraud", "--method", "lime"], "none are given"),
            (["--model", "a", "--file", "b"], "not both"), ([], "name --file or --model"),
            (["--model", String(repeating: "m", count: 4_000)], "model"),
        ]
        for (arguments, problem) in cases {
            let refused = try await assay.assay(explain + arguments)
            #expect(![.exit(0), .signal(11), .signal(5), .signal(4)].contains(refused.end))
            #expect(refused.errors.contains(problem), "\(arguments): \(refused.errors)")
        }
        let tables: [(text: String, problem: String)] = [
            ("a,b\n1,2\n", "has no column for the input amount"), ("", "rows.csv"),
            ("amount\n1\n", "has no column for the input card_txn_cnt_1h"),
            ("\u{0}\u{1}\n\u{FFFF}", "has no column"),
            (
                try String(contentsOfFile: rows, encoding: .utf8).replacing("295.26", with: "many"),
                "is not a number"
            ),
        ]
        for (text, problem) in tables {
            let path = try assay.folder.write(text, to: "bad/rows.csv")
            let refused = try await assay.assay(
                ["models", "explain", "--model", "payment-fraud", "--rows", path])
            #expect(refused.end == .exit(1), "\(text.prefix(40)): \(refused.errors)")
            #expect(refused.errors.contains(problem), "\(refused.errors)")
        }
        for path in ["/nowhere/rows.csv", "/dev/zero", assay.folder.path] {
            let refused = try await assay.assay(
                ["models", "explain", "--model", "payment-fraud", "--rows", path])
            #expect(refused.end == .exit(1) && refused.errors.contains("\(path): "))
        }
        #expect(await assay.stop() == .exit(0))
    }

    /// Numbers of an explanation by the first word of their line; of an input, by its name.
    private static func numbers(_ text: String) -> [String: String] {
        var found: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard let number = words.first(where: { $0.contains("0x") }) else { continue }
            found[words[0] == "+" ? words[1] : words[0]] = number
        }
        return found
    }

    @Test("a feature of an event is explained to whom it is meant for, and to no other")
    func feature() async throws {
        let assay = try await AssayUnderTest()
        let trial = try ExperimentTrial(assay)
        // The second payment of the card sees the first.
        var lacked = ["any"]
        for attempt in 0..<50 where !lacked.isEmpty {
            lacked = try await trial.pay(7..<8, prefix: "p-\(attempt)").flatMap(\.lacked)
        }
        _ = try await trial.pay(7..<8, prefix: "second")
        let now = try await assay.assay([
            "features", "explain", "card_txn_cnt_1h", "--key", "card=card-7",
        ])
        #expect(now.end == .exit(0), "\(now.errors)")
        #expect(now.output.contains("second-7"), "\(now.output)")
        let first = try await assay.assay([
            "features", "explain", "card_txn_cnt_1h", "--sequence", "1",
        ])
        #expect(first.end == .exit(0) && first.output.contains("value: 0.0, empty"), "\(first)")
        // Meant for money laundering and credit, not for fraud.
        let withheld = try await assay.assay([
            "features", "explain", "cust_has_tax_id", "--key", "customer=customer-7",
        ])
        #expect((withheld.output + withheld.errors).contains("purpose"), "\(withheld)")
        let meant = try await assay.assay([
            "features", "explain", "cust_has_tax_id", "--key", "customer=customer-7", "--purpose",
            "aml",
        ])
        #expect(meant.end == .exit(0), "\(meant.errors)")
        let cases: [(arguments: [String], problem: String)] = [
            (["card_txn_cnt", "--key", "card=x"], "did you mean \"card_txn_cnt_1h\""),
            (["card_txn_cnt_1h", "--key", "card"], "--key is ENTITY=KEY"),
            (["card_txn_cnt_1h", "--key", "customer=x"], "name the card of the feature"),
            (["card_txn_cnt_1h", "--key", "card=x", "--key", "card=y"], "names card twice"),
            (["card_txn_cnt_1h", "--sequence", "0"], "counted from 1"),
            (["card_txn_cnt_1h", "--sequence", "99999999"], "the log has no event 99999999"),
            (["card_txn_cnt_1h", "--key", "card=x", "--purpose", "marketing"], "marketing"),
            (["../../etc/passwd", "--key", "card=x"], "there is no feature"),
            (["card_txn_cnt_1h", "--key", "card=" + String(repeating: "x", count: 3_000)], "128"),
            (["card_txn_cnt_1h"], "name --definitions"),
        ]
        for (arguments, problem) in cases {
            let refused = try await assay.assay(["features", "explain"] + arguments)
            #expect([.exit(1), .exit(64)].contains(refused.end), "\(arguments)")
            #expect(refused.errors.contains(problem), "\(arguments): \(refused.errors)")
        }
        #expect(await assay.stop() == .exit(0))
    }
}
