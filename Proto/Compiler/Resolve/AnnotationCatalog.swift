/// The closed set of annotations and where each may stand (wire.md §5).
enum AnnotationCatalog {
    enum Place: String, Sendable {
        case package
        case message
        case union
        case enumeration = "enum"
        case value = "enum value"
        case scalar
        case field
        case oneof
        case service
        case rpc
    }

    static let places: [String: [Place]] = [
        "max": [.field, .scalar], "min": [.field, .scalar], "len": [.field, .scalar],
        "each": [.field], "key": [.field], "unique": [.field],
        "range": [.field, .scalar], "finite": [.field, .scalar], "in": [.field, .scalar],
        "pattern": [.field, .scalar], "scale": [.field, .scalar], "currency": [.field, .scalar],
        "required": [.field, .oneof],
        "pii": [.field, .scalar],
        "wire": [.field], "json": [.field], "deprecated": [.field, .value],
        "sealable": [.message, .union], "depth": [.message, .union], "commitment": [.field],
        "auth": [.service, .rpc], "public": [.service, .rpc],
        "readonly": [.rpc], "idempotent": [.rpc], "cost": [.rpc], "deadline": [.rpc],
        "retry": [.rpc], "max_request": [.rpc], "max_response": [.rpc],
        "protobuf_types": [.package], "swift": [.package],
    ]

    /// `@x_anything` is kept and ignored.
    static func isExtension(_ name: String) -> Bool { name.hasPrefix("x_") }
}

/// The annotations of one declaration or member, by name, after names and places were checked.
struct AnnotationSet: Sendable {
    private(set) var all: [AnnotationSyntax] = []

    subscript(name: String) -> AnnotationSyntax? { all.first { $0.name.text == name } }

    func has(_ name: String) -> Bool { self[name] != nil }

    mutating func append(_ annotation: AnnotationSyntax) { all.append(annotation) }

    func location(_ name: String) -> Location? { self[name]?.location }

    /// As canonical text writes them, sorted.
    var canonical: [Annotation] {
        all.map { Annotation(name: $0.name.text, text: $0.canonicalText, location: $0.location) }
            .sorted { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) }
    }
}

extension AnnotationSyntax {
    /// `@auth(scope: "x", mtls: true)` with single spaces and normalized values.
    var canonicalText: String {
        let arguments = arguments.map { argument in
            (argument.label.map { $0.text + ": " } ?? "") + argument.value.canonicalText
        }
        return "@\(name.text)" + (arguments.isEmpty ? "" : "(\(arguments.joined(separator: ", ")))")
    }
}

extension ValueSyntax {
    var canonicalText: String {
        switch kind {
        case .number(let literal): literal.text
        case .range(let lower, let upper): "\(lower?.text ?? "")...\(upper?.text ?? "")"
        case .string(let text): Quoted.json(text)
        case .boolean(let value): String(value)
        case .duration(let nanoseconds): Units.text(nanoseconds, Units.durations)
        case .size(let bytes): Units.text(bytes, Units.sizes)
        case .name(let name): name
        case .list(let values): "[\(values.map(\.canonicalText).joined(separator: ", "))]"
        }
    }
}

/// String literals of the languages we write.
enum Quoted {
    /// What stands around a Swift literal of several lines so that nothing in the text ends or escapes it.
    static func pounds(around text: String) -> String {
        var pounds = text.utf8.contains(UInt8(ascii: "\\")) ? "#" : ""
        while text.contains("\\" + pounds) || text.contains("\"\"\"" + pounds) { pounds += "#" }
        return pounds
    }

    /// As in JSON; everything outside the control characters, `"` and `\` stays as it is.
    static func json(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// A Swift literal of one line.
    static func swift(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars { result += scalar.escaped(asASCII: false) }
        return result + "\""
    }
}
