public import RuleLanguage

/// The rules, parameters and lists that run together; immutable, named by what it does.
public final class RuleSet: Sendable {
    /// By rising id.
    public let rules: [Rule]
    public let catalogue: FactCatalogue
    public let reasonCodes: ReasonCodeTable
    let program: Program
    /// Where each fact of the catalogue comes from.
    let bindings: FactBindings
    /// What a run needs of the live and shadow rules, so that it copies nothing else.
    private let live: [LiveRule]
    /// ISO 4217 code of the money that rules compare.
    public let baseCurrency: String
    /// What the analysis of devices knows.
    let devices: DeviceKnowledge
    /// SHA-256 of the time zones; empty without any.
    let zoneDigest: [UInt8]
    /// The values of the parameters, which are compiled into the rules.
    let parameters: [String: Parameter]
    /// SHA-256 of the canonical form of rules, parameters and lists.
    public let digest: [UInt8]

    init(
        rules: [Rule], catalogue: FactCatalogue, reasonCodes: ReasonCodeTable, program: Program,
        baseCurrency: String, parameters: [String: Parameter] = [:],
        devices: DeviceKnowledge = DeviceKnowledge(lists: [:], zones: ZoneTable()),
        zoneDigest: [UInt8] = [], digest: [UInt8]
    ) {
        self.devices = devices
        self.zoneDigest = zoneDigest
        self.parameters = parameters
        self.rules = rules
        self.catalogue = catalogue
        self.reasonCodes = reasonCodes
        self.program = program
        bindings = FactBindings(catalogue)
        live = rules.enumerated().filter { $0.element.state.runs }.map {
            LiveRule(index: $0.offset, $0.element)
        }
        self.baseCurrency = baseCurrency
        self.digest = digest
    }
}

/// The part of a live or shadow rule that decides whether it runs, and what.
private struct LiveRule {
    let index: Int
    let expression: Int
    /// Runs beside the others and changes nothing.
    let isShadow: Bool
    private let industries: Set<String>?
    private let validFrom: Int64
    private let validUntil: Int64
    let isTypology: Bool
    /// Facts older than their source promises count as missing.
    let needsFresh: Bool

    init(index: Int, _ rule: Rule) {
        self.index = index
        expression = rule.expression
        isShadow = rule.state == .shadow
        industries = rule.industries
        validFrom = rule.validFrom ?? .min
        validUntil = rule.validUntil ?? .max
        isTypology = rule.isTypology
        needsFresh = rule.stale == .missing
    }

    func applies(industry: String, at second: Int64) -> Bool {
        second >= validFrom && second < validUntil && industries?.contains(industry) ?? true
    }
}

/// What became of a rule.
public enum RuleVerdict: Sendable, Hashable {
    case hit
    case noHit
    /// Facts that were expected are missing.
    case notEvaluated
    case error(EvaluationError)
    /// Only facts that this kind of event does not have are missing.
    case skipped
    /// It would count, but an exception silences it for this subject.
    case snoozed
    /// It holds, and is only watched.
    case shadowHit
}

/// The verdict of every live rule that applies to an event, and every shadow rule that holds, by
/// rising id.
public struct RuleRun: Sendable {
    public struct Entry: Sendable {
        /// Position in the rule set.
        public var rule: Int
        public var verdict: RuleVerdict
    }

    public var entries: [Entry] = []
    /// Rules that were evaluated and did not hold.
    public var noHits = 0
    /// Those of them that have points in a score.
    public var scoringNoHits = 0
}

extension RuleSet {
    /// Runs all live and shadow rules that apply. `expects` tells which facts this event should
    /// have.
    public func run(
        over sheet: FactSheet, industry: String, at second: Int64, only: Set<String>? = nil,
        expects: (FactCatalogue.Entry) -> Bool, evaluator: inout Evaluator
    ) -> RuleRun {
        var run = RuleRun()
        let hasStale = !sheet.flagged.isEmpty
        run.entries.reserveCapacity(live.count)
        evaluator.eventSecond = second
        for rule in live {
            guard rule.applies(industry: industry, at: second),
                only?.contains(rules[rule.index].id) ?? true
            else { continue }
            if hasStale, rule.needsFresh, rules[rule.index].facts.contains(where: sheet.isStale) {
                run.entries.append(RuleRun.Entry(rule: rule.index, verdict: .notEvaluated))
                continue
            }
            let verdict: RuleVerdict
            let result = evaluator.condition(rule.expression, of: program, over: sheet.frame)
            if rule.isShadow {
                if case .holds = result {
                    run.entries.append(RuleRun.Entry(rule: rule.index, verdict: .shadowHit))
                }
                continue
            }
            switch result {
            case .holds: verdict = .hit
            case .fails:
                run.noHits += 1
                if !rule.isTypology { run.scoringNoHits += 1 }
                continue
            case .failed(let error): verdict = .error(error)
            case .missing: verdict = missing(rules[rule.index].facts, sheet, expects)
            }
            run.entries.append(RuleRun.Entry(rule: rule.index, verdict: verdict))
        }
        return run
    }

    private func missing(
        _ facts: [Int], _ sheet: FactSheet, _ expects: (FactCatalogue.Entry) -> Bool
    ) -> RuleVerdict {
        let isBlamed = facts.contains { slot in
            !sheet.frame.isPresent(slot) && expects(catalogue.entries[slot])
        }
        return isBlamed ? .notEvaluated : .skipped
    }
}
