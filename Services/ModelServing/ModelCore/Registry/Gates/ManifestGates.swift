internal import AssayMessages
internal import Wire

/// Whether a version's model card says everything, and its review is not overdue.
enum CardGate {
    static func result(_ move: AliasMove) -> AssayModelsV1.GateResult {
        guard let card = move.record.manifest.card else {
            return .failed("the manifest has no card: push the file again with one")
        }
        let texts = [
            ("intended_use", card.intendedUse), ("excluded_use", card.excludedUse),
            ("population", card.population), ("limits", card.limits), ("owner", card.owner),
            ("approver", card.approver),
        ]
        var missing = texts.filter { $0.1.isEmpty }.map(\.0)
        if card.nextReview == nil { missing.append("next_review") }
        guard missing.isEmpty, let review = card.nextReview else {
            return .failed(
                "the card lacks \(missing.joined(separator: ", ")): push the file again with them")
        }
        guard move.time < review else {
            return .failed(
                "the card's review was due at \(review): review the model, and push the file again "
                    + "with the next date")
        }
        return .passed("complete; next review at \(review)")
    }
}

/// Whether a version's figures are above the floors of the alias.
enum MetricsGate {
    /// What the area under the curve must at least be.
    static let lowestAUC = 0.60

    static func result(_ move: AliasMove) -> AssayModelsV1.GateResult {
        guard let metrics = move.record.manifest.metrics else {
            return .failed("the manifest has no metrics: push the file again with them")
        }
        guard !metrics.set.isEmpty, metrics.rows > 0 else {
            return .failed("the metrics do not say of which rows they are (set, rows)")
        }
        var problems: [String] = []
        var floors = move.policy.floors
        if !floors.contains(where: { $0.figure == "auc" }) {
            floors.append(.init(figure: "auc", lowest: lowestAUC))
        }
        for (name, floor) in floors.map({ ($0.figure, $0.lowest) }) {
            guard let figure = metrics.figures.first(where: { $0.name == name }) else {
                problems.append("\(name) is not stated, and must be at least \(floor)")
                continue
            }
            if !(figure.value >= floor) {
                problems.append("\(name) \(figure.value) below \(floor)")
            }
        }
        guard problems.isEmpty else {
            return .failed(
                "\(problems.joined(separator: ", ")), on \(metrics.set): train a better model")
        }
        let stated = floors.map(\.figure).map { name in
            "\(name) \(metrics.figures.first { $0.name == name }?.value ?? 0)"
        }
        return .passed("\(stated.joined(separator: ", ")) on \(metrics.set)")
    }
}

/// Whether a version keeps the limits of fairness, or somebody who approved it answers for that.
enum FairnessGate {
    /// What a ratio of selection rates may not be below (the four-fifths rule).
    static let lowestRatio = 0.8
    private static let ratios: Set<String> = ["disparate_impact", "demographic_parity_ratio"]

    static func result(_ move: AliasMove) -> AssayModelsV1.GateResult {
        guard let report = move.record.manifest.fairness, !report.figures.isEmpty else {
            return .failed("the manifest has no fairness report: push the file again with one")
        }
        let broken = report.figures.filter { isBroken($0) }
        guard !broken.isEmpty else {
            return .passed("\(report.figures.count) figures, no limit broken")
        }
        let texts = broken.prefix(4).map {
            "\($0.metric) \($0.value)" + ($0.groups.isEmpty ? "" : " (\($0.groups))")
        }
        let found = texts.joined(separator: ", ")
        guard let exception = report.exception, !exception.approvedBy.isEmpty else {
            return .failed(
                "\(found): mitigate that, or push the file again with an exception by the name of "
                    + "who answers for it")
        }
        let stands = move.state.approvals.contains {
            $0.person == exception.approvedBy && $0.decision == .approved
        }
        guard stands else {
            return .failed(
                "\(found): the exception names \(exception.approvedBy), who has not approved this "
                    + "version: assay models approve")
        }
        return .passed("\(found): excepted by \(exception.approvedBy)")
    }

    private static func isBroken(_ figure: AssayModelsV1.FairnessFigure) -> Bool {
        if figure.tooSmall { return false }
        let lowest = figure.lowest ?? (ratios.contains(figure.metric) ? lowestRatio : -.infinity)
        return !(figure.value >= lowest && figure.value <= figure.highest ?? .infinity)
    }
}
