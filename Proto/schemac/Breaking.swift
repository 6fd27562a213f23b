internal import ArgumentParser
internal import Foundation
internal import SchemaCompiler

/// `schemac breaking`: what a change to the schemas breaks (wire.md §16).
struct Breaking: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says what the schemas break compared with an older version.",
        discussion: """
            WIRE breaks stored bytes and running peers, JSON callers that speak JSON, SOURCE code \
            written against the generated Swift, POLICY calls that were allowed before. All but \
            SOURCE fail; with --level, that level and those before it in the order wire, json, \
            source, policy. What does not fail is shown as a warning.

            A change that is meant to break is permitted by a line of breaking.allow in the schema \
            root: rule, full name, last day, reason.
            """)

    @OptionGroup var sources: SourceOptions

    @Option(
        help: ArgumentHelp(
            "What to compare with: git:REV, a schema root, or an archived .schema file.",
            valueName: "ref"))
    var against: String

    @Option(
        help: "The last level that fails: wire, json, source or policy.",
        transform: { text in
            if let level = BreakingLevel(rawValue: text) { return level }
            let levels = BreakingLevel.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("'\(text)' is not one of \(levels)")
        })
    var level: BreakingLevel?

    @Option(help: "The file of permitted changes (default: breaking.allow in the schema root).")
    var allow: String?

    @Option(help: ArgumentHelp("The day to judge by, such as 2026-11-30.", visibility: .hidden))
    var today: String?

    func run() throws {
        let palette = sources.color.palette(of: .standardOutput)
        let old = try Baseline(against, schemas: sources.schemas).compile(sources)
        let comparison = SchemaComparison(old: old, new: try sources.compile())
        let verdict = BreakingVerdict(
            comparison.findings, levels: failingLevels, allowances: try allowances(),
            today: try day())
        for (findings, severity) in [
            (verdict.warnings, Severity.warning), (verdict.failures, .error),
        ] {
            for finding in findings {
                print(
                    comparison.rendered(finding, severity, origin: against, palette),
                    terminator: "\n\n")
            }
        }
        for remark in verdict.remarks {
            print("\(allowPath):\(remark.line): \(remark.severity.rawValue): \(remark.message)")
        }
        print(summary(verdict))
        if !verdict.isClean { throw ExitCode(1) }
    }

    private var failingLevels: Set<BreakingLevel> {
        guard let level, let last = BreakingLevel.allCases.firstIndex(of: level) else {
            return Set(BreakingLevel.allCases).subtracting([.source])
        }
        return Set(BreakingLevel.allCases[...last])
    }

    private func summary(_ verdict: BreakingVerdict) -> String {
        let count = verdict.failures.count
        var text =
            count == 0
            ? "nothing breaks compared with \(against)"
            : "\(count) breaking change\(count == 1 ? "" : "s") compared with \(against)"
        if !verdict.allowed.isEmpty { text += "; \(verdict.allowed.count) permitted" }
        if !verdict.warnings.isEmpty {
            let count = verdict.warnings.count
            text += "; \(count) warning\(count == 1 ? "" : "s")"
        }
        return text
    }

    // MARK: Permitted changes

    private var allowPath: String { allow ?? "\(sources.schemas)/breaking.allow" }

    private func allowances() throws -> BreakingAllowances {
        if allow == nil, !FileManager.default.fileExists(atPath: allowPath) {
            return BreakingAllowances()
        }
        let bytes = try SchemaDirectory.bytes(of: allowPath)
        return BreakingAllowances(text: String(decoding: bytes, as: UTF8.self))
    }

    private func day() throws -> Day {
        let text = today ?? String(Date.now.ISO8601Format().prefix(10))
        guard let day = Day(text) else { throw Failure.input("'\(text)' is not a day") }
        return day
    }
}
