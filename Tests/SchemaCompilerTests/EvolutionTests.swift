import Foundation
import Testing

@testable import SchemaCompiler

/// Every directory of `Evolution` is named after a rule of breaking changes. `old.schema` →
/// `new.schema` breaks it, `old.schema` → `safe.schema` does not; `expect.txt` holds what is printed.
///
/// `ASSAY_UPDATE_GOLDEN=1 swift test --filter EvolutionTests` refreshes the expectations.
@Suite("Breaking changes")
struct EvolutionTests {
    static let names: [String] = {
        let path = Fixtures.directory.appending(path: "Evolution").path
        let all = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return all.filter { !$0.contains(".") }.sorted()
    }()

    private static func compilation(_ name: String, _ file: String) throws -> Compilation {
        let text = try Fixtures.text("Evolution/\(name)/\(file).schema")
        let compilation = Compilation(Fixtures.split(text))
        #expect(!compilation.hasErrors, "\(name)/\(file).schema: \(compilation.report)")
        return compilation
    }

    private static func rendered(_ comparison: SchemaComparison) -> String {
        if comparison.findings.isEmpty { return "nothing breaks\n" }
        return comparison.findings.map { finding in
            let severity: Severity = finding.rule.level == .source ? .warning : .error
            return "\(finding.name)\n" + comparison.rendered(finding, severity, origin: "old")
                + "\n"
        }.joined(separator: "\n")
    }

    @Test("a change is found where it breaks, and only there", arguments: names)
    func verdicts(name: String) throws {
        let rule = try #require(
            BreakingRule.allCases.first { name == $0.rawValue || name.hasPrefix($0.rawValue + "-") }
        )
        let old = try Self.compilation(name, "old")
        let breaking = SchemaComparison(old: old, new: try Self.compilation(name, "new"))
        let safe = SchemaComparison(old: old, new: try Self.compilation(name, "safe"))
        #expect(breaking.findings.contains { $0.rule == rule })
        #expect(!safe.findings.contains { $0.rule == rule })

        let text =
            "=== old → new\n\(Self.rendered(breaking))\n=== old → safe\n\(Self.rendered(safe))"
        let url = Fixtures.directory.appending(path: "Evolution/\(name)/expect.txt")
        if Fixtures.isUpdate { try Data(text.utf8).write(to: url) }
        let expected = try? String(contentsOf: url, encoding: .utf8)
        #expect(expected == text, "\(name)/expect.txt differs; see the comment above")
    }

    @Test("every rule has a directory")
    func complete() {
        let missing = BreakingRule.allCases.map(\.rawValue).filter { !Self.names.contains($0) }
        #expect(missing == [])
    }

    @Test("a schema does not break itself, nor its formatted or archived form")
    func itself() throws {
        for name in ["conformance", "everything"] {
            let sources = try Fixtures.sources(below: "Golden/\(name)/schemas")
            let compilation = Compilation(sources)
            #expect(SchemaComparison(old: compilation, new: compilation).findings.isEmpty)
            let formatted = Compilation(
                try sources.map {
                    SourceFile(path: $0.path, text: try #require(Formatter.format($0)))
                })
            #expect(SchemaComparison(old: compilation, new: formatted).findings.isEmpty)
        }
    }

    @Test("an archived schema is compared like any other")
    func archive() throws {
        let now = try Fixtures.conformance()
        let text = try #require(now.canonicalText(of: "bank.risk.v1.AssessRequest"))
        func findings(_ text: String) -> [String] {
            let file = SourceFile(path: "archive.schema", text: text)
            let old = Compilation([file], archive: true)
            #expect(!old.hasErrors, "\(old.report)")
            return SchemaComparison(old: old, new: now).findings.map(\.rule.rawValue)
        }
        #expect(findings(text) == [])
        let renumbered = text.replacing("retry: uint32? = 8", with: "retry: uint32? = 30")
        #expect(findings(renumbered) == ["WIRE-02"])
    }

    @Test("what a comparison finds does not depend on the order of the sources")
    func deterministic() throws {
        for name in Self.names {
            let old = Fixtures.split(try Fixtures.text("Evolution/\(name)/old.schema"))
            let new = Fixtures.split(try Fixtures.text("Evolution/\(name)/new.schema"))
            let forward = SchemaComparison(old: Compilation(old), new: Compilation(new))
            let backward = SchemaComparison(
                old: Compilation(old.reversed()), new: Compilation(new.reversed()))
            #expect(Self.rendered(forward) == Self.rendered(backward))
        }
    }

    // MARK: breaking.allow

    private static func removal() throws -> [BreakingFinding] {
        SchemaComparison(
            old: try compilation("WIRE-01", "old"), new: try compilation("WIRE-01", "new")
        ).findings
    }

    private static func verdict(
        _ text: String, today: String = "2026-06-15",
        levels: Set<BreakingLevel> = [.wire, .json, .policy]
    ) throws -> BreakingVerdict {
        BreakingVerdict(
            try removal(), levels: levels, allowances: BreakingAllowances(text: text),
            today: try #require(Day(today)))
    }

    @Test("every level fails but SOURCE, or those that were asked for")
    func levels() throws {
        let findings = SchemaComparison(
            old: try Self.compilation("JSON-02", "old"), new: try Self.compilation("JSON-02", "new")
        ).findings
        func verdict(_ levels: Set<BreakingLevel>) throws -> [[BreakingRule]] {
            let verdict = BreakingVerdict(
                findings, levels: levels, allowances: BreakingAllowances(),
                today: try #require(Day("2026-06-15")))
            #expect(verdict.isClean == verdict.failures.isEmpty)
            return [verdict.failures.map(\.rule), verdict.warnings.map(\.rule)]
        }
        #expect(try verdict([.wire, .json, .policy]) == [[.jsonValueRenamed], [.memberRenamed]])
        #expect(try verdict([.wire]) == [[], [.jsonValueRenamed, .memberRenamed]])
        #expect(
            try verdict(Set(BreakingLevel.allCases)) == [[.jsonValueRenamed, .memberRenamed], []])
    }

    @Test("a permission holds until its day, and for its rule and name only")
    func permitted() throws {
        let line = "WIRE-01 test.v1.Payment.legacy 2026-06-15 never written\n"
        let held = try Self.verdict("# a comment\n\n" + line)
        #expect(held.isClean)
        #expect(held.allowed.map(\.rule) == [.fieldRemoved])
        #expect(held.remarks.isEmpty)

        let expired = try Self.verdict(line, today: "2026-06-16")
        #expect(expired.failures.map(\.rule) == [.fieldRemoved])
        #expect(
            expired.remarks == [
                .init(
                    severity: .error, line: 1,
                    message: "'WIRE-01 test.v1.Payment.legacy' expired on 2026-06-15")
            ])

        let unused = try Self.verdict(line + "WIRE-02 test.v1.Payment.legacy 2027-01-01 other")
        #expect(unused.isClean)
        #expect(unused.remarks.map(\.severity) == [.warning])
        #expect(unused.remarks.map(\.line) == [2])
    }

    @Test("an expired permission fails even when nothing needs it")
    func expiredAndUnused() throws {
        let verdict = try Self.verdict(
            """
            WIRE-01 test.v1.Payment.legacy 2030-01-01 never written
            WIRE-02 test.v1.Gone 2020-01-01 long ago
            """)
        #expect(verdict.failures.isEmpty)
        #expect(!verdict.isClean)
    }

    @Test(
        "a line that is not understood fails",
        arguments: [
            ("WIRE-01 test.v1.Payment.legacy 2026-06-15", "and a reason"),
            ("WIRE-1 a.b 2026-06-15 why", "did you mean 'WIRE-01'?"),
            ("WIRE-01 a.b 2026-02-30 why", "'2026-02-30' is not a day"),
            ("WIRE-01 a.b tomorrow why", "'tomorrow' is not a day"),
        ])
    func malformed(line: String, message: String) throws {
        let verdict = try Self.verdict(line)
        #expect(!verdict.isClean)
        #expect(verdict.remarks.first?.message.contains(message) == true, "\(verdict.remarks)")
    }

    @Test("days are those of the calendar")
    func days() {
        for text in ["2024-02-29", "2000-02-29", "2026-12-31"] {
            #expect(Day(text)?.description == text)
        }
        for text in [
            "2026-02-29", "1900-02-29", "2026-13-01", "2026-1-1", "2026-00-10", "+026-01-01",
        ] {
            #expect(Day(text) == nil, "\(text)")
        }
    }
}
