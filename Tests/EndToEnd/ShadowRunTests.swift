import Foundation
import TestSupport
import Testing

@Suite("A shadow, from its file to the move of the alias", .serialized, .timeLimit(.minutes(5)))
struct ShadowRunTests {
    private static let file = """
        shadow: next
        revision: 1
        owner: models@bank.example
        model: payment-fraud
        alias: champion
        version: 2
        share: 10000

        """

    @Test("payments are decided as before, both versions are compared, a restart changes nothing")
    func whole() async throws {
        var assay = try await AssayUnderTest()
        var trial = try ExperimentTrial(assay)
        try await trial.pushVersions()
        let file = try trial.write(Self.file, to: "next.yaml")
        let applied = try await assay.assay(["models", "shadow", "apply", file, "--yes"])
        try #require(applied.end == .exit(0), "\(applied.errors)")
        let decided = try await trial.pay(0..<40, prefix: "shadowed")
        // On a busy machine a call may miss its 50 ms: such a payment is decided without a model.
        let scored = decided.filter(\.lacked.isEmpty)
        try #require(!scored.isEmpty, "\(decided)")
        // Version 2 would have held every one of them for fraud.
        for one in scored { #expect(one.version == 1 && one.status == "approved", "\(one)") }

        // A call whose reply came too late for its payment was shown all the same.
        let shown = try await trial.until(
            { try await trial.json(["models", "shadow", "status"]) },
            holds: {
                Self.count($0, "scored") ?? 0 >= scored.count && Self.count($0, "waiting") == nil
            })
        let rows = try #require(Self.count(shown, "scored"))
        let found = try await trial.json(["models", "compare", "payment-fraud", "--shadow", "next"])
        #expect(found["rows"]?.text == "\(rows)", "\(found)")
        #expect(found["baseline"]?.count == 1 && found["challenger"]?.count == 2)
        #expect(found["onlyChallenger"]?["calls"]?.text == "\(rows)", "\(found)")
        let words = try await assay.assay([
            "models", "compare", "payment-fraud", "--shadow", "next",
        ])
        #expect(words.output.contains("only version 2  \(rows)"), "\(words.output)")
        let counts = try await assay.assay(["models", "statistics", "payment-fraud"])
        #expect(counts.output.contains("2 (shadow next)"), "\(counts.output)")

        let horizon = try #require(found["horizon"]?.text)
        #expect(await assay.stop() == .exit(0))
        assay = try await AssayUnderTest(in: assay.folder)
        trial = try ExperimentTrial(assay)
        let again = try await trial.json([
            "models", "compare", "payment-fraud", "--shadow", "next", "--as-of", horizon,
        ])
        #expect(again == found, "after a restart: \(again)")
        try await Self.end(trial)
        #expect(await assay.stop() == .exit(0))
    }

    /// A number of the first shadow's activity; nil where it is 0.
    private static func count(_ page: JSONValue, _ name: String) -> Int? {
        let found = page["shadows"]?.items.first?["activity"]?[name]?.text.flatMap(Int.init)
        return found == 0 ? nil : found
    }

    /// The version answers by itself, and its shadow ends.
    private static func end(_ trial: ExperimentTrial) async throws {
        let moved = try await trial.assay.assay([
            "models", "alias", "--model", ExperimentTrial.model, "--version", "2", "--reason",
            "it was compared",
        ])
        #expect(moved.end == .exit(0), "\(moved.errors)")
        let later = try await trial.pay(40..<44, prefix: "later")
        for one in later where one.lacked.isEmpty { #expect(one.version == 2, "\(one)") }
        let stopped = try await trial.assay.assay([
            "models", "shadow", "stop", ExperimentTrial.model, "next", "--reason",
            "it answers by now",
        ])
        #expect(stopped.end == .exit(0), "\(stopped.errors)")
        let history = try await trial.assay.assay([
            "models", "history", "--model", ExperimentTrial.model,
        ])
        #expect(
            history.output.contains("shadow next of alias champion, version 2: stopped"),
            "\(history.output)")
    }
}
