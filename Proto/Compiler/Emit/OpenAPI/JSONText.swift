/// A JSON document that keeps the order of its keys, so that the same schemas give the same bytes.
indirect enum JSONText: Sendable, Equatable {
    case string(String)
    case integer(Int128)
    case number(Double)
    case bool(Bool)
    case array([JSONText])
    case object(JSONObject)

    static func strings(_ values: some Sequence<String>) -> JSONText {
        .array(values.map { .string($0) })
    }

    /// `{"$ref":"#/components/…"}`.
    static func reference(_ kind: String, _ name: String) -> JSONText {
        .object(["$ref": .string("#/components/\(kind)/\(name)")])
    }

    /// Without spaces.
    var text: String {
        switch self {
        case .string(let value): Quoted.json(value)
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .bool(let value): value ? "true" : "false"
        case .array(let values): "[" + values.map(\.text).joined(separator: ",") + "]"
        case .object(let object): "{" + object.inner + "}"
        }
    }
}

/// The members of an object in the order that they were written in.
struct JSONObject: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    private(set) var members: [Member] = []

    struct Member: Sendable, Equatable {
        let key: String
        var value: JSONText
    }

    init() {}

    init(dictionaryLiteral elements: (String, JSONText)...) {
        members = elements.map { Member(key: $0.0, value: $0.1) }
    }

    var isEmpty: Bool { members.isEmpty }

    /// Appends; each key once.
    mutating func add(_ key: String, _ value: JSONText?) {
        guard let value else { return }
        members.append(Member(key: key, value: value))
    }

    mutating func add(contentsOf other: JSONObject) { members += other.members }

    /// The members without the braces.
    var inner: String {
        members.map { Quoted.json($0.key) + ":" + $0.value.text }.joined(separator: ",")
    }
}
