internal import Wire

/// Chooses the runtime's codec of every field: what `SwiftField` does for generated code.
struct FieldBuilder {
    let schema: Schema
    let registry: DynamicSchema.TableRegistry

    func type(_ message: Message, depth: Int) -> DynamicType {
        let oneofs = message.oneofs.map { Wire.Oneof($0.name, required: $0.isRequired) }
        let table = FieldTable(
            message.fullName, depth: depth, isUnion: message.isUnion,
            message.fields.map(tableField), oneofs: oneofs)
        let required = table.required
        let fields = zip(message.fields, table.fields).map { field, entry in
            DynamicField(
                number: field.number, name: field.name, jsonName: field.jsonName,
                tag: UInt32(field.number) << 3 | entry.wireType, oneof: field.oneof,
                requiredRank: required.firstIndex { item in
                    item.oneof == nil ? item.number == field.number : item.oneof == field.oneof
                }, pii: entry.pii, rules: RuleCheck(field), coder: coder(field))
        }
        return DynamicType(table: table, fields: fields)
    }

    // MARK: Tables

    private func tableField(_ field: Field) -> Wire.Field {
        Wire.Field(
            field.number, field.name, json: field.jsonName, kind(field), shape(field),
            pii: field.pii.flatMap { Wire.PersonalData(rawValue: $0.rawValue) })
    }

    private func kind(_ field: Field) -> FieldKind {
        switch field.type {
        case .builtin(let builtin): return Self.kind(builtin, field.encoding)
        case .enumeration(let id): return .enumeration(names(id))
        case .message(let id):
            return .message { [registry] in registry.table(id.index) }
        }
    }

    private func names(_ id: TypeID) -> EnumNames {
        guard let enumeration = schema.enumeration(id) else { return EnumNames("", []) }
        let isForeign = schema.packages[enumeration.package].isForeign
        let values = enumeration.values.map { value in
            let name = isForeign ? Spelling.upperSnakeCase(value.name) : value.name
            return (Int32(truncatingIfNeeded: value.number), name)
        }
        return EnumNames(enumeration.fullName, values)
    }

    private func shape(_ field: Field) -> FieldShape {
        if let oneof = field.oneof { return .member(oneof) }
        switch field.cardinality {
        case .singular: return field.type.isMessageType ? .required : .implicit
        case .optional: return .optional
        case .list: return field.isPacked ? .packed : .list
        case .map(let key, let encoding): return .map(Self.kind(key, encoding))
        }
    }

    private static func kind(_ builtin: Builtin, _ encoding: IntegerEncoding) -> FieldKind {
        switch (builtin, encoding) {
        case (.int32, .twos): .int32Twos
        case (.int32, .fixed): .int32Fixed
        case (.int32, _): .int32
        case (.int64, .twos): .int64Twos
        case (.int64, .fixed): .int64Fixed
        case (.int64, _): .int64
        case (.uint32, .fixed): .uint32Fixed
        case (.uint32, _): .uint32
        case (.uint64, .fixed): .uint64Fixed
        case (.uint64, _): .uint64
        case (.bool, _): .bool
        case (.float, _): .float
        case (.double, _): .double
        case (.string, _): .string
        case (.bytes, _): .bytes
        case (.uuid, _): .uuid
        case (.decimal, _): .decimal
        case (.money, _): .money
        case (.timestamp, _): .timestamp
        case (.duration, _): .duration
        case (.date, _): .date
        }
    }

    // MARK: Coders

    private func coder(_ field: Field) -> any FieldCoder {
        switch field.type {
        case .builtin(let builtin): return coder(builtin, field)
        case .message(let id): return plain(MessageElement(index: id.index), field, zero: nil)
        case .enumeration(let id):
            let element = EnumElement(names: names(id))
            return field.cardinality == .list
                ? PackedCoder(element: element) : plain(element, field, zero: element.zero)
        }
    }

    private func coder(_ builtin: Builtin, _ field: Field) -> any FieldCoder {
        switch Self.kind(builtin, field.encoding) {
        case .bool: return packable(BoolCodec.self, field)
        case .int32: return packable(Int32Codec.self, field)
        case .int64: return packable(Int64Codec.self, field)
        case .uint32: return packable(UInt32Codec.self, field)
        case .uint64: return packable(UInt64Codec.self, field)
        case .int32Twos: return packable(Int32TwosCodec.self, field)
        case .int64Twos: return packable(Int64TwosCodec.self, field)
        case .int32Fixed: return fixed(Int32FixedCodec.self, field)
        case .uint32Fixed: return fixed(UInt32FixedCodec.self, field)
        case .int64Fixed: return fixed(Int64FixedCodec.self, field)
        case .uint64Fixed: return fixed(UInt64FixedCodec.self, field)
        case .float: return fixed(FloatCodec.self, field)
        case .double: return fixed(DoubleCodec.self, field)
        case .string: return scalar(StringCodec.self, field)
        case .bytes: return scalar(BytesCodec.self, field)
        case .uuid: return scalar(UUIDCodec.self, field)
        case .decimal: return value(DecimalCodec.self, field)
        case .money: return value(MoneyCodec.self, field)
        case .timestamp: return value(TimestampCodec.self, field)
        case .duration: return value(DurationCodec.self, field)
        case .date: return value(DateCodec.self, field)
        case .enumeration, .message: preconditionFailure("not a type of the language")
        }
    }

    private func packable<C: PackableCodec>(_ codec: C.Type, _ field: Field) -> any FieldCoder {
        field.cardinality == .list
            ? PackedCoder(element: BuiltinElement<C>()) : scalar(codec, field)
    }

    private func fixed<C: FixedWidthCodec>(_ codec: C.Type, _ field: Field) -> any FieldCoder {
        field.cardinality == .list ? FixedPackedCoder<C>() : scalar(codec, field)
    }

    private func scalar<C: ZeroCodec>(_ codec: C.Type, _ field: Field) -> any FieldCoder {
        plain(BuiltinElement<C>(), field, zero: C.zero)
    }

    /// A type with presence of its own.
    private func value<C: WireCodec>(_ codec: C.Type, _ field: Field) -> any FieldCoder {
        plain(BuiltinElement<C>(), field, zero: nil)
    }

    private func plain<Element: ElementCoder>(
        _ element: Element, _ field: Field, zero: Element.Encoder.Value?
    ) -> any FieldCoder {
        switch field.cardinality {
        case .singular: SingularCoder(element: element, zero: field.oneof == nil ? zero : nil)
        case .optional: SingularCoder(element: element, zero: nil)
        case .list: ListCoder(element: element)
        case .map(let key, let encoding): map(element, Self.kind(key, encoding))
        }
    }

    private func map<Element: ElementCoder>(
        _ element: Element, _ key: FieldKind
    ) -> any FieldCoder {
        switch key {
        case .bool: MapCoder<BoolCodec, Element>(element: element)
        case .int32: MapCoder<Int32Codec, Element>(element: element)
        case .int64: MapCoder<Int64Codec, Element>(element: element)
        case .int32Twos: MapCoder<Int32TwosCodec, Element>(element: element)
        case .int64Twos: MapCoder<Int64TwosCodec, Element>(element: element)
        case .uint32: MapCoder<UInt32Codec, Element>(element: element)
        case .uint64: MapCoder<UInt64Codec, Element>(element: element)
        default: MapCoder<StringCodec, Element>(element: element)
        }
    }
}
