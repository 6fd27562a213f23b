/// Members of messages, unions and enums.
extension Resolver {
    mutating func resolveType(_ index: Int) {
        let (declaration, section) = typeSyntax[index]
        switch (declaration.body, schema.types[index]) {
        case (.enumeration(let members), .enumeration(var enumeration)):
            resolve(members, into: &enumeration, section: section)
            schema.types[index] = .enumeration(enumeration)
        case (.message(let members), .message(var message)),
            (.union(let members), .message(var message)):
            resolve(members, into: &message, section: section)
            schema.types[index] = .message(message)
        default: break
        }
    }

    // MARK: Enums

    private mutating func resolve(
        _ members: [EnumMemberSyntax], into enumeration: inout Enumeration, section: Int
    ) {
        let isForeign = schema.packages[enumeration.package].isForeign
        checkEnumMembers(members, name: enumeration, isForeign: isForeign, section: section)
        for member in members {
            switch member {
            case .reserved(let reserved):
                enumeration.reserved += reservations(reserved)
                enumeration.reservedLocations += locations(reserved, section: section)
            case .value(let value):
                let annotations = read(value.head, at: .value, section: section)
                enumeration.values.append(
                    EnumValue(
                        name: value.name.text, number: Int(clamping: value.number.value),
                        doc: value.head.doc, annotations: annotations.canonical,
                        deprecated: deprecation(annotations),
                        location: location(section, value.name.span),
                        numberLocation: location(section, value.number.span)))
            }
        }
        enumeration.values.sort { $0.number < $1.number }
    }

    private func reservations(_ syntax: ReservedSyntax) -> [Reserved] {
        syntax.items.map { item in
            switch item {
            case .name(let name, _): return .name(name)
            case .numbers(let first, let last):
                let lower = Int(clamping: first.value)
                return .numbers(lower...max(lower, Int(clamping: (last ?? first).value)))
            }
        }
    }

    private func locations(_ syntax: ReservedSyntax, section: Int) -> [Location] {
        syntax.items.map { location(section, $0.span) }
    }

    mutating func deprecation(_ annotations: AnnotationSet) -> String? {
        guard let deprecated = annotations["deprecated"],
            let reason = stringArgument(of: deprecated)
        else { return nil }
        // It becomes a comment in all that is generated.
        if reason.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
            argumentError(deprecated, "a string of one line")
        }
        return reason
    }

    // MARK: Messages

    private mutating func resolve(
        _ members: [MemberSyntax], into message: inout Message, section: Int
    ) {
        checkMessageMembers(members, message: message, section: section)
        if message.isUnion {
            message.oneofs = [
                Oneof(
                    name: "kind", doc: [], annotations: [], isRequired: false,
                    location: message.location)
            ]
        }
        for member in members {
            switch member {
            case .reserved(let reserved):
                message.reserved += reservations(reserved)
                message.reservedLocations += locations(reserved, section: section)
            case .field(let syntax):
                let oneof = message.isUnion ? 0 : nil
                if let field = field(syntax, of: message, oneof: oneof, section: section) {
                    message.fields.append(field)
                }
            case .oneof(let syntax):
                resolve(syntax, into: &message, section: section)
            }
        }
        message.fields.sort { $0.number < $1.number }
        orderOneofs(&message)
    }

    private mutating func resolve(
        _ syntax: OneofSyntax, into message: inout Message, section: Int
    ) {
        let annotations = read(syntax.head, at: .oneof, section: section)
        noArguments(of: annotations["required"])
        let isForeign = schema.packages[message.package].isForeign
        if isForeign, let required = annotations["required"] {
            error(.foreign, section, required.span, "a oneof of a foreign package is optional")
        }
        let index = message.oneofs.count
        message.oneofs.append(
            Oneof(
                name: syntax.name.text, doc: syntax.head.doc, annotations: annotations.canonical,
                isRequired: annotations.has("required"),
                location: location(section, syntax.name.span)))
        for member in syntax.fields {
            if let field = field(member, of: message, oneof: index, section: section) {
                message.fields.append(field)
            }
        }
    }

    /// Oneofs are numbered by their smallest field, whatever their place in the source.
    private func orderOneofs(_ message: inout Message) {
        let smallest = message.oneofs.indices.map { index in
            message.fields.first { $0.oneof == index }?.number ?? .max
        }
        let order = message.oneofs.indices.sorted { smallest[$0] < smallest[$1] }
        let rank = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, $0) })
        message.oneofs = order.map { message.oneofs[$0] }
        message.fields = message.fields.map { field in
            var field = field
            field.oneof = field.oneof.flatMap { rank[$0] }
            return field
        }
    }

    private mutating func field(
        _ syntax: FieldSyntax, of message: Message, oneof: Int?, section: Int
    ) -> Field? {
        var annotations = read(syntax.head, at: .field, section: section)
        guard let resolved = lookUp(syntax.type.element, section: section) else { return nil }
        let isForeign = schema.packages[message.package].isForeign
        let type: ValueType
        var scalar: Scalar?
        switch resolved {
        case .value(let value): type = value
        case .scalar(let found):
            type = .builtin(found.base)
            scalar = found
        }
        if isForeign, case .builtin(let builtin) = type {
            checkForeign(builtin, at: syntax.type.element.span, section: section)
        }
        guard let cardinality = cardinality(syntax.type, isForeign: isForeign, section: section)
        else { return nil }
        if let scalar { merge(scalar, into: &annotations, cardinality: cardinality) }
        let context = RuleContext(
            type: type, cardinality: cardinality, section: section,
            isMember: oneof != nil, nameSpan: syntax.name.span)
        let rules = rules(annotations, context)
        checkPresence(annotations, context, isForeign: isForeign)
        let custom = annotations["json"].flatMap {
            stringArgument(of: $0)
        }
        return Field(
            name: syntax.name.text, number: Int(clamping: syntax.number.value),
            cardinality: cardinality, type: type,
            encoding: encoding(annotations, context, isForeign: isForeign),
            scalarName: scalar?.name, oneof: oneof, isRequired: annotations.has("required"),
            rules: rules, pii: personalData(annotations),
            jsonName: custom ?? Spelling.jsonName(syntax.name.text),
            hasCustomJSONName: custom != nil, deprecated: deprecation(annotations),
            doc: syntax.head.doc, annotations: annotations.canonical,
            location: location(section, syntax.name.span),
            typeLocation: location(section, syntax.type.span),
            numberLocation: location(section, syntax.number.span))
    }

    private mutating func checkForeign(_ builtin: Builtin, at span: Span, section: Int) {
        switch builtin {
        case .decimal, .money, .date, .uuid:
            error(
                .foreign, section, span,
                "'\(builtin.rawValue)' is ours: a foreign package cannot have it")
        default: break
        }
    }

    private mutating func cardinality(
        _ type: TypeSyntax, isForeign: Bool, section: Int
    ) -> Field.Cardinality? {
        switch type.shape {
        case .singular: return .singular
        case .optional: return .optional
        case .list: return .list
        case .map(let key, _):
            guard let builtin = Builtin(rawValue: key.text), builtin.isMapKey else {
                error(
                    .mapKey, section, key.span, "'\(key.text)' cannot be the key of a map",
                    hint: "keys are string, bool, int32, int64, uint32 or uint64")
                return nil
            }
            let twos = isForeign && builtin.isSignedInteger
            return .map(key: builtin, encoding: twos ? .twos : .varint)
        }
    }

    private mutating func encoding(
        _ annotations: AnnotationSet, _ context: RuleContext, isForeign: Bool
    ) -> IntegerEncoding {
        guard case .builtin(let builtin) = context.type, builtin.isInteger else {
            if let wire = annotations["wire"] {
                error(
                    .annotationPlace, wire,
                    "'@wire' is for integers; this is \(context.typeName(schema))")
            }
            return .varint
        }
        let standard: IntegerEncoding =
            isForeign && builtin.isSignedInteger ? .twos : .varint
        guard let wire = annotations["wire"] else { return standard }
        let names = builtin.isSignedInteger ? ["fixed", "twos", "zigzag"] : ["fixed"]
        switch nameArgument(of: wire, among: names) {
        case "fixed": return .fixed
        case "twos": return .twos
        case "zigzag": return .varint
        default: return standard
        }
    }

    mutating func personalData(_ annotations: AnnotationSet) -> PersonalData? {
        guard let pii = annotations["pii"] else { return nil }
        let names = PersonalData.allCases.map(\.rawValue)
        return nameArgument(of: pii, among: names)
            .flatMap(PersonalData.init)
    }

    /// A scalar's annotations come first; the field's own replace those of the same name. In a list
    /// or map the scalar's rules hold for each element, so its length becomes `@each`.
    private func merge(
        _ scalar: Scalar, into annotations: inout AnnotationSet, cardinality: Field.Cardinality
    ) {
        let isCollection = cardinality != .singular && cardinality != .optional
        for annotation in scalar.annotations.all {
            let isLength = ["max", "min", "len"].contains(annotation.name.text)
            if isCollection && isLength {
                guard !annotations.has("each") else { continue }
                annotations.append(annotation.asEach)
            } else if !annotations.has(annotation.name.text) {
                annotations.append(annotation)
            }
        }
    }
}

extension AnnotationSyntax {
    /// `@max(34)` → `@each(max: 34)`; `@len(n)` → `@each(max: n, min: n)`.
    fileprivate var asEach: AnnotationSyntax {
        let labels = name.text == "len" ? ["max", "min"] : [name.text]
        let value = arguments.first?.value
        let arguments = labels.compactMap { label -> ArgumentSyntax? in
            let label = NameSyntax(text: label, span: name.span)
            return value.map { ArgumentSyntax(label: label, value: $0) }
        }
        return AnnotationSyntax(
            name: NameSyntax(text: "each", span: name.span), arguments: arguments,
            file: file, span: span)
    }
}
