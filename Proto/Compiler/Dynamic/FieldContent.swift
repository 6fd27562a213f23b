internal import Wire

/// What a field holds. It knows how it is written, since it knows its type.
protocol FieldContent: Sendable {
    /// True for what a field without presence does not write: a zero, an empty list or map.
    var isOmitted: Bool { get }
    func measure(_ tag: UInt32, _ sizes: inout SizeCache) -> Int
    func write(_ tag: UInt32, _ writer: inout WireWriter, _ sizes: inout SizeCache)
    func writeJSON(_ name: String, _ pii: Wire.PersonalData?, _ writer: inout JSONWriter)
    func validate(_ rules: RuleCheck, _ violations: inout Violations)
    /// Adds it to a readable form, its label padded to `width`.
    func describe(_ label: String, _ width: Int, in outline: inout Outline)
    /// The value, if it is a plain one.
    var shortText: String? { get }
}

struct SingularContent<E: WireEncoder>: FieldContent {
    let value: E.Value
    let hasPresence: Bool
    var isOmitted = false

    func measure(_ tag: UInt32, _ sizes: inout SizeCache) -> Int {
        sizes.list(tag, [value], E.self)
    }

    func write(_ tag: UInt32, _ writer: inout WireWriter, _ sizes: inout SizeCache) {
        writer.list(tag, [value], E.self, &sizes)
    }

    func writeJSON(_ name: String, _ pii: Wire.PersonalData?, _ writer: inout JSONWriter) {
        writer.field(name, value, E.self, pii: pii)
    }

    func validate(_ rules: RuleCheck, _ violations: inout Violations) {
        rules.check(value, hasPresence ? .explicit : .implicit, &violations)
    }
}

struct PackedContent<E: PackableEncoder>: FieldContent {
    let values: [E.Value]

    var isOmitted: Bool { values.isEmpty }

    func measure(_ tag: UInt32, _ sizes: inout SizeCache) -> Int {
        sizes.packed(tag, values, E.self)
    }

    func write(_ tag: UInt32, _ writer: inout WireWriter, _ sizes: inout SizeCache) {
        writer.packed(tag, values, E.self, &sizes)
    }

    func writeJSON(_ name: String, _ pii: Wire.PersonalData?, _ writer: inout JSONWriter) {
        writer.list(name, values, E.self, pii: pii)
    }

    func validate(_ rules: RuleCheck, _ violations: inout Violations) {
        rules.check(list: values, &violations)
    }
}

struct FixedPackedContent<C: FixedWidthCodec>: FieldContent {
    let values: [C.Value]

    var isOmitted: Bool { values.isEmpty }

    func measure(_ tag: UInt32, _ sizes: inout SizeCache) -> Int {
        sizes.packed(tag, values, C.self)
    }

    func write(_ tag: UInt32, _ writer: inout WireWriter, _ sizes: inout SizeCache) {
        writer.packed(tag, values, C.self, &sizes)
    }

    func writeJSON(_ name: String, _ pii: Wire.PersonalData?, _ writer: inout JSONWriter) {
        writer.list(name, values, C.self, pii: pii)
    }

    func validate(_ rules: RuleCheck, _ violations: inout Violations) {
        rules.check(list: values, &violations)
    }
}

struct ListContent<E: WireEncoder>: FieldContent {
    let values: [E.Value]

    var isOmitted: Bool { values.isEmpty }

    func measure(_ tag: UInt32, _ sizes: inout SizeCache) -> Int {
        sizes.list(tag, values, E.self)
    }

    func write(_ tag: UInt32, _ writer: inout WireWriter, _ sizes: inout SizeCache) {
        writer.list(tag, values, E.self, &sizes)
    }

    func writeJSON(_ name: String, _ pii: Wire.PersonalData?, _ writer: inout JSONWriter) {
        writer.list(name, values, E.self, pii: pii)
    }

    func validate(_ rules: RuleCheck, _ violations: inout Violations) {
        rules.check(list: values, &violations)
    }
}

struct MapContent<Key: MapKeyCodec, E: WireEncoder>: FieldContent {
    let map: WireMap<Key.Value, E.Value>

    var isOmitted: Bool { map.isEmpty }

    func measure(_ tag: UInt32, _ sizes: inout SizeCache) -> Int {
        sizes.map(tag, map, Key.self, E.self)
    }

    func write(_ tag: UInt32, _ writer: inout WireWriter, _ sizes: inout SizeCache) {
        writer.map(tag, map, Key.self, E.self, &sizes)
    }

    func writeJSON(_ name: String, _ pii: Wire.PersonalData?, _ writer: inout JSONWriter) {
        writer.map(name, map, Key.self, E.self, pii: pii)
    }

    func validate(_ rules: RuleCheck, _ violations: inout Violations) {
        rules.check(map: map, &violations)
    }
}
