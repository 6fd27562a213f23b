internal import RuleLanguage

/// A flag's text with facts in braces: `{vel.acct_cnt_1h} payments within an hour`.
public struct TextTemplate: Sendable {
    enum Part: Sendable {
        case text(String)
        case fact(slot: Int, isMoney: Bool)
    }

    public let source: String
    private let parts: [Part]

    /// Nil if the text could not be read; then `refuse` was called with the reason. Personal facts
    /// are refused, because texts go into records and replies.
    init?(_ source: String, catalogue: FactCatalogue, refuse: (String) -> Void) {
        var parts: [Part] = []
        var rest = source[...]
        while let open = rest.firstIndex(of: "{") {
            guard let close = rest[open...].firstIndex(of: "}") else {
                refuse("a brace in the text is not closed; write {tx.amount} for a fact")
                return nil
            }
            let name = String(rest[rest.index(after: open)..<close])
            guard let slot = catalogue.schema.slot(of: name) else {
                let names = catalogue.entries.filter { !$0.isPersonal }.map(\.name)
                refuse(
                    "unknown fact '\(name.prefix(64))' in the text"
                        + PackReader.nearest(name, among: names))
                return nil
            }
            guard !catalogue.entries[slot].isPersonal else {
                refuse("the fact \(name) is personal and may not be in a text")
                return nil
            }
            parts.append(.text(String(rest[..<open])))
            parts.append(.fact(slot: slot, isMoney: catalogue.entries[slot].isMoney))
            rest = rest[rest.index(after: close)...]
        }
        parts.append(.text(String(rest)))
        self.source = source
        self.parts = parts
    }

    /// Slots of the facts that it names.
    var facts: [Int] {
        parts.compactMap { part in
            if case .fact(let slot, _) = part { slot } else { nil }
        }
    }

    /// The text over the facts of an event; at most 512 bytes.
    func text(over frame: FactFrame) -> String {
        var text = ""
        for part in parts {
            switch part {
            case .text(let piece): text += piece
            case .fact(let slot, let isMoney):
                text += frame.value(at: slot).map { Self.text(of: $0, isMoney: isMoney) } ?? "?"
            }
        }
        while text.utf8.count > 512 { text.removeLast() }
        return text
    }

    private static func text(of constant: Constant, isMoney: Bool) -> String {
        switch constant {
        case .null: "nothing"
        case .bool(let value): "\(value)"
        case .int(let value) where isMoney: money(value)
        case .int(let value): "\(value)"
        case .double(let value): number(value)
        case .string(let value): String(value.prefix(64))
        case .list(let entries): "\(entries.count)"
        case .map(let entries): "\(entries.count)"
        case .timestamp, .duration, .category, .place, .record: "?"
        }
    }

    /// At most three decimals: a share or a factor, not a measurement.
    private static func number(_ value: Double) -> String {
        let rounded = (value * 1000).rounded() / 1000
        return rounded.isFinite ? "\(rounded)" : "\(value)"
    }

    private static func money(_ minor: Int64) -> String {
        let cents = minor.magnitude % 100
        return "\(minor < 0 ? "-" : "")\(minor.magnitude / 100).\(cents < 10 ? "0" : "")\(cents)"
    }
}
