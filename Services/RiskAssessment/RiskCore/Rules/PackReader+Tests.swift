internal import RuleLanguage

/// The tests that stand in a pack, and the names that it may use.
extension PackReader {
    mutating func readTests(_ node: SourceNode?) -> [Pack.Test] {
        guard let node else { return [] }
        let entries = node.list(&problems)
        let tests = entries.compactMap { readTest($0) }
        guard tests.count == entries.count else { return tests }
        for needed in [Pack.Test.Expectation.hit, .noHit, .notEvaluated]
        where !tests.contains(where: { $0.expect == needed }) {
            problems.append(node.problem("a rule needs a test that expects \(needed.rawValue)"))
        }
        return tests
    }

    private mutating func readTest(_ node: SourceNode) -> Pack.Test? {
        let keys = node.object(
            required: ["expect"], optional: ["given", "missing", "note"], examples: Self.examples,
            &problems)
        guard let expect = keys["expect"]?.choice(Pack.Test.Expectation.self, &problems) else {
            return nil
        }
        let given = keys["given"]?.entries(&problems) ?? []
        return Pack.Test(
            given: given.map { ($0.key, $0.value) },
            missing: keys["missing"]?.list(&problems) ?? [], expect: expect, node: node)
    }

    // MARK: Names

    /// What to write for a key that is missing.
    static let examples = [
        "format": "format: assay.rules/1", "pack": "pack: velocity", "version": "version: 1",
        "rules": "rules: [...]", "id": "id: VEL-001", "name": "name: high_velocity",
        "when": "when: vel.acct_cnt_1h > P.hourly_limit", "score": "score: 30",
        "severity": "severity: high", "reason": "reason: VELOCITY_COUNT",
        "tests": "tests: [{ given: { vel.acct_cnt_1h: 6 }, expect: hit }]",
        "expect": "expect: hit", "type": "type: int", "value": "value: 5",
        "on": "on: 2026-03-02", "by": "by: a.okafor", "approved_by": "approved_by: m.lind",
        "from": "from: 4", "to": "to: 5", "data": "data: 'backtest of March'",
        "why": "why: 'false positives 31 % to 19 %'", "hits_per_day": "hits_per_day: [412, 268]",
    ]

    /// Three capital letters, a dash, three digits.
    static func isRuleID(_ id: String) -> Bool {
        let bytes = Array(id.utf8)
        guard bytes.count == 7, bytes[3] == UInt8(ascii: "-") else { return false }
        return bytes[..<3].allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
            && bytes[4...].allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 64
            && name.utf8.allSatisfy {
                ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z")) || $0 == UInt8(ascii: "_")
                    || ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9"))
            }
    }

    /// `; nearest are a, b, c`, or nothing if there are no names.
    static func nearest(_ name: String, among names: [String]) -> String {
        let near = Suggestions.nearest(to: name, among: names)
        return near.isEmpty ? "" : "; nearest are " + near.joined(separator: ", ")
    }
}
