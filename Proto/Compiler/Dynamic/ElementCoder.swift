internal import Wire

/// Reads one value: of a field, of a list or of a map.
protocol ElementCoder: Sendable {
    associatedtype Encoder: WireEncoder

    func kind(_ schema: DynamicSchema) -> FieldKind
    func read(
        _ reader: inout WireReader, _ schema: DynamicSchema
    ) throws(WireError) -> Encoder.Value
    /// What a map entry without a value means, at the tolerant door.
    func absent(
        _ reader: inout WireReader, _ schema: DynamicSchema
    ) throws(WireError) -> Encoder.Value
    func readJSON(
        _ reader: inout JSONReader, _ schema: DynamicSchema
    ) throws(JSONError) -> Encoder.Value
}

/// A type of the language: the runtime has its codec.
struct BuiltinElement<C: WireCodec>: ElementCoder {
    typealias Encoder = C

    func kind(_ schema: DynamicSchema) -> FieldKind { C.kind }

    func read(_ reader: inout WireReader, _ schema: DynamicSchema) throws(WireError) -> C.Value {
        try C.read(&reader)
    }

    func absent(_ reader: inout WireReader, _ schema: DynamicSchema) throws(WireError) -> C.Value {
        try C.absent(&reader)
    }

    func readJSON(
        _ reader: inout JSONReader, _ schema: DynamicSchema
    ) throws(JSONError) -> C.Value {
        try C.readJSON(&reader)
    }
}

struct EnumElement: ElementCoder {
    typealias Encoder = NamedNumberEncoder

    let names: EnumNames

    var zero: NamedNumber { NamedNumber(0, names) }

    func kind(_ schema: DynamicSchema) -> FieldKind { .enumeration(names) }

    func read(
        _ reader: inout WireReader, _ schema: DynamicSchema
    ) throws(WireError) -> NamedNumber {
        NamedNumber(try reader.enumNumber(.explicit), names)
    }

    func absent(
        _ reader: inout WireReader, _ schema: DynamicSchema
    ) throws(WireError) -> NamedNumber {
        zero
    }

    func readJSON(
        _ reader: inout JSONReader, _ schema: DynamicSchema
    ) throws(JSONError) -> NamedNumber {
        NamedNumber(try reader.enumNumber(names), names)
    }
}

/// Writes what `MessageCodec` writes.
enum DynamicMessageEncoder: WireEncoder {
    typealias Value = DynamicMessage
}

struct MessageElement: ElementCoder {
    typealias Encoder = DynamicMessageEncoder

    /// Index of the type in the schema.
    let index: Int

    func kind(_ schema: DynamicSchema) -> FieldKind {
        let table = schema.type(index).table
        return .message { table }
    }

    func read(
        _ reader: inout WireReader, _ schema: DynamicSchema
    ) throws(WireError) -> DynamicMessage {
        var message = DynamicMessage(schema, index)
        try reader.record(schema.type(index).table) { reader throws(WireError) in
            try message.read(from: &reader)
        }
        return message
    }

    func absent(
        _ reader: inout WireReader, _ schema: DynamicSchema
    ) throws(WireError) -> DynamicMessage {
        try reader.absent { reader throws(WireError) in try read(&reader, schema) }
    }

    func readJSON(
        _ reader: inout JSONReader, _ schema: DynamicSchema
    ) throws(JSONError) -> DynamicMessage {
        try DynamicMessage(json: &reader, schema, index)
    }
}
