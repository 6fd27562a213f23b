/// The JSON of messages (wire.md §12) as schemas of OpenAPI 3.1, which are those of JSON Schema
/// 2020-12. A value that fits its schema is one that `validate()` lets pass, as far as JSON Schema can
/// say it; what it cannot say stands in the description.
struct OpenAPISchemas {
    let schema: Schema

    /// The schema of a declared type.
    func component(_ type: TypeDeclaration) -> JSONText {
        switch type {
        case .message(let message): .object(component(message))
        case .enumeration(let enumeration): .object(component(enumeration))
        }
    }

    static func reference(_ type: TypeDeclaration) -> JSONText {
        .reference("schemas", type.fullName)
    }

    // MARK: Types

    private func component(_ message: Message) -> JSONObject {
        var object: JSONObject = ["type": .string("object")]
        object.add("description", Self.description(message.doc))
        var properties = JSONObject()
        for field in message.fields { properties.add(field.jsonName, property(field)) }
        if !properties.isEmpty { object.add("properties", .object(properties)) }
        if message.isUnion {
            object.add("minProperties", .integer(1))
            object.add("maxProperties", .integer(1))
            return object
        }
        let required = message.fields.filter { $0.isRequired && $0.oneof == nil }.map(\.jsonName)
        if !required.isEmpty { object.add("required", .strings(required)) }
        let choices = message.oneofs.indices.map { index in
            choice(message.oneofs[index], message.members(of: index))
        }
        if !choices.isEmpty { object.add("allOf", .array(choices)) }
        return object
    }

    /// At most one member of a oneof, or exactly one.
    private func choice(_ oneof: Oneof, _ members: [Field]) -> JSONText {
        let given = members.map { field in
            JSONText.object(["required": .strings([field.jsonName])])
        }
        if oneof.isRequired { return .object(["oneOf": .array(given)]) }
        let none = JSONText.object(["not": .object(["anyOf": .array(given)])])
        return .object(["oneOf": .array(given + [none])])
    }

    private func component(_ enumeration: Enumeration) -> JSONObject {
        let names = enumeration.values.map { schema.jsonName(of: $0, in: enumeration) }
        var text = enumeration.doc
        for (name, value) in zip(names, enumeration.values) {
            let doc = value.doc + (value.deprecated.map { ["Deprecated: \($0)"] } ?? [])
            if !doc.isEmpty { text.append("`\(name)`: \(doc.joined(separator: " "))") }
        }
        var object: JSONObject = ["type": .string("string")]
        object.add("description", Self.description(text, separator: "\n"))
        object.add("enum", .strings(names))
        return object
    }

    static func description(_ lines: [String], separator: String = " ") -> JSONText? {
        lines.isEmpty ? nil : .string(lines.joined(separator: separator))
    }

    // MARK: Fields

    func property(_ field: Field) -> JSONText {
        var object = JSONObject()
        switch field.cardinality {
        case .singular, .optional:
            object = value(field)
            if field.isRequired, field.oneof == nil { object.add("not", zero(field)) }
        case .list:
            object.add("type", .string("array"))
            object.add("items", .object(value(field)))
            addCount(field, "minItems", "maxItems", to: &object)
            if field.rules.isUnique { object.add("uniqueItems", .bool(true)) }
        case .map(let key, _):
            object.add("type", .string("object"))
            if let names = names(of: key, field.rules) {
                object.add("propertyNames", .object(names))
            }
            object.add("additionalProperties", .object(value(field)))
            addCount(field, "minProperties", "maxProperties", to: &object)
        }
        object.add("description", Self.description(field.doc + remarks(field)))
        if field.deprecated != nil { object.add("deprecated", .bool(true)) }
        if let data = field.pii { object.add("x-personal-data", .string(data.rawValue)) }
        return .object(object)
    }

    /// What JSON Schema cannot say.
    private func remarks(_ field: Field) -> [String] {
        var remarks: [String] = []
        if field.type == .builtin(.decimal) {
            if let lower = field.rules.lower { remarks.append("At least \(lower.text).") }
            if let upper = field.rules.upper { remarks.append("At most \(upper.text).") }
        }
        if field.type == .builtin(.string), let maximum = field.rules.length.maximum {
            remarks.append("At most \(maximum) bytes of UTF-8.")
        }
        if let why = field.deprecated { remarks.append("Deprecated: \(why)") }
        return remarks
    }

    /// An empty list or map counts as not given, so that only a required one must have as many.
    private func addCount(
        _ field: Field, _ least: String, _ most: String, to object: inout JSONObject
    ) {
        let count = field.rules.count
        if field.isRequired {
            object.add(least, .integer(Int128(max(1, count.minimum ?? 1))))
        }
        object.add(most, count.maximum.map { .integer(Int128($0)) })
    }

    private func names(of key: Builtin, _ rules: FieldRules) -> JSONObject? {
        switch key {
        case .string: rules.keyMaximum.map { ["maxLength": .integer(Int128($0))] }
        case .bool: ["enum": .strings(["true", "false"])]
        case .uint32, .uint64: ["pattern": .string("^[0-9]+$")]
        default: ["pattern": .string("^-?[0-9]+$")]
        }
    }

    /// What a required field may not be: its zero counts as not given. Nil if it has presence.
    private func zero(_ field: Field) -> JSONText? {
        switch field.type {
        case .builtin(.string), .builtin(.bytes): return .object(["const": .string("")])
        case .builtin(.bool): return .object(["const": .bool(false)])
        case .builtin(.uuid):
            return .object(["const": .string("00000000-0000-0000-0000-000000000000")])
        case .builtin(let builtin) where builtin.isInteger:
            return .object(["enum": .array([.integer(0), .string("0")])])
        case .builtin(let builtin) where builtin.isFloat: return .object(["const": .integer(0)])
        case .enumeration(let id):
            guard let enumeration = schema.enumeration(id),
                let zero = enumeration.values.first(where: { $0.number == 0 })
            else { return nil }
            return .object(["const": .string(schema.jsonName(of: zero, in: enumeration))])
        case .builtin, .message: return nil
        }
    }

    /// A value, or an element of a list or map.
    private func value(_ field: Field) -> JSONObject {
        switch field.type {
        case .message(let id), .enumeration(let id):
            var object: JSONObject = [
                "$ref": .string("#/components/schemas/\(schema.types[id.index].fullName)")
            ]
            let allowed = field.rules.allowed.compactMap { value -> String? in
                guard case .enumerator(let number, _) = value,
                    let enumeration = schema.enumeration(id),
                    let found = enumeration.values.first(where: { $0.number == number })
                else { return nil }
                return schema.jsonName(of: found, in: enumeration)
            }
            if !allowed.isEmpty { object.add("enum", .strings(allowed)) }
            return object
        case .builtin(let builtin): return OpenAPIBuiltin(builtin, field.rules).object
        }
    }
}

extension Literal {
    /// As JSON has it.
    var json: JSONText {
        switch self {
        case .integer(let value): .integer(value)
        case .fraction(_, let value): .number(value)
        }
    }
}
