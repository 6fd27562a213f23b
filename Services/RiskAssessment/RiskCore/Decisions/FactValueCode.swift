internal import AssayMessages
internal import RuleLanguage

/// Values of facts as records hold them, and back: what comes back is what went in.
enum FactValueCode {
    /// Longest text that a record holds.
    static let maximumBytes = 1_024

    /// Nil for what a record cannot hold: a text that is too long, a number that is not finite.
    static func message(_ constant: Constant) -> AssayRiskV1.FactValue? {
        switch constant {
        case .bool(let value): return .flag(value)
        case .int(let value): return .integer(value)
        case .double(let value): return value.isFinite ? .number(value) : nil
        case .string(let value): return text(value)
        case .list(let entries): return text(joined(entries))
        // No fact of the catalogue has these types.
        case .null, .timestamp, .duration, .category, .place, .map, .record: return nil
        }
    }

    /// Nil if the value is none of this type.
    static func constant(_ value: AssayRiskV1.FactValue, as type: ValueType) -> Constant? {
        switch (value, type) {
        case (.flag(let value), .bool): .bool(value)
        case (.integer(let value), .int): .int(value)
        case (.number(let value), .double): .double(value)
        case (.text(let value), .string): .string(value)
        case (.text(let value), .list(.string)): .list(split(value))
        default: nil
        }
    }

    private static func text(_ value: String) -> AssayRiskV1.FactValue? {
        value.utf8.count <= maximumBytes ? .text(value) : nil
    }

    // MARK: Lists

    /// Entries with commas between them. `\,` and `\\` stand for themselves, `\e` for an entry
    /// without characters: so no two lists have the same text.
    private static func joined(_ entries: [Constant]) -> String {
        entries.map { entry in
            guard case .string(let text) = entry else { return "" }
            guard !text.isEmpty else { return "\\e" }
            guard text.utf8.contains(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\\") })
            else { return text }
            return String(text.flatMap { $0 == "," || $0 == "\\" ? ["\\", $0] : [$0] })
        }.joined(separator: ",")
    }

    private static func split(_ text: String) -> [Constant] {
        guard !text.isEmpty else { return [] }
        var entries: [Constant] = []
        var entry = String.UnicodeScalarView()
        var isEscaped = false
        for scalar in text.unicodeScalars {
            if isEscaped {
                if scalar != "e" { entry.append(scalar) }
                isEscaped = false
            } else if scalar == "\\" {
                isEscaped = true
            } else if scalar == "," {
                entries.append(.string(String(entry)))
                entry = String.UnicodeScalarView()
            } else {
                entry.append(scalar)
            }
        }
        entries.append(.string(String(entry)))
        return entries
    }
}
