/// Names that `protoc` would refuse in the emitted `.proto` (S0110).
extension SchemaChecks {
    mutating func checkProtoCollisions() {
        checkProtoPaths()
        for package in schema.packages {
            let types = package.types.map { schema.types[$0.index] }
            let services = package.services.map { index in
                let service = schema.services[index]
                return (service.name, service.name, service.location)
            }
            checkEqual(types.flatMap { protoSymbols($0, in: package) } + services, in: ".proto")
            for type in types {
                switch type {
                case .message(let message): checkProtoFields(message)
                case .enumeration(let enumeration):
                    checkProtoValues(enumeration, isForeign: package.isForeign)
                }
            }
        }
    }

    private mutating func checkProtoPaths() {
        var seen: [String: String] = [:]
        for file in [WellKnownFiles.timestamp, WellKnownFiles.duration] {
            seen[file.path] = file.package
        }
        if !schema.packages.contains(where: { $0.name == ProtoFiles.valueTypesPackage }) {
            let package = ProtoFiles.valueTypesPackage
            seen[ProtoFiles.path(of: package)] = package
        }
        for package in schema.packages {
            if let other = seen[package.protoPath] {
                collision(
                    package.location,
                    "packages '\(other)' and '\(package.name)' are both '\(package.protoPath)'")
            }
            seen[package.protoPath] = package.name
        }
    }

    /// The names that a type brings into `.proto`: its own, those of the entries of its maps, and
    /// those of an enum's values, which belong to the scope around it.
    private func protoSymbols(
        _ type: TypeDeclaration, in package: Package
    ) -> [(source: String, converted: String, location: Location)] {
        var symbols = [(type.name, type.name, type.location)]
        switch type {
        case .message(let message):
            for field in message.fields where field.isMap {
                let entry = "\(message.name).\(ProtoField.entryName(field.name))"
                symbols.append(("\(message.name).\(field.name)", entry, field.location))
            }
            let isValueTypes = package.name == ProtoFiles.valueTypesPackage
            if isValueTypes, WellKnownFiles.valueTypes.contains(where: { $0.name == type.name }) {
                symbols.insert((type.name.lowercased(), type.name, type.location), at: 0)
            }
        case .enumeration(let enumeration):
            let parts = enumeration.name.split(separator: ".").map(String.init)
            let scope = parts.dropLast().map { $0 + "." }.joined()
            let prefix = package.isForeign ? "" : ProtoName.enumPrefix(parts.last ?? "")
            for value in enumeration.values {
                let name = scope + prefix + Spelling.upperSnakeCase(value.name)
                symbols.append(("\(enumeration.name).\(value.name)", name, value.location))
            }
        }
        return symbols
    }

    /// `protoc` 3.21 wants the fields of a proto3 message to differ in more than case and
    /// underscores.
    private mutating func checkProtoFields(_ message: Message) {
        var seen: [String: Field] = [:]
        for field in message.fields {
            let letters = field.name.replacing("_", with: "")
            if let other = seen[letters], other.jsonName != field.jsonName {
                collision(
                    field.location,
                    "'\(other.name)' and '\(field.name)' are the same to protoc, which ignores "
                        + "underscores", other.location)
            }
            seen[letters] = field
        }
    }

    /// It also wants the values of an enum to differ without the enum's name in front.
    private mutating func checkProtoValues(_ enumeration: Enumeration, isForeign: Bool) {
        guard isForeign else { return }
        var seen: [String: EnumValue] = [:]
        for value in enumeration.values {
            let name = withoutPrefix(value, of: enumeration)
            if let other = seen[name], other.name != value.name {
                collision(
                    value.location,
                    "'\(other.name)' and '\(value.name)' are the same to protoc, which ignores the "
                        + "enum's name in front", other.location)
            }
            seen[name] = value
        }
    }

    private func withoutPrefix(_ value: EnumValue, of enumeration: Enumeration) -> String {
        let type = enumeration.name.split(separator: ".").last ?? ""
        let prefix = Spelling.snakeCase(String(type)).replacing("_", with: "")
        var rest = value.name[...]
        for letter in prefix {
            rest = rest.drop { $0 == "_" }
            guard rest.popFirst() == letter else { return Spelling.pascalCase(value.name) }
        }
        rest = rest.drop { $0 == "_" }
        return Spelling.pascalCase(rest.isEmpty ? value.name : String(rest))
    }
}
