/// How two sides are compared: which rules both run alike, so that they run once, and which are
/// run for one side only.
struct BacktestPlan {
    /// What became of a rule between the live set and the candidate.
    enum Change: String {
        case added, removed, changed, same
    }

    let live: BacktestSide
    let candidate: BacktestSide
    /// The ids of both sides, rising; positions in it name rules in tallies.
    let ids: [String]
    let changes: [Change]
    /// Positions in `ids` of each side's rules.
    let livePositions: [Int]
    let candidatePositions: [Int]
    /// Positions in the candidate of the rules of the live set that both run alike.
    let carried: [Int?]
    /// The rules of the live set that both run alike, and those that only it runs.
    let shared: RuleSet
    let liveOnly: RuleSet
    let candidateOnly: RuleSet
    /// Whether both declare the same facts in the same slots.
    let hasSameFacts: Bool
    /// Whether the same hits are the same decision.
    let hasSamePolicy: Bool

    init(live: BacktestSide, candidate: BacktestSide) {
        self.live = live
        self.candidate = candidate
        hasSameFacts = live.rules.catalogue.entries == candidate.rules.catalogue.entries
        hasSamePolicy = live.policy == candidate.policy
        let before = Self.runnable(live)
        let after = Self.runnable(candidate)
        let all = Set(live.rules.rules.map(\.id)).union(candidate.rules.rules.map(\.id)).sorted()
        let positions = Dictionary(uniqueKeysWithValues: all.enumerated().map { ($1, $0) })
        ids = all
        livePositions = live.rules.rules.map { positions[$0.id] ?? 0 }
        candidatePositions = candidate.rules.rules.map { positions[$0.id] ?? 0 }
        changes = all.map { Self.change(before[$0]?.content, after[$0]?.content) }
        let same = Set(
            before.keys.filter { id in
                before[id]?.content == after[id]?.content && before[id]?.content.isEmpty == false
            })
        let places = Dictionary(
            uniqueKeysWithValues: candidate.rules.rules.enumerated().map { ($1.id, $0) })
        carried = live.rules.rules.map { same.contains($0.id) ? places[$0.id] : nil }
        shared = live.rules.running { same.contains($0.id) }
        liveOnly = live.rules.running { before[$0.id] != nil && !same.contains($0.id) }
        candidateOnly = candidate.rules.running { after[$0.id] != nil && !same.contains($0.id) }
    }

    private static func runnable(_ side: BacktestSide) -> [String: Rule] {
        Dictionary(
            side.rules.rules.filter(side.runs).map { ($0.id, $0) }, uniquingKeysWith: { a, _ in a })
    }

    private static func change(_ before: [UInt8]?, _ after: [UInt8]?) -> Change {
        switch (before, after) {
        case (nil, nil): .same
        case (nil, _): .added
        case (_, nil): .removed
        case (let before, let after): before == after ? .same : .changed
        }
    }
}

extension RuleSet {
    /// The same set, of which only some rules run; positions stay what they are.
    func running(_ isWanted: (Rule) -> Bool) -> RuleSet {
        let rules = rules.map { rule in
            var rule = rule
            if !isWanted(rule) { rule.state = .draft }
            return rule
        }
        return RuleSet(
            rules: rules, catalogue: catalogue, reasonCodes: reasonCodes, program: program,
            baseCurrency: baseCurrency, digest: digest)
    }
}
