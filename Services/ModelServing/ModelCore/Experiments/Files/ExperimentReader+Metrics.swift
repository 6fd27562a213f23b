internal import AssayMessages

extension ExperimentReader {
    private static let metricKeys = [
        "source", "event", "value", "numerator", "denominator", "quantile", "group", "worst",
        "worst_relative", "maturity", "covariate",
    ]

    mutating func readMetrics(
        _ node: FileNode, _ found: Specification
    ) -> [AssayModelsV1.MetricSpecification] {
        let nodes = node.list("metrics", maximum: 32, &problems)
        var metrics: [AssayModelsV1.MetricSpecification] = []
        for (index, node) in nodes.enumerated() {
            let metric = readMetric(node, "metrics[\(index)]", found)
            if !metric.name.isEmpty, metrics.contains(where: { $0.name == metric.name }) {
                problems.append(
                    node.problem("metrics[\(index)].name: \"\(metric.name)\" stands there twice"))
            }
            metrics.append(metric)
        }
        if node.node.sequence != nil, problems.isEmpty,
            !metrics.contains(where: { $0.role == .primary })
        {
            problems.append(
                node.problem("metrics: none has the role primary, so nothing would be decided"))
        }
        return metrics
    }

    private mutating func readMetric(
        _ node: FileNode, _ place: String, _ found: Specification
    ) -> AssayModelsV1.MetricSpecification {
        let keys = node.object(
            place, required: ["name", "role", "kind", "better"], optional: Self.metricKeys,
            &problems)
        var metric = AssayModelsV1.MetricSpecification()
        metric.name = keys["name"]?.name("\(place).name", extra: "_", &problems) ?? ""
        metric.role =
            keys["role"]?.choice(
                "\(place).role",
                [
                    "primary": AssayModelsV1.MetricRole.primary, "secondary": .secondary,
                    "guardrail": .guardrail,
                ], &problems) ?? .unspecified
        metric.kind =
            keys["kind"]?.choice(
                "\(place).kind",
                [
                    "proportion": AssayModelsV1.MetricKind.proportion, "mean": .mean,
                    "ratio": .ratio, "quantile": .quantile, "fairness": .fairness,
                ], &problems) ?? .unspecified
        metric.better =
            keys["better"]?.choice(
                "\(place).better",
                ["higher": AssayModelsV1.MetricDirection.higher, "lower": .lower], &problems)
            ?? .unspecified
        metric.source =
            keys["source"]?.choice(
                "\(place).source",
                ["units": AssayModelsV1.MetricSource.units, "statistics": .statistics], &problems)
            ?? .units
        readSources(keys, place, &metric, found)
        readLimits(keys, place, &metric)
        checkKind(node, keys, place, metric)
        return metric
    }

    // MARK: What is measured

    private mutating func readSources(
        _ keys: [String: FileNode], _ place: String,
        _ metric: inout AssayModelsV1.MetricSpecification, _ found: Specification
    ) {
        let logs = ["event", "decision", "outcome"]
        metric.event = source(keys["event"], "\(place).event", of: logs, found)
        metric.value = source(keys["value"], "\(place).value", of: logs, found)
        metric.numerator = source(keys["numerator"], "\(place).numerator", of: logs, found)
        metric.denominator = source(keys["denominator"], "\(place).denominator", of: logs, found)
        metric.covariate = source(
            keys["covariate"], "\(place).covariate", of: ["shadow", "past"], found)
        metric.group =
            keys["group"]?.name("\(place).group", extra: "_", &problems) ?? ""
    }

    /// A name such as `outcome.fraud_amount`, of one of the logs.
    private mutating func source(
        _ node: FileNode?, _ what: String, of logs: [String], _ found: Specification
    ) -> String {
        guard let node, let text = node.text(what, maximum: 128, &problems) else { return "" }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count > 1, parts.allSatisfy({ !$0.isEmpty }), logs.contains(String(parts[0]))
        else {
            let expected = logs.map { "\($0)." }.joined(separator: ", ")
            problems.append(
                node.problem("\(what): expected a name after \(expected), found \"\(text)\""))
            return ""
        }
        if parts[0] == "shadow" { checkShadow(node, what, parts.map(String.init), found) }
        return text
    }

    /// `shadow.control.probability`: what the control version says of the units of both arms.
    private mutating func checkShadow(
        _ node: FileNode, _ what: String, _ parts: [String], _ found: Specification
    ) {
        let control = found.arms.first(where: \.control)?.name ?? "control"
        guard parts.count == 3, ["control", control].contains(parts[1]),
            ["probability", "margin"].contains(parts[2])
        else {
            problems.append(
                node.problem(
                    "\(what): the shadow gives shadow.\(control).probability or "
                        + "shadow.\(control).margin: the control's, for the units of all arms"))
            return
        }
    }

    private mutating func readLimits(
        _ keys: [String: FileNode], _ place: String,
        _ metric: inout AssayModelsV1.MetricSpecification
    ) {
        metric.worst = keys["worst"]?.double("\(place).worst", &problems)
        metric.worstRelative = keys["worst_relative"]?.double("\(place).worst_relative", &problems)
        metric.maturitySeconds = UInt32(
            clamping: keys["maturity"]?.seconds("\(place).maturity", &problems) ?? 0)
        if let node = keys["quantile"], let value = node.double("\(place).quantile", &problems) {
            metric.quantile = value
            if !(value > 0 && value < 1) {
                problems.append(node.problem("\(place).quantile: \(value) is not between 0 and 1"))
            }
        } else if metric.kind == .quantile {
            metric.quantile = 0.99
        }
    }

    // MARK: What belongs together

    private mutating func checkKind(
        _ node: FileNode, _ keys: [String: FileNode], _ place: String,
        _ metric: AssayModelsV1.MetricSpecification
    ) {
        let isCounted = metric.source == .statistics
        let needed: [String] =
            switch metric.kind {
            case .proportion: isCounted ? [] : ["event"]
            case .mean: ["value"]
            case .ratio: ["numerator", "denominator"]
            case .fairness: ["group", "worst"]
            case .quantile: ["worst"]
            default: []
            }
        guard let kind = keys["kind"], metric.kind != .unspecified, metric.role != .unspecified
        else { return }
        let named = kind.node.scalar?.string ?? ""
        for key in needed where keys[key] == nil {
            problems.append(node.problem("\(place): a \(named) states \"\(key)\""))
        }
        let sources = ["event", "value", "numerator", "denominator", "group", "quantile"]
        var fitting = Set(needed + (metric.kind == .quantile ? ["quantile"] : []))
        if metric.kind == .fairness { fitting.insert("event") }
        for key in sources where !fitting.contains(key) {
            if let extra = keys[key] {
                problems.append(extra.problem("\(place).\(key): a \(named) has none"))
            }
        }
        if metric.role == .guardrail, !needed.contains("worst"), metric.worst == nil,
            metric.worstRelative == nil
        {
            problems.append(
                node.problem("\(place): a guardrail states \"worst\" or \"worst_relative\""))
        }
        if let extra = keys["worst_relative"], metric.worst != nil {
            problems.append(extra.problem("\(place).worst_relative: \"worst\" stands there too"))
        }
        checkCounts(kind, place, metric, isCounted)
    }

    private mutating func checkCounts(
        _ kind: FileNode, _ place: String, _ metric: AssayModelsV1.MetricSpecification,
        _ isCounted: Bool
    ) {
        if isCounted, metric.role != .guardrail {
            problems.append(
                kind.problem(
                    "\(place): calls are not units, so statistics can only be a guardrail"))
        }
        if isCounted, metric.kind != .proportion, metric.kind != .quantile {
            problems.append(
                kind.problem("\(place): statistics count proportions and quantiles alone"))
        }
        if metric.kind == .quantile, !isCounted || metric.better == .higher {
            problems.append(
                kind.problem(
                    "\(place): a quantile has \"source: statistics\" and \"better: lower\""))
        }
        if metric.kind == .quantile || metric.kind == .fairness, metric.role != .guardrail {
            problems.append(
                kind.problem("\(place): quantiles and fairness are guardrails"))
        }
        if metric.kind == .fairness, metric.better == .lower || (metric.worst ?? 1) <= 0 {
            problems.append(
                kind.problem("\(place): fairness has \"better: higher\" and \"worst\" above 0"))
        }
    }
}
