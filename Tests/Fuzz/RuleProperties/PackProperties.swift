internal import FuzzProperties
internal import RiskCore
internal import RuleLanguage

/// What must hold of any files that claim to be a rule set: every problem has its place, or the set
/// is the same each time it is loaded and every run over it ends.
///
/// The first byte of an input, if it is below 6, says which file follows; else all of it is a pack.
struct PackProperties {
    private let sources: RuleSources

    init(_ input: [UInt8]) {
        let choice = input.first ?? 0
        let text = String(decoding: input.dropFirst(choice < 6 ? 1 : 0), as: UTF8.self)
        sources = PackWorld.sources(choice < 6 ? Int(choice) : 0, text)
    }

    func check() throws(PropertyViolation) -> Bool {
        guard let rules = try load() else { return false }
        guard let again = try load() else {
            throw PropertyViolation(property: "R1", detail: "loaded, then refused")
        }
        try require("R1", rules.digest == again.digest, "two digests of one set")
        try require("R2", rules.digest.count == 32, "a digest of \(rules.digest.count) bytes")
        let ids = rules.rules.map(\.id)
        try require("R3", ids == ids.sorted() && Set(ids).count == ids.count, "ids \(ids)")
        var random = SeededGenerator(seed: UInt64(rules.rules.count))
        for _ in 0..<2 {
            let sheet = PackWorld.sheet(rules.catalogue, &random)
            for industry in ["default", "fintech"] { try run(rules, sheet, industry) }
        }
        return true
    }

    private func load() throws(PropertyViolation) -> RuleSet? {
        var loader = RuleSetLoader(sources)
        do {
            return try loader.load()
        } catch {
            try require("R4", !error.problems.isEmpty, "refused without a word")
            for problem in error.problems {
                try require(
                    "R4", problem.line >= 1 && problem.column >= 1 && !problem.file.isEmpty,
                    "no place: \(problem)")
                try require(
                    "R4", !problem.message.isEmpty && problem.message.utf8.count <= 2_000,
                    "\(problem)")
            }
            return nil
        }
    }

    private func run(
        _ rules: RuleSet, _ sheet: FactSheet, _ industry: String
    ) throws(PropertyViolation) {
        var evaluator = Evaluator()
        let run = rules.run(
            over: sheet, industry: industry, at: 1_772_366_000, expects: { _ in true },
            evaluator: &evaluator)
        let indexes = run.entries.map(\.rule)
        try require("R5", indexes == indexes.sorted(), "verdicts out of order: \(indexes)")
        try require("R5", run.noHits + indexes.count <= rules.rules.count, "too many verdicts")
    }
}
