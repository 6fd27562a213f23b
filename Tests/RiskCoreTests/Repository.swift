import Foundation
import RiskCore

/// Files of this repository that tests read.
enum Repository {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static let rules = root.appending(path: "deploy/rules")

    static func fixture(_ name: String) throws -> Data {
        try Data(contentsOf: root.appending(path: "Tests/RiskCoreTests/Fixtures/" + name))
    }

    /// - Parameter pack: a pack of rules besides the shipped ones.
    static func shippedRules(profile: String? = nil, pack: String? = nil) throws -> RuleSet {
        var sources = try RuleSources(directory: rules)
        if let pack { sources.packs.append(RuleSources.File(name: "packs/extra.yaml", text: pack)) }
        var loader = RuleSetLoader(sources, profile: profile)
        return try loader.load()
    }

    static func policies() throws -> PolicySet {
        try PolicySet(directory: rules.appending(path: "policy"))
    }

    static func policy(_ name: String) throws -> Policy {
        let path = "policy/\(name).yaml"
        let text = try String(contentsOf: rules.appending(path: path), encoding: .utf8)
        return try Policy(yaml: text, file: path)
    }

    /// The rows of the rule catalogue by id, each as column to value.
    static func catalogue() throws -> [String: [String: String]] {
        let text = String(decoding: try fixture("rule-catalogue.tsv"), as: UTF8.self)
        let lines = text.split(separator: "\n").map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
        let rows = lines.dropFirst().map {
            Dictionary(zip(lines[0], $0), uniquingKeysWith: { a, _ in a })
        }
        return Dictionary(rows.map { ($0["id"] ?? "", $0) }, uniquingKeysWith: { a, _ in a })
    }

    static func hit(_ id: String, in catalogue: [String: [String: String]]) -> Hit {
        let row = catalogue[id] ?? [:]
        return Hit(
            rule: id, score: Int64(row["score"] ?? "") ?? 0,
            severity: Severity(rawValue: row["severity"] ?? "") ?? .low,
            outcome: ForcedOutcome(rawValue: row["outcome"] ?? "") ?? .none,
            reasonCode: row["reason_code"] ?? "", isTypology: row["family"] == "AML")
    }
}

/// SplitMix64: a small generator with a seed that a failure can name.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
