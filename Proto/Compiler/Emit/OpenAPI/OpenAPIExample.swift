internal import Wire

/// The smallest message that `validate()` lets pass, as an example for people: required fields and
/// nothing else.
struct OpenAPIExample {
    private static let maximumDepth = 16
    private static let maximumValues = 256

    private let schema: Schema
    private var values = 0

    private init(_ schema: Schema) { self.schema = schema }

    /// Nil if there is none of a size to read, as of a message that requires itself.
    static func json(of type: TypeID, in schema: Schema) -> JSONText? {
        var example = OpenAPIExample(schema)
        return example.message(type, depth: 0)
    }

    private mutating func message(_ id: TypeID, depth: Int) -> JSONText? {
        guard depth < Self.maximumDepth, let message = schema.message(id) else { return nil }
        var object = JSONObject()
        if message.isUnion {
            guard let member = message.fields.first, add(member, to: &object, depth) else {
                return nil
            }
            return .object(object)
        }
        for field in message.fields where field.isRequired && field.oneof == nil {
            guard add(field, to: &object, depth) else { return nil }
        }
        for index in message.oneofs.indices where message.oneofs[index].isRequired {
            guard let member = message.members(of: index).first, add(member, to: &object, depth)
            else { return nil }
        }
        return .object(object)
    }

    /// - Returns: Whether the field has an example.
    private mutating func add(_ field: Field, to object: inout JSONObject, _ depth: Int) -> Bool {
        values += 1
        guard values <= Self.maximumValues, let value = value(field, depth + 1) else {
            return false
        }
        let count = max(1, field.rules.count.minimum ?? 1)
        switch field.cardinality {
        case .singular, .optional: object.add(field.jsonName, value)
        case .list:
            values += count - 1
            if count > 1, field.rules.isUnique || values > Self.maximumValues { return false }
            object.add(field.jsonName, .array(Array(repeating: value, count: count)))
        case .map(let key, _):
            if count > 1 { return false }
            object.add(
                field.jsonName, .object([key == .string ? "a" : key == .bool ? "true" : "1": value])
            )
        }
        return true
    }

    private mutating func value(_ field: Field, _ depth: Int) -> JSONText? {
        switch field.type {
        case .message(let id): message(id, depth: depth)
        case .enumeration(let id): enumerator(id, field.rules)
        case .builtin(let builtin): Self.value(builtin, field.rules)
        }
    }

    private func enumerator(_ id: TypeID, _ rules: FieldRules) -> JSONText? {
        guard let enumeration = schema.enumeration(id) else { return nil }
        let allowed = rules.allowed.compactMap { value -> Int? in
            if case .enumerator(let number, _) = value { number } else { nil }
        }
        let value = enumeration.values.first { value in
            value.number != 0 && value.deprecated == nil
                && (allowed.isEmpty || allowed.contains(value.number))
        }
        return value.map { .string(schema.jsonName(of: $0, in: enumeration)) }
    }

    // MARK: Built-in types

    private static func value(_ builtin: Builtin, _ rules: FieldRules) -> JSONText? {
        switch builtin {
        case .bool: .bool(true)
        case .int32, .uint32: integer(rules).map { .integer($0) }
        case .int64, .uint64: integer(rules).map { .string("\($0)") }
        case .float, .double: float(rules)
        case .string: string(rules).map { .string($0) }
        case .bytes: bytes(rules)
        case .uuid: .string("7d444840-9dc0-41d1-b245-5ffdce74fad2")
        case .decimal: decimal(rules)
        case .money:
            .object([
                "currency": .string(rules.currencies.first ?? "EUR"),
                "amount": .string(rules.maximumScale.map { $0 < 2 } == true ? "12" : "12.50"),
            ])
        case .timestamp: .string("2026-01-15T12:00:00Z")
        case .duration: .string("1.5s")
        case .date: .string("2026-01-15")
        }
    }

    /// The allowed value that is nearest to 1, and not 0.
    private static func integer(_ rules: FieldRules) -> Int128? {
        let allowed = rules.allowed.compactMap { value -> Int128? in
            if case .integer(let number) = value { number } else { nil }
        }
        if !allowed.isEmpty { return allowed.first { $0 != 0 } }
        var value: Int128 = 1
        if case .integer(let lower) = rules.lower { value = max(value, lower) }
        if case .integer(let upper) = rules.upper { value = min(value, upper) }
        // A range that ends at 0 holds negative numbers, or nothing that counts as given.
        if value == 0, case .integer(let lower) = rules.lower, lower == 0 { return nil }
        return value == 0 ? -1 : value
    }

    private static func float(_ rules: FieldRules) -> JSONText? {
        var value = 0.5
        if let lower = rules.lower { value = max(value, lower.double) }
        if let upper = rules.upper { value = min(value, upper.double) }
        return value == 0 ? nil : .number(value)
    }

    private static func decimal(_ rules: FieldRules) -> JSONText? {
        var text = "1"
        if let lower = rules.lower, lower.double > 1 { text = lower.text }
        if let upper = rules.upper, upper.double < 1 { text = upper.text }
        return Decimal64(text).map { _ in .string(text) }
    }

    private static func string(_ rules: FieldRules) -> String? {
        for value in rules.allowed {
            if case .string(let text) = value, !text.isEmpty { return text }
        }
        if let pattern = rules.pattern { return PatternExample.text(matching: pattern) }
        let (least, most) = (max(1, rules.length.minimum ?? 1), rules.length.maximum ?? 64)
        guard least <= 1024 else { return nil }
        let word = String("example".prefix(max(least, min(most, 7))))
        return word + String(repeating: "x", count: max(0, least - word.utf8.count))
    }

    private static func bytes(_ rules: FieldRules) -> JSONText? {
        let count = max(1, rules.length.minimum ?? min(rules.length.maximum ?? 32, 32))
        guard count <= 1024 else { return nil }
        let text = Base64.encode([UInt8](repeating: 1, count: count), padded: true)
        return .string(String(decoding: text, as: UTF8.self))
    }
}
