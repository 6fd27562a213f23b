internal import Crypto
internal import Foundation
public import RuleLanguage

/// Turns files into a rule set: reads, checks, compiles, and runs the rules' own tests. Either
/// everything is right, or all that is wrong is told.
public struct RuleSetLoader {
    static let maximumSetCost = 1_000_000

    private let sources: RuleSources
    private let profile: String?
    private let runsTests: Bool
    private var problems: [Problem] = []
    /// What was read besides the rules; set by a `load` that succeeds.
    public private(set) var contents = Contents()

    /// What rules refer to, as it was read.
    public struct Contents: Sendable {
        public var parameters: [String: Parameter] = [:]
        public var lists: [String: [String]] = [:]
        /// Tests of rules that were run.
        public var tests = 0
    }

    /// - Parameters:
    ///   - profile: replaces the parameter profile that the files name.
    ///   - runsTests: false for files whose tests passed when they were first loaded.
    public init(_ sources: RuleSources, profile: String? = nil, runsTests: Bool = true) {
        self.sources = sources
        self.profile = profile
        self.runsTests = runsTests
    }

    public mutating func load() throws(ConfigurationFailure) -> RuleSet {
        let catalogue = try FactCatalogue(sources.facts.text, file: sources.facts.name)
        let codes = try ReasonCodeTable(sources.reasonCodes.text, file: sources.reasonCodes.name)
        var parameterReader = ParameterReader()
        var parameters = parameterReader.read(sources.parameters, profile: profile)
        var listReader = ListReader()
        let lists = listReader.read(sources.lists)
        let packs = readPacks(catalogue, codes, &parameters)
        problems += parameterReader.problems + listReader.problems

        let environment = RuleEnvironment(
            facts: catalogue.schema, parameters: parameters, lists: lists.mapValues { TextSet($0) })
        let drafts = sorted(packs)
        guard let (rules, program) = compile(drafts, environment) else {
            throw ConfigurationFailure(problems)
        }
        var tests = RuleTestRun(catalogue: catalogue, environment: environment, lists: lists)
        if runsTests {
            tests.run(drafts, benign: sources.benignContext, packParameters: packs)
        }
        problems += tests.problems
        guard problems.isEmpty else { throw ConfigurationFailure(problems) }
        contents = Contents(
            parameters: parameters, lists: lists, tests: drafts.reduce(0) { $0 + $1.tests.count })
        return RuleSet(
            rules: rules, catalogue: catalogue, reasonCodes: codes, program: program,
            baseCurrency: parameterReader.baseCurrency,
            digest: Self.digest(
                rules, parameters, lists, parameterReader.baseCurrency, catalogue, codes))
    }

    // MARK: Packs

    private mutating func readPacks(
        _ catalogue: FactCatalogue, _ codes: ReasonCodeTable,
        _ parameters: inout [String: Parameter]
    ) -> [Pack] {
        var reader = PackReader(catalogue: catalogue, reasonCodes: codes)
        var packs: [Pack] = []
        for file in sources.packs {
            guard let pack = reader.read(file) else { continue }
            for (name, parameter) in pack.parameters {
                if parameters.updateValue(parameter, forKey: name) != nil {
                    reader.problems.append(
                        Problem(
                            file: file.name, line: 1, column: 1,
                            message: "the parameter '\(name)' is declared twice"))
                }
            }
            packs.append(pack)
        }
        problems += reader.problems
        checkCredit(packs, catalogue)
        return packs
    }

    /// Packs for credit may not read facts that law or fairness forbid there.
    private mutating func checkCredit(_ packs: [Pack], _ catalogue: FactCatalogue) {
        for pack in packs where pack.tags.contains("credit") {
            for draft in pack.drafts {
                for entry in catalogue.entries
                where !entry.isAllowedInCredit && draft.rule.condition.contains(entry.name) {
                    problems.append(
                        draft.when.problem("the fact \(entry.name) may not be used in credit"))
                }
            }
        }
    }

    private mutating func sorted(_ packs: [Pack]) -> [Pack.Draft] {
        let drafts = packs.flatMap(\.drafts).sorted { $0.rule.id < $1.rule.id }
        for (a, b) in zip(drafts, drafts.dropFirst()) where a.rule.id == b.rule.id {
            problems.append(
                b.node.problem(
                    "the id \(b.rule.id) is taken by \(a.node.file):\(a.node.line)"))
        }
        let names = Dictionary(grouping: drafts, by: \.rule.name)
        for same in names.values where same.count > 1 {
            problems.append(
                same[1].node.problem(
                    "the name '\(same[1].rule.name)' is taken by \(same[0].rule.id)"))
        }
        if drafts.count > Int(PackReader.maximumRules) {
            problems.append(
                drafts[0].node.problem(
                    "\(drafts.count) rules; at most \(PackReader.maximumRules) are allowed"))
        }
        return drafts
    }

    // MARK: Compiling

    /// Nil if a condition is wrong: then nothing can be tested.
    private mutating func compile(
        _ drafts: [Pack.Draft], _ environment: RuleEnvironment
    ) -> ([Rule], Program)? {
        var builder = ProgramBuilder(environment: environment)
        var rules: [Rule] = []
        for draft in drafts {
            var rule = draft.rule
            do {
                rule.expression = try builder.addCondition(rule.condition)
                rules.append(rule)
            } catch {
                problems += error.diagnostics.map { Self.place($0, in: draft.when) }
            }
        }
        let program = builder.build()
        for index in rules.indices {
            rules[index].facts = program.expressions[rules[index].expression].factsRead
        }
        if program.cost > Self.maximumSetCost {
            problems.append(
                drafts[0].node.problem(
                    "the rules cost \(program.cost); at most \(Self.maximumSetCost) is allowed"))
        }
        return rules.count == drafts.count && problems.isEmpty ? (rules, program) : nil
    }

    /// The place of a diagnostic in the file: plain and quoted texts start where their node does.
    static func place(_ diagnostic: Diagnostic, in when: SourceNode) -> Problem {
        let style = when.node.scalar?.style
        let isBlock = style == .literal || style == .folded
        let isQuoted = style == .singleQuoted || style == .doubleQuoted
        let isFirstLine = diagnostic.span.line == 1 && !isBlock
        let indent = isFirstLine ? when.column - 1 + (isQuoted ? 1 : 0) : 0
        return Problem(
            file: when.file, line: when.line + diagnostic.span.line - (isBlock ? 0 : 1),
            column: diagnostic.span.column + indent, message: diagnostic.message)
    }

    // MARK: Name

    private static func digest(
        _ rules: [Rule], _ parameters: [String: Parameter], _ lists: [String: [String]],
        _ baseCurrency: String, _ catalogue: FactCatalogue, _ codes: ReasonCodeTable
    ) -> [UInt8] {
        var hash = SHA256()
        func add(_ fields: String...) {
            for field in fields {
                withUnsafeBytes(of: UInt64(field.utf8.count).bigEndian) {
                    hash.update(bufferPointer: $0)
                }
                hash.update(data: Data(field.utf8))
            }
        }
        add("assay.rule-set/1", baseCurrency)
        for rule in rules {
            add(
                rule.id, rule.name, rule.condition, "\(rule.score)", rule.severity.rawValue,
                rule.reasonCode, rule.outcome.rawValue, rule.state.rawValue,
                rule.onMissing.rawValue, rule.text.source,
                (rule.industries ?? ["all"]).sorted().joined(separator: ","),
                "\(rule.validFrom ?? .min)", "\(rule.validUntil ?? .max)")
        }
        for (name, parameter) in parameters.sorted(by: { $0.key < $1.key }) {
            add("P", name, "\(parameter.value)", "\(parameter.isMoney)")
        }
        for (name, entries) in lists.sorted(by: { $0.key < $1.key }) {
            add("L", name)
            for entry in entries.sorted() { add(entry) }
        }
        for entry in catalogue.entries {
            add("F", entry.name, "\(entry.type)", "\(entry.isMoney)", entry.expectation.rawValue)
        }
        for (name, code) in codes.codes.sorted(by: { $0.key < $1.key }) {
            add("C", name, code.disclosure.rawValue, code.text, code.customerText)
        }
        return Array(hash.finalize())
    }
}
