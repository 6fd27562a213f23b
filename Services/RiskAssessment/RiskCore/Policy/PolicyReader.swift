internal import Crypto
internal import Foundation

extension Policy {
    public static let format = "assay.policy/1"

    /// Reads a policy file. Every problem is reported at once.
    public init(yaml text: String, file: String) throws(ConfigurationFailure) {
        var problems: [Problem] = []
        self.init()
        if let root = YAMLFile.parse(text, file: file, &problems) {
            read(root, &problems)
        }
        guard problems.isEmpty else { throw ConfigurationFailure(problems) }
        source = text
        digest = Array(SHA256.hash(data: Data(text.utf8)))
    }

    private mutating func read(_ root: SourceNode, _ problems: inout [Problem]) {
        let keys = root.object(
            required: [
                "format", "name", "weights_per_mille", "within_family", "across_families", "levels",
                "thresholds", "forced_level",
            ],
            optional: [
                "rules", "model_floor", "explain_floor", "reasons_max", "features_unavailable",
                "model_unavailable", "model_risk_factors", "credit", "note",
            ], &problems)
        if let format = keys["format"], format.text(&problems) != Self.format {
            problems.append(format.problem("expected the format \(Self.format)"))
        }
        if let text = keys["name"]?.text(&problems) { name = text }
        if name.isEmpty || name.utf8.count > 64 {
            problems.append((keys["name"] ?? root).problem("a name has 1 to 64 bytes"))
        }
        if let across = keys["across_families"]?.choice(AcrossFamilies.self, &problems) {
            acrossFamilies = across
        }
        if let node = keys["rules"], !node.isNull { rules = Set(node.texts(&problems)) }
        if let node = keys["weights_per_mille"] { readWeights(node, &problems) }
        if let node = keys["within_family"] { readFamily(node, &problems) }
        if let node = keys["levels"] { readLevels(node, &problems) }
        if let node = keys["thresholds"] { readThresholds(node, &problems) }
        if let node = keys["forced_level"] { readForced(node, &problems) }
        readRest(keys, &problems)
        if let node = keys["credit"] { credit.read(node, &problems) }
    }

    private mutating func readRest(_ keys: [String: SourceNode], _ problems: inout [Problem]) {
        if let node = keys["model_floor"] { readModelFloor(node, &problems) }
        if let value = keys["explain_floor"]?.double(0...1, &problems) { explainFloor = value }
        if let value = keys["reasons_max"]?.int(1...16, &problems) { maximumReasons = Int(value) }
        if let choice = keys["model_risk_factors"]?.choice(RiskFactors.self, &problems) {
            riskFactors = choice
        }
        if let node = keys["features_unavailable"] {
            Self.readFloor(node, &featuresUnavailable, &problems)
        }
        if let node = keys["model_unavailable"] {
            Self.readFloor(node, &modelUnavailable, &problems)
        }
    }

    /// An outcome that can be the least status of a payment; an alert cannot.
    private static func floor(_ node: SourceNode, _ problems: inout [Problem]) -> ForcedOutcome? {
        let outcome = node.choice(ForcedOutcome.self, &problems)
        guard outcome != .alert else {
            problems.append(node.problem("expected none, challenge, review or decline"))
            return nil
        }
        return outcome
    }

    private static func readFloor(
        _ node: SourceNode, _ degraded: inout DegradedFloor, _ problems: inout [Problem]
    ) {
        let keys = node.object(
            required: ["raise_to"], optional: ["approve_below"], &problems)
        if let node = keys["raise_to"] {
            degraded.outcome =
                node.isNull ? .none : floor(node, &problems) ?? degraded.outcome
        }
        if let node = keys["approve_below"], !node.isNull {
            degraded.approveBelow = node.int(0...Int64.max, &problems)
        }
    }

    private mutating func readWeights(_ node: SourceNode, _ problems: inout [Problem]) {
        let keys = node.object(required: ["rules", "model"], &problems)
        guard let rules = keys["rules"]?.int(0...1000, &problems),
            let model = keys["model"]?.int(0...1000, &problems)
        else { return }
        if rules + model != 1000 { problems.append(node.problem("the weights add up to 1000")) }
        rulesWeight = rules
    }

    private mutating func readFamily(_ node: SourceNode, _ problems: inout [Problem]) {
        let keys = node.object(
            required: ["rest_factor", "cap"], optional: ["cap_if_critical"], &problems)
        if let value = keys["rest_factor"]?.double(0...1, &problems) {
            withinFamily.restFactor = value
        }
        if let value = keys["cap"]?.double(1...100, &problems) { withinFamily.cap = value }
        guard let caps = keys["cap_if_critical"] else { return }
        withinFamily.capIfCritical = [:]
        for (family, _, node) in caps.entries(&problems) {
            guard let value = node.double(1...100, &problems) else { continue }
            // Otherwise a further hit could lower the score.
            if value < withinFamily.cap {
                problems.append(node.problem("the cap of critical hits is below the cap"))
            }
            withinFamily.capIfCritical[family] = value
        }
    }

    private mutating func readLevels(_ node: SourceNode, _ problems: inout [Problem]) {
        let keys = node.object(required: ["low", "medium", "high", "critical"], &problems)
        let values = ["low", "medium", "high", "critical"].compactMap {
            keys[$0]?.int(0...101, &problems)
        }
        guard values.count == 4 else { return }
        if values[0] != 0 || values != values.sorted() {
            problems.append(node.problem("levels start at 0 and rise"))
        }
        (levels.medium, levels.high, levels.critical) = (values[1], values[2], values[3])
    }

    private mutating func readThresholds(_ node: SourceNode, _ problems: inout [Problem]) {
        thresholds = [:]
        for (industry, _, node) in node.entries(&problems) {
            let keys = node.object(required: ["review", "decline"], &problems)
            guard let review = keys["review"]?.int(0...101, &problems),
                let decline = keys["decline"]?.int(0...101, &problems)
            else { continue }
            if review > decline { problems.append(node.problem("review starts below decline")) }
            thresholds[industry] = Thresholds(review: review, decline: decline)
        }
        if thresholds["default"] == nil {
            problems.append(node.problem("the thresholds 'default' are missing"))
        }
    }

    private mutating func readForced(_ node: SourceNode, _ problems: inout [Problem]) {
        forcedLevel = [:]
        for (key, keyNode, node) in node.entries(&problems) {
            guard let outcome = ForcedOutcome(rawValue: key), outcome != .none,
                outcome != .alert
            else {
                problems.append(keyNode.problem("expected challenge, review or decline"))
                continue
            }
            switch node.text(&problems) {
            case "low": forcedLevel[outcome] = .low
            case "medium": forcedLevel[outcome] = .medium
            case "high": forcedLevel[outcome] = .high
            case "critical": forcedLevel[outcome] = .critical
            default: problems.append(node.problem("expected low, medium, high or critical"))
            }
        }
    }

    private mutating func readModelFloor(_ node: SourceNode, _ problems: inout [Problem]) {
        guard !node.isNull else {
            modelFloor = nil
            return
        }
        let keys = node.object(required: ["probability", "outcome"], &problems)
        guard let probability = keys["probability"]?.double(0...1, &problems),
            let outcome = keys["outcome"].flatMap({ Self.floor($0, &problems) })
        else { return }
        modelFloor = ModelFloor(probability: probability, outcome: outcome)
    }
}

extension CreditPolicy {
    fileprivate mutating func read(_ node: SourceNode, _ problems: inout [Problem]) {
        let keys = node.object(
            required: ["decline_above_pd", "refer_above_pd"],
            optional: [
                "pdo", "points", "odds", "points_min", "points_max", "grades", "reasons_max",
                "known_share_min", "note",
            ], &problems)
        func number(_ key: String, _ range: ClosedRange<Double>, _ value: inout Double) {
            if let number = keys[key]?.double(range, &problems) { value = number }
        }
        number("pdo", 1...1_000, &pointsToDoubleOdds)
        number("points", 0...10_000, &points)
        number("odds", 0.001...100_000, &odds)
        number("points_min", 0...10_000, &minimumPoints)
        number("points_max", 0...10_000, &maximumPoints)
        number("decline_above_pd", 0...1, &declineAbove)
        number("refer_above_pd", 0...1, &referAbove)
        number("known_share_min", 0...1, &leastKnownShare)
        if let value = keys["reasons_max"]?.int(1...4, &problems) { maximumReasons = Int(value) }
        if minimumPoints > maximumPoints {
            problems.append(node.problem("points_min is over points_max"))
        }
        if referAbove > declineAbove {
            problems.append(node.problem("refer_above_pd is over decline_above_pd"))
        }
        guard let table = keys["grades"] else { return }
        grades = table.entries(&problems).compactMap { name, _, node in
            node.double(0...1, &problems).map { Grade(name, $0) }
        }
        let limits = grades.map(\.highestProbability)
        if limits != limits.sorted() || limits.last != 1 {
            problems.append(table.problem("grades rise to 1"))
        }
    }
}
