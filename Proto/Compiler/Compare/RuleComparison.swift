/// The bounds of a field: what was valid before must stay valid.
extension SchemaComparer {
    mutating func compareRules(_ before: Field, _ now: Field, _ name: String) {
        for change in now.rules.tightened(from: before.rules, isCollection: now.shape != .value) {
            let annotation = change.annotations.lazy.compactMap { now.annotations.location($0) }
            let origin = change.annotations.lazy.compactMap { before.annotations.location($0) }
            report(
                .boundTightened, name, "'\(before.name)' \(change.text)",
                old: origin.first ?? before.location, new: annotation.first ?? now.location)
        }
        if before.rules.isCommitment && !now.rules.isCommitment {
            report(
                .sealingRemoved, name, "'\(before.name)' is no longer a '@commitment'",
                old: before.annotations.location("commitment") ?? before.location,
                new: now.location)
        }
    }
}

extension FieldRules {
    struct Tightening {
        /// The annotations that may say it.
        let annotations: [String]
        let text: String
    }

    /// What refuses values that the other rules allow.
    fileprivate func tightened(from old: FieldRules, isCollection: Bool) -> [Tightening] {
        var changes: [Tightening] = []
        func add(_ annotations: String..., text: String?) {
            if let text { changes.append(Tightening(annotations: annotations, text: text)) }
        }
        let lengths = isCollection ? "byte in each element" : "byte"
        add("max", "len", text: Self.lowered(old.count.maximum, count.maximum, "element"))
        add("min", "len", text: Self.raised(old.count.minimum, count.minimum, "element"))
        add(
            "max", "len", "each", "commitment",
            text: Self.lowered(old.length.maximum, length.maximum, lengths))
        add(
            "min", "len", "each", "commitment",
            text: Self.raised(old.length.minimum, length.minimum, lengths))
        add("key", text: Self.lowered(old.keyMaximum, keyMaximum, "byte in each key"))
        add("scale", text: Self.lowered(old.maximumScale, maximumScale, "decimal place"))
        if isUnique && !old.isUnique { add("unique", text: "may no longer hold an element twice") }
        if isFinite && !old.isFinite { add("finite", text: "may no longer be infinite or NaN") }
        add("range", text: lowerText(old))
        add("range", text: upperText(old))
        if let pattern, pattern != old.pattern {
            add("pattern", text: "must match another pattern than before")
        }
        add("in", text: allowedText(old))
        let refused = old.currencies.filter { !currencies.contains($0) }
        if !currencies.isEmpty, old.currencies.isEmpty || !refused.isEmpty {
            let list =
                refused.isEmpty
                ? "others than \(currencies.joined(separator: ", "))"
                : refused.joined(separator: ", ")
            add("currency", text: "may no longer be in \(list)")
        }
        return changes
    }

    private static func lowered(_ old: Int?, _ new: Int?, _ unit: String) -> String? {
        guard let new, new < old ?? .max else { return nil }
        let before = old.map { "no longer \($0)" } ?? "and had no bound"
        return "may have at most \(counted(new, unit)), \(before)"
    }

    private static func raised(_ old: Int?, _ new: Int?, _ unit: String) -> String? {
        guard let new, new > old ?? 0 else { return nil }
        return "must have at least \(counted(new, unit)), no longer \(old ?? 0)"
    }

    /// "1 byte in each key", "2 bytes in each key".
    private static func counted(_ count: Int, _ unit: String) -> String {
        let words = unit.split(separator: " ", maxSplits: 1)
        let noun = words.last == "place" ? unit : String(words.first ?? "")
        let rest = unit.dropFirst(noun.count)
        return "\(count) \(noun)\(count == 1 ? "" : "s")\(rest)"
    }

    private func lowerText(_ old: FieldRules) -> String? {
        guard let lower, old.lower.map({ lower.isGreater(than: $0) }) ?? true else { return nil }
        return "must be at least \(lower.text)" + (old.lower.map { ", no longer \($0.text)" } ?? "")
    }

    private func upperText(_ old: FieldRules) -> String? {
        guard let upper, old.upper.map({ $0.isGreater(than: upper) }) ?? true else { return nil }
        return "may be at most \(upper.text)" + (old.upper.map { ", no longer \($0.text)" } ?? "")
    }

    private func allowedText(_ old: FieldRules) -> String? {
        if allowed.isEmpty { return nil }
        if old.allowed.isEmpty { return "may no longer have every value" }
        let now = Set(allowed.map(\.identity))
        let refused = old.allowed.filter { !now.contains($0.identity) }
        if refused.isEmpty { return nil }
        return "may no longer be \(refused.map(\.text).joined(separator: ", "))"
    }
}

extension FieldRules.AllowedValue {
    /// A value of an enum is its number, whatever it is called.
    fileprivate var identity: FieldRules.AllowedValue {
        if case .enumerator(let number, _) = self { .enumerator(number, "") } else { self }
    }

    var text: String {
        switch self {
        case .integer(let value): String(value)
        case .string(let value): Quoted.json(value)
        case .enumerator(_, let name): name
        }
    }
}
