extension Policy {
    /// A source of points before they are rounded.
    private struct Part {
        var source: String
        var code: String
        /// Thousandths.
        var points: Double
    }

    /// Shares the score out among its sources. All parts add up to `sum`.
    ///
    /// - Parameters:
    ///   - rules: the rules' part of the score, in millionths of a point.
    ///   - model: the model's; nil if there is none.
    func contributions(
        of families: [HitFamily], _ rules: Int64, model: Int64?, _ input: PolicyInput, sum: Int64
    ) -> [PolicyDecision.Contribution] {
        var parts: [Part] = []
        parts.reserveCapacity(input.hits.count + 1)
        let shares = shares(of: families.map(\.value))
        let whole = shares.reduce(0, +)
        for (family, share) in zip(families, shares) {
            append(
                family, points: Double(rules) / 1000 * share / (whole == 0 ? 1 : whole), to: &parts)
        }
        if let model { appendModel(Double(model) / 1000, input, to: &parts) }
        let points = Self.largestRemainders(parts, sum: sum)
        return zip(parts, points).map { part, points in
            PolicyDecision.Contribution(
                source: part.source, reasonCode: part.code, points: points)
        }
    }

    /// What each family brought to the rules' score.
    private func shares(of values: [Double]) -> [Double] {
        switch acrossFamilies {
        case .noisyOr: Shapley.shares(of: values)
        case .max: Shapley.sharesOfMaximum(of: values)
        // What is cut off at 100 is cut off of all alike.
        case .cappedSum, .sum: values
        }
    }

    /// Within a family in proportion to the scores as they count.
    private func append(_ family: HitFamily, points: Double, to parts: inout [Part]) {
        let scores = family.hits.enumerated().map { index, hit in
            Double(hit.score) * (index == 0 ? 1 : family.restFactor)
        }
        let whole = scores.reduce(0, +)
        for (hit, score) in zip(family.hits, scores) {
            parts.append(
                Part(
                    source: hit.rule, code: hit.reasonCode,
                    points: whole == 0 ? 0 : points * score / whole))
        }
    }

    /// The model's points: its baseline as `ML`, and what each input moved it by.
    private func appendModel(_ points: Double, _ input: PolicyInput, to parts: inout [Part]) {
        let baseline = parts.count
        parts.append(Part(source: "ML", code: ReasonCode.modelScore, points: points))
        guard let explanation = input.explanation, let probability = input.probability,
            probability > 0
        else { return }
        for (attribution, moved) in explanation.movements(to: probability) {
            let part = points * moved / probability
            parts[baseline].points -= part
            parts.append(
                Part(source: attribution.source, code: attribution.reasonCode, points: part))
        }
    }

    // MARK: Rounding

    /// Cuts each part down, then gives the rest to the largest remainders, ties by name: the parts
    /// add up to `sum`.
    private static func largestRemainders(_ parts: [Part], sum: Int64) -> [Int64] {
        var points = parts.map { Int64($0.points.rounded(.down)) }
        guard !parts.isEmpty else { return points }
        let order = parts.indices.sorted { a, b in
            let x = parts[a].points - Double(points[a])
            let y = parts[b].points - Double(points[b])
            if x != y { return x > y }
            return parts[a].source != parts[b].source ? parts[a].source < parts[b].source : a < b
        }
        // The rest is less than one each, but for the rounding of the sums above.
        var rest = sum - points.reduce(0, +)
        while rest > 0 {
            for index in order.prefix(Int(min(rest, Int64(order.count)))) {
                points[index] += 1
                rest -= 1
            }
        }
        while rest < 0 {
            for index in order.reversed().prefix(Int(min(-rest, Int64(order.count)))) {
                points[index] -= 1
                rest += 1
            }
        }
        return points
    }
}
