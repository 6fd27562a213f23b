internal import Wire

/// Reads the content of a field, by the calls that generated code would make for it.
protocol FieldCoder: Sendable {
    /// What a field without presence holds when it is absent; nil for a field with presence.
    var empty: (any FieldContent)? { get }
    /// The first tag is consumed.
    func read(
        _ tag: UInt32, _ reader: inout WireReader, _ schema: DynamicSchema
    ) throws(WireError) -> any FieldContent
    func readJSON(
        _ reader: inout JSONReader, _ schema: DynamicSchema
    ) throws(JSONError) -> any FieldContent
}

/// One value: a scalar, a message, a member of a oneof.
struct SingularCoder<Element: ElementCoder>: FieldCoder {
    let element: Element
    /// Not written where the field has no presence; nil if it has.
    let zero: Element.Encoder.Value?

    var empty: (any FieldContent)? {
        zero.map { SingularContent<Element.Encoder>(value: $0, hasPresence: false) }
    }

    func read(
        _ tag: UInt32, _ reader: inout WireReader, _ schema: DynamicSchema
    ) throws(WireError) -> any FieldContent {
        let value = try element.read(&reader, schema)
        let content = content(value)
        if content.isOmitted { try reader.refuseZero() }
        return content
    }

    func readJSON(
        _ reader: inout JSONReader, _ schema: DynamicSchema
    ) throws(JSONError) -> any FieldContent {
        content(try element.readJSON(&reader, schema))
    }

    private func content(_ value: Element.Encoder.Value) -> SingularContent<Element.Encoder> {
        let isOmitted = zero.map { Canonical.equal($0, value) } ?? false
        return SingularContent(value: value, hasPresence: zero == nil, isOmitted: isOmitted)
    }
}

/// A list of varints in one record.
struct PackedCoder<Element: ElementCoder>: FieldCoder where Element.Encoder: PackableEncoder {
    let element: Element

    var empty: (any FieldContent)? { PackedContent<Element.Encoder>(values: []) }

    func read(
        _ tag: UInt32, _ reader: inout WireReader, _ schema: DynamicSchema
    ) throws(WireError) -> any FieldContent {
        let values = try reader.packed { reader throws(WireError) in
            try element.read(&reader, schema)
        }
        return PackedContent<Element.Encoder>(values: values)
    }

    func readJSON(
        _ reader: inout JSONReader, _ schema: DynamicSchema
    ) throws(JSONError) -> any FieldContent {
        let values = try reader.list { reader throws(JSONError) in
            try element.readJSON(&reader, schema)
        }
        return PackedContent<Element.Encoder>(values: values)
    }
}

/// A list of values of four or eight bytes in one record.
struct FixedPackedCoder<C: FixedWidthCodec>: FieldCoder {
    var empty: (any FieldContent)? { FixedPackedContent<C>(values: []) }

    func read(
        _ tag: UInt32, _ reader: inout WireReader, _ schema: DynamicSchema
    ) throws(WireError) -> any FieldContent {
        FixedPackedContent<C>(values: try reader.packed(C.self))
    }

    func readJSON(
        _ reader: inout JSONReader, _ schema: DynamicSchema
    ) throws(JSONError) -> any FieldContent {
        FixedPackedContent<C>(values: try reader.list(C.self))
    }
}

/// A list with one record per element.
struct ListCoder<Element: ElementCoder>: FieldCoder {
    let element: Element

    var empty: (any FieldContent)? { ListContent<Element.Encoder>(values: []) }

    func read(
        _ tag: UInt32, _ reader: inout WireReader, _ schema: DynamicSchema
    ) throws(WireError) -> any FieldContent {
        let values = try reader.list(tag) { reader throws(WireError) in
            try element.read(&reader, schema)
        }
        return ListContent<Element.Encoder>(values: values)
    }

    func readJSON(
        _ reader: inout JSONReader, _ schema: DynamicSchema
    ) throws(JSONError) -> any FieldContent {
        let values = try reader.list { reader throws(JSONError) in
            try element.readJSON(&reader, schema)
        }
        return ListContent<Element.Encoder>(values: values)
    }
}

struct MapCoder<Key: MapKeyCodec, Element: ElementCoder>: FieldCoder {
    let element: Element

    var empty: (any FieldContent)? { MapContent<Key, Element.Encoder>(map: [:]) }

    func read(
        _ tag: UInt32, _ reader: inout WireReader, _ schema: DynamicSchema
    ) throws(WireError) -> any FieldContent {
        let map = try reader.map(
            tag, Key.self, Element.Encoder.wireType, element.kind(schema),
            { reader throws(WireError) in try element.read(&reader, schema) },
            { reader throws(WireError) in try element.absent(&reader, schema) })
        return MapContent<Key, Element.Encoder>(map: map)
    }

    func readJSON(
        _ reader: inout JSONReader, _ schema: DynamicSchema
    ) throws(JSONError) -> any FieldContent {
        let map = try reader.map(Key.self) { reader throws(JSONError) in
            try element.readJSON(&reader, schema)
        }
        return MapContent<Key, Element.Encoder>(map: map)
    }
}
