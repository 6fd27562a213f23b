extension Policy {
    /// Decides. The order of the hits plays no part: every sum runs in a fixed order.
    public func decide(_ input: PolicyInput) -> PolicyDecision {
        let hits = rules.map { only in input.hits.filter { only.contains($0.rule) } } ?? input.hits
        let families = families(of: hits.filter { !$0.isTypology })
        let ruleScore = ruleScore(families)
        let modelScore = input.probability.map { Self.thousandths($0 * 100_000) }
        let weights = weights(hasRules: input.hasRules, hasModel: modelScore != nil)
        let score = (weights.rules * ruleScore + weights.model * (modelScore ?? 0) + 500) / 1000

        var decision = PolicyDecision(
            ruleScore: ruleScore, modelScore: modelScore, score: score,
            level: level(of: score / 1000), status: status(of: score / 1000, input.industry),
            forcedBy: [],
            contributions: contributions(
                of: families, weights.rules * ruleScore,
                model: modelScore.map { weights.model * $0 }, input, sum: score),
            isRaisedByModel: false)
        force(hits, &decision)
        applyModelFloor(input.probability, &decision)
        return decision
    }

    // MARK: Score

    /// By rising family code; the hits of one family by falling score.
    private func families(of hits: [Hit]) -> [HitFamily] {
        let sorted = hits.sorted { $0.rule < $1.rule }
        var families: [HitFamily] = []
        var start = 0
        while start < sorted.count {
            let family = sorted[start].family
            var end = start + 1
            while end < sorted.count, sorted[end].family == family { end += 1 }
            families.append(self.family(String(family), sorted[start..<end]))
            start = end
        }
        return families
    }

    private func family(_ name: String, _ hits: ArraySlice<Hit>) -> HitFamily {
        let ranked =
            hits.count == 1
            ? Array(hits)
            : hits.sorted { a, b in
                a.score != b.score ? a.score > b.score : a.rule < b.rule
            }
        if acrossFamilies == .sum {
            let sum = ranked.reduce(Int64(0)) { $0 + $1.score }
            return HitFamily(hits: ranked, restFactor: 1, value: Double(sum) / 100)
        }
        let isCritical = ranked.contains { $0.severity == .critical }
        let cap =
            isCritical ? withinFamily.capIfCritical[name] ?? withinFamily.cap : withinFamily.cap
        let rest = ranked.dropFirst().reduce(Int64(0)) { $0 + $1.score }
        let sum = Double(ranked.first?.score ?? 0) + withinFamily.restFactor * Double(rest)
        return HitFamily(
            hits: ranked, restFactor: withinFamily.restFactor, value: min(sum, cap) / 100)
    }

    /// What the families come to together.
    private func ruleScore(_ families: [HitFamily]) -> Int64 {
        switch acrossFamilies {
        case .noisyOr:
            let product = families.reduce(1.0) { $0 * (1 - $1.value) }
            return Self.thousandths((1 - product) * 100_000)
        case .cappedSum, .sum:
            return Self.thousandths(min(1, families.reduce(0.0) { $0 + $1.value }) * 100_000)
        case .max:
            return Self.thousandths((families.lazy.map(\.value).max() ?? 0) * 100_000)
        }
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
}
