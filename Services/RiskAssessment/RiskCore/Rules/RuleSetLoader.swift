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
        let (catalogue, codes) = readTables()
        var parameterReader = ParameterReader()
        var parameters = parameterReader.read(sources.parameters, profile: profile)
        var listReader = ListReader()
        let lists = listReader.read(sources.lists)
        var zoneReader = ZoneReader()
        let zones = zoneReader.read(sources.zones)
        problems += parameterReader.problems + listReader.problems + zoneReader.problems
        guard let catalogue, let codes else { throw ConfigurationFailure(problems) }
        let packs = readPacks(catalogue, codes, &parameters)

        let environment = RuleEnvironment(
            facts: catalogue.schema, parameters: parameters, lists: listReader.sets, zones: zones)
        let drafts = sorted(packs)
        let (read, program, compiled) = compile(drafts, environment)
        var content = RuleContent(parameters: parameters, lists: lists, catalogue: catalogue)
        let rules = read.map { content.added(to: $0) }
        var tests = RuleTestRun(catalogue: catalogue, environment: environment)
        if runsTests { tests.run(compiled, benign: sources.benignContext) }
        problems += tests.problems
        guard problems.isEmpty else { throw ConfigurationFailure(problems) }
        contents = Contents(
            parameters: parameters, lists: lists, tests: drafts.reduce(0) { $0 + $1.tests.count })
        return RuleSet(
            rules: rules, catalogue: catalogue, reasonCodes: codes, program: program,
            baseCurrency: parameterReader.baseCurrency, parameters: parameters,
            devices: DeviceKnowledge(lists: listReader.sets, zones: zones),
            zoneDigest: Self.digest(of: sources.zones),
            digest: Self.digest(
                rules, parameters, lists, parameterReader.baseCurrency, catalogue, codes,
                sources.zones))
    }

    // MARK: Packs

    /// The tables that packs refer to; nil where one is wrong, which is told with all other problems.
    private mutating func readTables() -> (FactCatalogue?, ReasonCodeTable?) {
        var facts: FactCatalogue?
        var codes: ReasonCodeTable?
        do {
            facts = try FactCatalogue(sources.facts.text, file: sources.facts.name)
        } catch {
            problems += error.problems
        }
        do {
            codes = try ReasonCodeTable(
                sources.reasonCodes.text, file: sources.reasonCodes.name)
        } catch {
            problems += error.problems
        }
        return (facts, codes)
    }

    private mutating func readPacks(
        _ catalogue: FactCatalogue, _ codes: ReasonCodeTable,
        _ parameters: inout [String: Parameter]
    ) -> [Pack] {
        var reader = PackReader(catalogue: catalogue, reasonCodes: codes)
        var packs: [Pack] = []
        for file in sources.packs {
            guard let pack = reader.read(file) else { continue }
            for (name, parameter) in pack.parameters.sorted(by: { $0.key < $1.key }) {
                guard parameters.updateValue(parameter, forKey: name) != nil,
                    let node = pack.parameterNodes[name]
                else { continue }
                let first = packs.lazy.compactMap { $0.parameterNodes[name] }.first
                let place = first.map { "\($0.file):\($0.line)" } ?? sources.parameters.name
                reader.problems.append(
                    node.problem("the parameter '\(name)' is taken by \(place)"))
            }
            packs.append(pack)
        }
        if parameters.count > PackReader.maximumParameters {
            reader.problems.append(
                Problem(
                    file: sources.parameters.name, line: 1, column: 1,
                    message: "\(parameters.count) parameters; at most "
                        + "\(PackReader.maximumParameters) are allowed"))
        }
        problems += reader.problems
        checkCredit(packs, catalogue)
        return packs
    }

    /// Packs for credit may not read facts that law or fairness forbid there.
    private mutating func checkCredit(_ packs: [Pack], _ catalogue: FactCatalogue) {
        for pack in packs where pack.has(.credit) {
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
        for same in names.values {
            for other in same.dropFirst() {
                problems.append(
                    other.node.problem(
                        "the name '\(other.rule.name)' is taken by \(same[0].rule.id)"))
            }
        }
        if drafts.count > Int(PackReader.maximumRules) {
            problems.append(
                drafts[0].node.problem(
                    "\(drafts.count) rules; at most \(PackReader.maximumRules) are allowed"))
        }
        return drafts
    }

    // MARK: Compiling

    /// The rules whose conditions are right, and what they were made of.
    private mutating func compile(
        _ drafts: [Pack.Draft], _ environment: RuleEnvironment
    ) -> ([Rule], Program, [Pack.Draft]) {
        var builder = ProgramBuilder(environment: environment)
        var rules: [Rule] = []
        var compiled: [Pack.Draft] = []
        for draft in drafts {
            var rule = draft.rule
            do {
                rule.expression = try builder.addCondition(rule.condition)
                rules.append(rule)
                compiled.append(draft)
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
        return (rules, program, compiled)
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

    /// SHA-256; empty without a table.
    private static func digest(of zones: RuleSources.File) -> [UInt8] {
        zones.text.isEmpty ? [] : Array(SHA256.hash(data: Data(zones.text.utf8)))
    }

    private static func digest(
        _ rules: [Rule], _ parameters: [String: Parameter], _ lists: [String: [String]],
        _ baseCurrency: String, _ catalogue: FactCatalogue, _ codes: ReasonCodeTable,
        _ zones: RuleSources.File
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
        if !zones.text.isEmpty { add("Z", zones.text) }
        return Array(hash.finalize())
    }
}
