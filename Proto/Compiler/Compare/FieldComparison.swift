/// The messages that two compared fields belong to.
struct FieldOwners {
    let before: Message
    let now: Message
}

/// One field before and now.
extension SchemaComparer {
    mutating func compare(_ before: Field, _ now: Field, _ owners: FieldOwners) {
        let name = "\(owners.before.fullName).\(before.name)"
        if before.number != now.number {
            report(
                .fieldRenumbered, name,
                "the number of '\(before.name)' was \(before.number) and is \(now.number)",
                old: before.numberLocation, new: now.numberLocation)
        }
        compareNames(before, now, name)
        compareForm(before, now, name)
        if before.pii != nil, before.pii != now.pii {
            let state = now.pii.map { "is '@pii(\($0.rawValue))' now" } ?? "is no longer '@pii'"
            report(
                .personalDataExposed, name, "'\(before.name)' \(state)",
                old: before.annotations.location("pii") ?? before.location,
                new: now.annotations.location("pii") ?? now.location)
        }
        guard before.shape == now.shape else {
            return report(
                .shapeChanged, name,
                "'\(before.name)' was \(before.shape.rawValue) and is \(now.shape.rawValue)",
                old: before.typeLocation, new: now.typeLocation)
        }
        guard compareType(before, now, name) else { return }
        comparePresence(before, now, name)
        compareRules(before, now, name)
    }

    private mutating func compareNames(_ before: Field, _ now: Field, _ name: String) {
        if before.name != now.name {
            report(
                .memberRenamed, name, "'\(before.name)' is now '\(now.name)'",
                old: before.location, new: now.location)
        }
        guard before.name != now.name || before.jsonName != now.jsonName else { return }
        let what =
            before.jsonName == now.jsonName
            ? "the key '\(before.name)' is no longer known in JSON"
            : "'\(before.jsonName)' is '\(now.jsonName)' in JSON"
        report(
            .jsonNameChanged, name, what,
            old: before.annotations.location("json") ?? before.location,
            new: now.annotations.location("json") ?? now.location)
    }

    private mutating func compareForm(_ before: Field, _ now: Field, _ name: String) {
        let forms = (before.jsonForm, now.jsonForm)
        guard forms.0 != forms.1 else { return }
        report(
            .jsonFormChanged, name, "'\(before.name)' was \(forms.0) in JSON and is \(forms.1)",
            old: before.typeLocation, new: now.typeLocation)
    }

    private mutating func comparePresence(_ before: Field, _ now: Field, _ name: String) {
        // Members of oneofs are present when they are chosen; moving them is another rule.
        guard before.oneof == nil, now.oneof == nil else { return }
        if before.cardinality == .optional || before.cardinality == .singular,
            before.cardinality != now.cardinality
        {
            let texts = (written(before, old), written(now, new))
            return report(
                .presenceChanged, name, "'\(before.name)' was \(texts.0) and is \(texts.1)",
                old: before.typeLocation, new: now.typeLocation)
        }
        guard now.isRequired, !before.isRequired, !now.isRequiredMessage else { return }
        report(
            .requirementAdded, name, "'\(before.name)' is now '@required'", old: before.location,
            new: now.annotations.location("required") ?? now.location)
    }

    /// The type with what says whether it must be there.
    private func written(_ field: Field, _ compilation: Compilation) -> String {
        let type = compilation.schema.typeText(field)
        return field.isRequiredMessage ? "'\(type) @required'" : "'\(type)'"
    }

    // MARK: Types

    /// Whether both have the same type, so that their bounds can be compared.
    private mutating func compareType(_ before: Field, _ now: Field, _ name: String) -> Bool {
        let isSame = isSameElement(before, now)
        if isSame, before.encoding == now.encoding, before.mapKey == now.mapKey { return true }
        let types = (old.schema.typeText(before), new.schema.typeText(now))
        let isEncoding = types.0 == types.1 && isSame
        let message =
            isEncoding
            ? "'\(before.name)' was written as \(before.encodingText) and is as \(now.encodingText)"
            : "'\(before.name)' was \(types.0) and is \(types.1)"
        report(
            .typeChanged, name, message,
            old: isEncoding
                ? before.annotations.location("wire") ?? before.typeLocation
                : before.typeLocation,
            new: isEncoding
                ? now.annotations.location("wire") ?? now.typeLocation
                : now.typeLocation)
        return false
    }

    /// Declared types are the same if one became the other, or if their bytes are the same.
    private mutating func isSameElement(_ before: Field, _ now: Field) -> Bool {
        switch (before.type, now.type) {
        case (.builtin(let left), .builtin(let right)): return left == right
        case (.message(let left), .message(let right)),
            (.enumeration(let left), .enumeration(let right)):
            return isSameType(left, right, old: before.typeLocation, new: now.typeLocation)
        default: return false
        }
    }

    /// Whether a type became the other, or has the same bytes under another name.
    mutating func isSameType(
        _ before: TypeID, _ now: TypeID, old place: Location, new newPlace: Location
    ) -> Bool {
        if counterparts[before] == now { return true }
        guard oldWireText(before) == newWireText(now) else { return false }
        let names = (old.schema.types[before.index], new.schema.types[now.index])
        report(
            .typeRenamed, names.0.fullName,
            "'\(names.1.fullName)' stands where '\(names.0.fullName)' stood", old: place,
            new: newPlace)
        compare(before, now)
        return true
    }
}

extension Field {
    enum Shape: String {
        case value = "one value"
        case list = "a list"
        case map = "a map"
    }

    var shape: Shape {
        switch cardinality {
        case .singular, .optional: .value
        case .list: .list
        case .map: .map
        }
    }

    fileprivate struct MapKey: Equatable {
        let type: Builtin
        let encoding: IntegerEncoding
    }

    fileprivate var mapKey: MapKey? {
        if case .map(let key, let encoding) = cardinality {
            MapKey(type: key, encoding: encoding)
        } else {
            nil
        }
    }

    /// How an integer is written, in words.
    fileprivate var encodingText: String {
        switch encoding {
        case .twos: "a two's complement varint"
        case .fixed: "a fixed width"
        case .varint:
            type == .builtin(.int32) || type == .builtin(.int64) ? "a zigzag varint" : "a varint"
        }
    }

    /// The kind of JSON value that the field is (wire.md §4, §12).
    fileprivate var jsonForm: String {
        switch cardinality {
        case .list: "an array, each \(type.jsonForm)"
        case .map: "an object, each value \(type.jsonForm)"
        case .singular, .optional: type.jsonForm
        }
    }
}

extension ValueType {
    fileprivate var jsonForm: String {
        switch self {
        case .message: "an object"
        case .enumeration: "the name of a value"
        case .builtin(let builtin):
            switch builtin {
            case .bool: "true or false"
            case .int32, .uint32, .float, .double: "a number"
            case .int64, .uint64: "an integer in quotes"
            case .string: "a text"
            case .bytes: "base64"
            case .uuid: "a uuid"
            case .decimal: "a decimal in quotes"
            case .money: "a currency and an amount"
            case .timestamp: "a point in time"
            case .duration: "a span of time"
            case .date: "a date"
            }
        }
    }
}
