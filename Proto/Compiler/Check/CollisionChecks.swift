/// Names that differ in the schema but meet in Swift, JSON or `.proto` (S0110).
extension SchemaChecks {
    mutating func checkCollisions() {
        for type in schema.types {
            switch type {
            case .message(let message): checkMessage(message)
            case .enumeration(let enumeration):
                checkEqual(
                    enumeration.values.map { ($0.name, SwiftName.member($0.name), $0.location) },
                    in: "Swift")
                for value in enumeration.values where value.name == "unrecognized" {
                    collision(value.location, "'unrecognized' is a case that every enum has")
                }
            }
        }
        for package in schema.packages { checkPackage(package) }
        checkNamespaces()
        checkProtoCollisions()
    }

    private mutating func checkNamespaces() {
        var seen: [String: Package] = [:]
        for package in schema.packages {
            let first = package.types.first.map { schema.types[$0.index].location }
            let location = first ?? package.services.first.map { schema.services[$0].location }
            guard let location else { continue }
            if let other = seen[package.swiftName] {
                collision(
                    location,
                    "packages '\(other.name)' and '\(package.name)' are both "
                        + "'\(package.swiftName)' in Swift")
            }
            seen[package.swiftName] = package
        }
    }

    private mutating func checkMessage(_ message: Message) {
        let fields = message.fields
        checkEqual(fields.map { ($0.name, $0.jsonName, $0.location) }, in: "JSON")
        let byJSONName = Dictionary(fields.map { ($0.jsonName, $0) }) { first, _ in first }
        for field in fields where field.jsonName != field.name {
            guard let other = byJSONName[field.name], other.number != field.number else { continue }
            collision(
                field.location, "'\(field.name)' is the JSON name of field '\(other.name)'",
                other.location)
        }
        if message.isUnion {
            checkEqual(
                fields.map { ($0.name, SwiftName.member($0.name), $0.location) }, in: "Swift")
            for field in fields where field.name == "unrecognized" {
                collision(field.location, "'unrecognized' is a case that every union has")
            }
            for field in fields where field.name == "kind" {
                collision(field.location, "'kind' is the oneof of every union in .proto")
            }
            return
        }
        let properties =
            message.plainFields.map { ($0.name, SwiftName.property($0.name), $0.location) }
            + message.oneofs.map { ($0.name, SwiftName.property($0.name), $0.location) }
        checkEqual(properties, in: "Swift")
        let types = Set(schema.packages[message.package].types.map { schema.types[$0.index].name })
        for (index, oneof) in message.oneofs.enumerated() {
            let type = Spelling.swiftType(oneof.name)
            if SwiftName.reservedTypes.contains(type) || types.contains(type) {
                collision(
                    oneof.location, "'\(type)', the oneof's type in Swift, hides another type")
            }
            checkEqual(
                message.members(of: index).map {
                    ($0.name, SwiftName.member($0.name), $0.location)
                },
                in: "Swift")
        }
    }

    private mutating func checkPackage(_ package: Package) {
        let types = package.types.map { schema.types[$0.index] }
        let names =
            types.map { ($0.name, $0.name, $0.location) }
            + package.services.map { index in
                let service = schema.services[index]
                return (service.name, service.name, service.location)
            }
        for (name, _, location) in names where SwiftName.reservedTypes.contains(name) {
            collision(location, "generated code needs the Swift name '\(name)' for itself")
        }
        for index in package.services {
            let methods = schema.services[index].methods
            for method in methods where ["Methods", "Register"].contains(method.name) {
                collision(method.location, "every service has a member '\(method.name)' in Swift")
            }
            checkEqual(
                methods.map { ($0.name, SwiftName.member($0.name), $0.location) }, in: "Swift")
        }
    }

    mutating func checkEqual(
        _ names: [(source: String, converted: String, location: Location)], in language: String
    ) {
        var seen: [String: (source: String, location: Location)] = [:]
        for name in names {
            if let first = seen[name.converted] {
                collision(
                    name.location,
                    "'\(name.source)' and '\(first.source)' are both '\(name.converted)' in \(language)",
                    first.location)
            } else {
                seen[name.converted] = (name.source, name.location)
            }
        }
    }

    mutating func collision(
        _ location: Location, _ message: String, _ other: Location? = nil
    ) {
        diagnostics.error(
            .nameCollision, at: location, message, hint: "choose another name",
            notes: other.map { [.init(location: $0, text: "the other one")] } ?? [])
    }
}
