public import AssayMessages
internal import Crypto

/// What the aliases of a model ask for, as a file says it.
public struct PolicyFile: Sendable {
    public let policy: AssayModelsV1.ModelPolicy

    /// Reads a file. Every problem is told at once.
    public init(yaml text: String, name file: String) throws(FileProblems) {
        var reader = PolicyReader(file: file)
        var policy = reader.read(text)
        guard reader.problems.isEmpty else { throw FileProblems(reader.problems) }
        policy.file = Array(SHA256.hash(data: Array(text.utf8)))
        self.policy = policy
    }

    /// One line for each difference from what is in force.
    func changes(from before: AssayModelsV1.ModelPolicy?) -> [String] {
        let known =
            before
            ?? AssayModelsV1.ModelPolicy(
                model: policy.model, changedAt: policy.changedAt)
        var changes: [String] = []
        func compare(_ what: String, _ old: String, _ new: String) {
            if old != new { changes.append("\(what): \(old) → \(new)") }
        }
        compare("owner", known.owner, policy.owner)
        compare("legal_hold", "\(known.legalHold)", "\(policy.legalHold)")
        compare("held_versions", "\(known.heldVersions)", "\(policy.heldVersions)")
        let names = Set((known.aliases + policy.aliases).map(\.alias))
        for name in names.sorted() {
            compare(
                name, known.aliases.first { $0.alias == name }?.sentence ?? "not governed here",
                policy.aliases.first { $0.alias == name }?.sentence ?? "not governed here")
        }
        return changes
    }
}

extension AssayModelsV1.AliasPolicy {
    /// `1 approval, 32 golden rows, gates compatible and card, …`.
    public var sentence: String {
        var parts = [
            "\(approvals) approval\(approvals == 1 ? "" : "s")", "\(goldenRows) golden rows",
            gates.isEmpty
                ? "no further gates" : "gates " + gates.map { "\($0)" }.joined(separator: " "),
        ]
        parts += floors.map { "\($0.figure) at least \($0.lowest)" }
        if latencyMicroseconds > 0 { parts.append("a row within \(latencyMicroseconds) µs") }
        if autoPromote { parts.append("may promote by itself") }
        return parts.joined(separator: ", ")
    }
}
