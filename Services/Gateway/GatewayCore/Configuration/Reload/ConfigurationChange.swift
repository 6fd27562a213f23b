/// What one configuration says otherwise than another, by name, for people.
public struct ConfigurationChange: Sendable, Hashable {
    /// "plan core: client: 2000 per 1s, burst 4000 → 3000 per 1s, burst 4000", in a stable order.
    public let lines: [String]
    /// Of these, what a running process cannot take over.
    public let needsRestart: [String]

    public var isEmpty: Bool { lines.isEmpty }

    public init(from old: GatewaySnapshot, to new: GatewaySnapshot) {
        var lines: [String] = []
        var fixed: [String] = []
        let before = Self.parts(old)
        let after = Self.parts(new)
        for name in Set(before.keys).union(after.keys).sorted() {
            let changes = Self.changes(before[name], after[name])
            lines += changes.map { "\(name): \($0.text)" }
            fixed += changes.filter(\.needsRestart).map { "\(name): \($0.text)" }
        }
        self.lines = lines
        needsRestart = fixed
    }

    private typealias Part = [String: ConfigurationListing.Entry]

    private static func parts(_ snapshot: GatewaySnapshot) -> [String: Part] {
        var parts: [String: Part] = [:]
        for entry in ConfigurationListing(snapshot).entries {
            parts[entry.part, default: [:]][entry.key] = entry
        }
        return parts
    }

    private static func changes(
        _ old: Part?, _ new: Part?
    ) -> [(text: String, needsRestart: Bool)] {
        let (old, new) = (old ?? [:], new ?? [:])
        if old.isEmpty || new.isEmpty {
            let entries = (old.isEmpty ? new : old).sorted { $0.key < $1.key }
            let values = entries.map { "\($0.key) \($0.value.value)" }.joined(separator: ", ")
            return [
                (
                    (old.isEmpty ? "added: " : "removed: ") + values,
                    entries.contains { $0.value.needsRestart }
                )
            ]
        }
        return Set(old.keys).union(new.keys).sorted().compactMap { key in
            let (before, after) = (old[key], new[key])
            guard before?.value != after?.value else { return nil }
            return (
                "\(key): \(before?.value ?? "nothing") → \(after?.value ?? "nothing")",
                before?.needsRestart ?? false || after?.needsRestart ?? false
            )
        }
    }

    /// Refuses what only a new process can do, instead of doing half of a change.
    func checkApplicable(file: String) throws(ConfigurationError) {
        guard !needsRestart.isEmpty else { return }
        throw ConfigurationError(
            file: file,
            message: "needs a restart, nothing of it is in force: "
                + needsRestart.joined(separator: "; "))
    }
}
