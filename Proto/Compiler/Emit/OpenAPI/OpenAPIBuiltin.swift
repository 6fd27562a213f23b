/// The JSON of a built-in type with the rules of a field.
struct OpenAPIBuiltin {
    private let builtin: Builtin
    private let rules: FieldRules

    init(_ builtin: Builtin, _ rules: FieldRules) {
        self.builtin = builtin
        self.rules = rules
    }

    var object: JSONObject {
        switch builtin {
        case .bool: ["type": .string("boolean")]
        case .int32, .uint32, .int64, .uint64: integer
        case .float, .double: float
        case .string: string
        case .bytes: bytes
        case .uuid: ["type": .string("string"), "format": .string("uuid")]
        case .decimal: decimal
        case .money: money
        case .timestamp: ["type": .string("string"), "format": .string("date-time")]
        case .duration:
            [
                "type": .string("string"),
                "pattern": .string("^-?[0-9]{1,12}(\\.[0-9]{1,9})?s$"),
                "examples": .strings(["1.5s"]),
            ]
        case .date: ["type": .string("string"), "format": .string("date")]
        }
    }

    // MARK: Numbers

    /// 64 bits are a text in replies, since many readers round numbers; requests may have either.
    private var integer: JSONObject {
        let isLong = builtin == .int64 || builtin == .uint64
        var object: JSONObject = [
            "type": isLong ? .strings(["string", "integer"]) : .string("integer"),
            "format": .string(builtin.rawValue),
        ]
        if isLong {
            object.add(
                "pattern", .string(builtin == .uint64 ? "^[0-9]{1,20}$" : "^-?[0-9]{1,19}$"))
        }
        let range = Self.range(of: builtin)
        object.add("minimum", rules.lower?.json ?? .integer(range.lowerBound))
        object.add("maximum", rules.upper?.json ?? .integer(range.upperBound))
        let allowed = rules.allowed.compactMap { value -> Int128? in
            if case .integer(let number) = value { number } else { nil }
        }
        if !allowed.isEmpty {
            let texts: [JSONText] = isLong ? allowed.map { .string("\($0)") } : []
            object.add("enum", .array(allowed.map { .integer($0) } + texts))
        }
        return object
    }

    private static func range(of builtin: Builtin) -> ClosedRange<Int128> {
        switch builtin {
        case .int32: Int128(Int32.min)...Int128(Int32.max)
        case .int64: Int128(Int64.min)...Int128(Int64.max)
        case .uint32: 0...Int128(UInt32.max)
        default: 0...Int128(UInt64.max)
        }
    }

    private var float: JSONObject {
        var number: JSONObject = [
            "type": .string("number"), "format": .string(builtin.rawValue),
        ]
        number.add("minimum", rules.lower?.json)
        number.add("maximum", rules.upper?.json)
        if rules.isFinite || rules.lower != nil || rules.upper != nil { return number }
        let odd: JSONObject = ["enum": .strings(["NaN", "Infinity", "-Infinity"])]
        return ["anyOf": .array([.object(number), .object(odd)])]
    }

    private var decimal: JSONObject {
        [
            "type": .string("string"), "format": .string("decimal"),
            "pattern": .string(Self.decimalPattern(rules.maximumScale)),
        ]
    }

    private static func decimalPattern(_ scale: Int?) -> String {
        let places = scale ?? 18
        return "^-?[0-9]{1,18}" + (places == 0 ? "$" : "(\\.[0-9]{1,\(places)})?$")
    }

    private var money: JSONObject {
        var currency: JSONObject = ["type": .string("string")]
        if rules.currencies.isEmpty {
            currency.add("pattern", .string("^[A-Z]{3}$"))
        } else {
            currency.add("enum", .strings(rules.currencies))
        }
        return [
            "type": .string("object"),
            "properties": .object(["currency": .object(currency), "amount": .object(decimal)]),
            "required": .strings(["currency", "amount"]), "additionalProperties": .bool(false),
        ]
    }

    // MARK: Texts

    /// Bounds are of bytes, and a character has up to four.
    private var string: JSONObject {
        var object: JSONObject = ["type": .string("string")]
        if let minimum = rules.length.minimum, minimum > 0 {
            object.add("minLength", .integer(Int128((minimum + 3) / 4)))
        }
        object.add("maxLength", rules.length.maximum.map { .integer(Int128($0)) })
        object.add("pattern", rules.pattern.map { .string("^\($0)$") })
        let allowed = rules.allowed.compactMap { value -> String? in
            if case .string(let text) = value { text } else { nil }
        }
        if !allowed.isEmpty { object.add("enum", .strings(allowed)) }
        return object
    }

    /// Four letters for three bytes; requests need not be padded.
    private var bytes: JSONObject {
        var object: JSONObject = [
            "type": .string("string"), "contentEncoding": .string("base64"),
        ]
        if let minimum = rules.length.minimum, minimum > 0 {
            object.add("minLength", .integer((Int128(minimum) * 4 + 2) / 3))
        }
        object.add(
            "maxLength", rules.length.maximum.map { .integer((Int128($0) + 2) / 3 * 4) })
        return object
    }
}
