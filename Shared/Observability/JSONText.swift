/// A JSON value with its members in the order in which a person wants to read them.
package enum JSONText {
    case object([(String, JSONText)])
    case array([JSONText])
    case string(String)
    case number(Double)
    case integer(Int)
    case truth(Bool)
    case null

    package static func optional<Value>(_ value: Value?, _ make: (Value) -> JSONText) -> JSONText {
        value.map(make) ?? .null
    }

    package var rendered: String {
        var text = ""
        render(into: &text, indent: 0)
        return text + "\n"
    }

    private func render(into text: inout String, indent: Int) {
        switch self {
        case .object(let members):
            Self.list(members, "{", "}", into: &text, indent) { member, text in
                Self.quote(member.0, into: &text)
                text += ": "
                member.1.render(into: &text, indent: indent + 1)
            }
        case .array(let values):
            Self.list(values, "[", "]", into: &text, indent) { value, text in
                value.render(into: &text, indent: indent + 1)
            }
        case .string(let value): Self.quote(value, into: &text)
        case .number(let value): text += value.isFinite ? "\(value)" : "null"
        case .integer(let value): text += "\(value)"
        case .truth(let value): text += "\(value)"
        case .null: text += "null"
        }
    }

    private static func list<Element>(
        _ elements: [Element], _ open: String, _ close: String, into text: inout String,
        _ indent: Int, _ body: (Element, inout String) -> Void
    ) {
        text += open
        for (index, element) in elements.enumerated() {
            text += index == 0 ? "\n" : ",\n"
            text += String(repeating: "  ", count: indent + 1)
            body(element, &text)
        }
        if !elements.isEmpty { text += "\n" + String(repeating: "  ", count: indent) }
        text += close
    }

    /// Escapes what RFC 8259, section 7 demands.
    private static func quote(_ value: String, into text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}":
                let hex = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
