/// A decision computed the plain way, operation by operation as the specification of the policy
/// says, with nothing of the code under test but the shape of a hit.
struct ReferenceDecision: Equatable {
    var ruleScore: Int64
    var modelScore: Int64?
    var score: Int64
    var level: Int
    var status: Int
    var forcedBy: [String]
    var points: [String: Int64]

    /// The numbers of a policy.
    struct Numbers {
        var restFactor = 0.25
        var cap = 60.0
        var criticalCap = ["LST": 85.0, "DEV": 85.0]
        var thresholds: [String: (review: Int64, decline: Int64)] = [
            "default": (40, 70), "lending": (40, 70), "fintech": (35, 65), "crypto": (30, 60),
            "ecommerce": (45, 75), "betting": (25, 55), "marketplace": (40, 70),
        ]
        /// The status that an outcome demands; the level that it raises to has the same rank.
        var forced = ["challenge": 1, "review": 2, "decline": 3]
        var modelFloor: Double? = 0.95

        static let seedCompatible = Numbers(
            cap: 100, criticalCap: [:], thresholds: ["default": (40, 70)], forced: [:],
            modelFloor: nil)
    }

    struct Hit {
        var rule: String
        var score: Int64
        var isCritical: Bool
        var outcome: String

        var family: String { String(rule.prefix(3)) }
    }

    init(_ hits: [Hit], probability: Double?, _ numbers: Numbers, industry: String) {
        let scoring = hits.filter { $0.family != "AML" }
        let families = Dictionary(grouping: scoring, by: \.family)
        var values: [(family: String, value: Double)] = []
        for family in families.keys.sorted() {
            let scores = families[family]!.map(\.score).sorted(by: >)
            let isCritical = families[family]!.contains(where: \.isCritical)
            let cap = isCritical ? numbers.criticalCap[family] ?? numbers.cap : numbers.cap
            let rest = scores.dropFirst().reduce(0, +)
            let sum = Double(scores[0]) + numbers.restFactor * Double(rest)
            values.append((family, (sum < cap ? sum : cap) / 100))
        }
        var product = 1.0
        for entry in values { product *= 1 - entry.value }
        ruleScore = Int64(((1 - product) * 100_000).rounded(.toNearestOrEven))
        modelScore = probability.map { Int64(($0 * 100_000).rounded(.toNearestOrEven)) }
        let weights: (rules: Int64, model: Int64) = probability == nil ? (1000, 0) : (600, 400)
        score = (weights.rules * ruleScore + weights.model * (modelScore ?? 0) + 500) / 1000

        var parts: [(name: String, points: Double)] = []
        let shares = Self.shapley(values.map(\.value))
        let total = shares.reduce(0, +)
        for ((family, _), share) in zip(values, shares) {
            let ranked = families[family]!.sorted {
                ($0.score, $1.rule) > ($1.score, $0.rule)
            }
            let portions = ranked.enumerated().map {
                Double($0.element.score) * ($0.offset == 0 ? 1 : numbers.restFactor)
            }
            let whole = portions.reduce(0, +)
            for (hit, portion) in zip(ranked, portions) {
                let points = Double(weights.rules * ruleScore) / 1000
                parts.append(
                    (hit.rule, points * share / (total == 0 ? 1 : total) * portion / whole))
            }
        }
        if let modelScore { parts.append(("ML", Double(weights.model * modelScore) / 1000)) }
        var cut = parts.map { Int64($0.points.rounded(.down)) }
        let order = parts.indices.sorted { a, b in
            let (x, y) = (parts[a].points - Double(cut[a]), parts[b].points - Double(cut[b]))
            return x != y ? x > y : parts[a].name < parts[b].name
        }
        for index in order.prefix(Int(max(0, score - cut.reduce(0, +)))) { cut[index] += 1 }
        points = Dictionary(uniqueKeysWithValues: zip(parts.map(\.name), cut))

        let whole = score / 1000
        let limits = numbers.thresholds[industry] ?? numbers.thresholds["default"]!
        level = [0, 30, 50, 70].lastIndex { whole >= $0 }!
        status = whole >= limits.decline ? 3 : whole >= limits.review ? 2 : 0
        forcedBy = []
        for hit in hits {
            guard let forced = numbers.forced[hit.outcome] else { continue }
            status = max(status, forced)
            level = max(level, forced)
            forcedBy.append(hit.rule)
        }
        forcedBy.sort()
        if let floor = numbers.modelFloor, let modelScore,
            modelScore >= Int64((floor * 100_000).rounded(.toNearestOrEven))
        {
            status = max(status, 2)
        }
    }

    /// value_i · ∫₀¹ Π_{j≠i} (1 − t·value_j) dt.
    private static func shapley(_ values: [Double]) -> [Double] {
        values.indices.map { i in
            var coefficients = [1.0]
            for j in values.indices where j != i {
                var next = [Double](repeating: 0, count: coefficients.count + 1)
                for (k, c) in coefficients.enumerated() {
                    next[k] += c
                    next[k + 1] -= c * values[j]
                }
                coefficients = next
            }
            return values[i]
                * coefficients.enumerated().reduce(0) { $0 + $1.element / Double($1.offset + 1) }
        }
    }
}
