extension Policy {
    /// Decides. The order of the hits plays no part: every sum runs in a fixed order.
    public func decide(_ input: PolicyInput) -> PolicyDecision {
        let hits = rules.map { only in input.hits.filter { only.contains($0.rule) } } ?? input.hits
        let families = families(of: hits.filter { !$0.isTypology })
        let ruleScore = Self.ruleScore(families.map(\.value))
        let modelScore = input.probability.map { Self.thousandths($0 * 100_000) }
        let weights = weights(hasRules: input.hasRules, hasModel: modelScore != nil)
        let score = (weights.rules * ruleScore + weights.model * (modelScore ?? 0) + 500) / 1000

        var decision = PolicyDecision(
            ruleScore: ruleScore, modelScore: modelScore, score: score,
            level: level(of: score / 1000), status: status(of: score / 1000, input.industry),
            forcedBy: [],
            contributions: contributions(families, ruleScore, modelScore, weights, score),
            isRaisedByModel: false)
        force(hits, &decision)
        applyModelFloor(input.probability, &decision)
        return decision
    }

    // MARK: Score

    /// The hits of one family, by falling score, and its value in 0…1.
    private struct Family {
        var hits: [Hit]
        var value: Double
    }

    private func families(of hits: [Hit]) -> [Family] {
        let grouped = Dictionary(grouping: hits, by: \.family)
        return grouped.keys.sorted().map { family in
            let ranked = (grouped[family] ?? []).sorted { a, b in
                a.score != b.score ? a.score > b.score : a.rule < b.rule
            }
            let isCritical = ranked.contains { $0.severity == .critical }
            let cap =
                isCritical
                ? withinFamily.capIfCritical[String(family)] ?? withinFamily.cap : withinFamily.cap
            let rest = ranked.dropFirst().reduce(Int64(0)) { $0 + $1.score }
            let sum = Double(ranked.first?.score ?? 0) + withinFamily.restFactor * Double(rest)
            return Family(hits: ranked, value: min(sum, cap) / 100)
        }
    }

    /// Noisy-or: the chance that at least one family is right, if they were independent.
    private static func ruleScore(_ values: [Double]) -> Int64 {
        let product = values.reduce(1.0) { $0 * (1 - $1) }
        return thousandths((1 - product) * 100_000)
    }

    /// Rounds half to even.
    static func thousandths(_ value: Double) -> Int64 {
        Int64(value.rounded(.toNearestOrEven))
    }

    /// A side that is absent gives its weight to the other.
    private func weights(hasRules: Bool, hasModel: Bool) -> (rules: Int64, model: Int64) {
        if !hasModel { return (1000, 0) }
        return hasRules ? (rulesWeight, 1000 - rulesWeight) : (0, 1000)
    }

    // MARK: Level and status

    private func level(of points: Int64) -> RiskLevel {
        if points >= levels.critical { return .critical }
        if points >= levels.high { return .high }
        return points >= levels.medium ? .medium : .low
    }

    private func status(of points: Int64, _ industry: String) -> RiskStatus {
        guard let limits = thresholds[industry] ?? thresholds["default"] else { return .review }
        if points >= limits.decline { return .declined }
        return points >= limits.review ? .review : .approved
    }

    private func force(_ hits: [Hit], _ decision: inout PolicyDecision) {
        for hit in hits {
            guard hit.outcome != .none, let raised = forcedLevel[hit.outcome] else { continue }
            decision.status = max(decision.status, hit.outcome.status)
            decision.level = max(decision.level, raised)
            decision.forcedBy.append(hit.rule)
        }
        decision.forcedBy.sort()
    }

    private func applyModelFloor(_ probability: Double?, _ decision: inout PolicyDecision) {
        guard let floor = modelFloor, let probability,
            Self.thousandths(probability * 100_000)
                >= Self.thousandths(floor.probability * 100_000)
        else { return }
        decision.isRaisedByModel = floor.outcome.status > decision.status
        decision.status = max(decision.status, floor.outcome.status)
    }

    // MARK: Contributions

    private func contributions(
        _ families: [Family], _ ruleScore: Int64, _ modelScore: Int64?,
        _ weights: (rules: Int64, model: Int64), _ score: Int64
    ) -> [PolicyDecision.Contribution] {
        var parts: [(source: String, code: String, points: Double)] = []
        let shares = Shapley.shares(of: families.map(\.value))
        let sum = shares.reduce(0, +)
        let total = sum == 0 ? 1 : sum
        for (family, share) in zip(families, shares) {
            let scores = family.hits.enumerated().map { index, hit in
                Double(hit.score) * (index == 0 ? 1 : withinFamily.restFactor)
            }
            let whole = scores.reduce(0, +)
            for (hit, part) in zip(family.hits, scores) {
                let points =
                    Double(weights.rules * ruleScore) / 1000 * share / total * part / whole
                parts.append((hit.rule, hit.reasonCode, points))
            }
        }
        if let modelScore {
            parts.append(("ML", ReasonCode.modelScore, Double(weights.model * modelScore) / 1000))
        }
        let points = Self.largestRemainders(parts.map { ($0.source, $0.points) }, sum: score)
        return zip(parts, points).map { part, points in
            PolicyDecision.Contribution(
                source: part.source, reasonCode: part.code, points: points)
        }
    }

    /// Cuts each part down, then gives the rest to the largest remainders, ties by name: the parts
    /// add up to `sum`.
    private static func largestRemainders(
        _ parts: [(name: String, points: Double)], sum: Int64
    ) -> [Int64] {
        var points = parts.map { Int64($0.points.rounded(.down)) }
        let order = parts.indices.sorted { a, b in
            let (x, y) = (
                parts[a].points - Double(points[a]), parts[b].points - Double(points[b])
            )
            return x != y ? x > y : parts[a].name < parts[b].name
        }
        let rest = sum - points.reduce(0, +)
        for index in order.prefix(Int(max(0, rest))) { points[index] += 1 }
        return points
    }
}
