/// Turns a package into its `.proto` file (wire.md §14).
struct ProtoLowering {
    let schema: Schema
    /// Index of the package.
    let package: Int

    func file() -> ProtoFile {
        let declaration = schema.packages[package]
        let isValueTypes = declaration.name == ProtoFiles.valueTypesPackage
        return ProtoFile(
            path: declaration.protoPath, package: declaration.name, doc: declaration.doc,
            imports: imports(declaration),
            types: (isValueTypes ? WellKnownFiles.valueTypes : []) + types(inside: nil),
            services: declaration.services.map { lower(schema.services[$0]) })
    }

    private func imports(_ package: Package) -> [String] {
        var paths: Set<String> = []
        for type in package.types {
            for field in schema.message(type)?.fields ?? [] {
                switch field.type {
                case .builtin(.timestamp): paths.insert(WellKnownFiles.timestamp.path)
                case .builtin(.duration): paths.insert(WellKnownFiles.duration.path)
                case .builtin(.decimal), .builtin(.money), .builtin(.date):
                    paths.insert(ProtoFiles.path(of: ProtoFiles.valueTypesPackage))
                case .message(let id), .enumeration(let id):
                    paths.insert(path(of: id))
                case .builtin: break
                }
            }
        }
        for method in package.services.flatMap({ schema.services[$0].methods }) {
            paths.insert(path(of: method.request))
            paths.insert(path(of: method.response))
        }
        paths.remove(package.protoPath)
        return paths.sorted { $0.utf8.precedes($1.utf8) }
    }

    private func path(of type: TypeID) -> String {
        schema.package(of: schema.types[type.index]).protoPath
    }

    private func fullName(_ type: TypeID) -> String { schema.types[type.index].fullName }

    private func comment(_ doc: [String], _ annotations: [Annotation]) -> ProtoComment {
        ProtoComment(doc: doc, rules: annotations.map(\.text).joined(separator: " "))
    }

    // MARK: Types

    /// The types directly inside a message, or those of the package itself.
    private func types(inside parent: String?) -> [ProtoType] {
        schema.packages[package].types.compactMap { id in
            let type = schema.types[id.index]
            var parts = type.name.split(separator: ".")
            guard let name = parts.popLast() else { return nil }
            guard parts.joined(separator: ".") == parent ?? "" else { return nil }
            switch type {
            case .message(let message): return .message(lower(message, name: String(name)))
            case .enumeration(let enumeration):
                return .enumeration(lower(enumeration, name: String(name)))
            }
        }
    }

    private func lower(_ enumeration: Enumeration, name: String) -> ProtoEnum {
        let isForeign = schema.packages[package].isForeign
        let prefix = isForeign ? "" : ProtoName.enumPrefix(name)
        return ProtoEnum(
            name: name, comment: ProtoComment(doc: enumeration.doc),
            values: enumeration.values.map { value in
                ProtoEnum.Value(
                    name: prefix + Spelling.upperSnakeCase(value.name), number: value.number,
                    doc: value.doc, deprecated: value.deprecated)
            },
            reserved: enumeration.reserved.map { item in
                guard case .name(let name) = item else { return item }
                return .name(prefix + Spelling.upperSnakeCase(name))
            })
    }

    private func lower(_ message: Message, name: String) -> ProtoMessage {
        var members: [ProtoMessage.Member] = []
        var written: Set<Int> = []
        for field in message.fields {
            guard let index = field.oneof else {
                members.append(.field(lower(field)))
                continue
            }
            guard written.insert(index).inserted else { continue }
            let oneof = message.oneofs[index]
            members.append(
                .oneof(
                    ProtoOneof(
                        name: oneof.name, comment: comment(oneof.doc, oneof.annotations),
                        fields: message.members(of: index).map(lower))))
        }
        return ProtoMessage(
            name: name, comment: comment(message.doc, message.annotations),
            types: types(inside: message.name), reserved: message.reserved, members: members)
    }

    private func lower(_ field: Field) -> ProtoField {
        ProtoField(
            name: field.name, number: field.number, label: label(field), value: value(field),
            jsonName: field.jsonName, hasCustomJSONName: field.hasCustomJSONName,
            isDeprecated: field.deprecated != nil, comment: comment(field.doc, field.annotations))
    }

    private func label(_ field: Field) -> ProtoField.Label {
        switch field.cardinality {
        case .singular: .singular
        case .optional: field.type.isMessageType ? .singular : .optional
        case .list: .repeated
        case .map(let key, let encoding): .map(key: ProtoName.scalar(key, encoding) ?? .string)
        }
    }

    private func value(_ field: Field) -> ProtoField.Value {
        switch field.type {
        case .message(let id): .message(fullName(id))
        case .enumeration(let id): .enumeration(fullName(id))
        case .builtin(let builtin):
            if let scalar = ProtoName.scalar(builtin, field.encoding) {
                .scalar(scalar)
            } else {
                .message(ProtoName.message(builtin))
            }
        }
    }

    // MARK: Services

    private func lower(_ service: Service) -> ProtoService {
        ProtoService(
            name: service.name, comment: comment(service.doc, service.annotations),
            methods: service.methods.map { method in
                ProtoService.Method(
                    name: method.name, comment: comment(method.doc, method.annotations),
                    request: fullName(method.request), response: fullName(method.response),
                    streamsRequest: method.streamsRequest, streamsResponse: method.streamsResponse,
                    idempotency: idempotency(method.policy))
            })
    }

    private func idempotency(_ policy: MethodPolicy) -> ProtoService.Method.Idempotency {
        switch policy.idempotency {
        case .none: .unknown
        case .readonly: .noSideEffects
        case .keyed: .idempotent
        }
    }
}
