/// The canonical text of a root: schema source again, with everything it depends on (wire.md §10).
/// Its SHA-256 is the API fingerprint, and sealed records are read with it years later.
struct CanonicalText {
    private let schema: Schema

    static func text(of type: TypeID, in schema: Schema) -> String {
        CanonicalText(schema: schema).text(types: [type], service: nil)
    }

    static func text(of service: Service, in schema: Schema) -> String {
        let roots = service.methods.flatMap { [$0.request, $0.response] }
        return CanonicalText(schema: schema).text(types: roots, service: service)
    }

    private struct Declaration {
        let name: String
        let text: String
    }

    private func text(types roots: [TypeID], service: Service?) -> String {
        var declarations: [Int: [Declaration]] = [:]
        for type in reachable(from: roots) {
            let declaration = schema.types[type.index]
            declarations[declaration.package, default: []].append(
                Declaration(name: declaration.name, text: text(declaration)))
        }
        if let service {
            declarations[service.package, default: []].append(
                Declaration(name: service.name, text: text(service)))
        }
        var result = ""
        let packages = declarations.keys.sorted {
            schema.packages[$0].name.utf8.precedes(schema.packages[$1].name.utf8)
        }
        for package in packages {
            result += lines(schema.packages[package].annotations, indent: "")
            result += "package \(schema.packages[package].name)\n"
            let sorted = declarations[package, default: []]
                .sorted { $0.name.utf8.precedes($1.name.utf8) }
            for declaration in sorted { result += declaration.text }
        }
        return result
    }

    private func reachable(from roots: [TypeID]) -> [TypeID] {
        var seen: Set<TypeID> = []
        var queue: [TypeID] = []
        for root in roots where seen.insert(root).inserted { queue.append(root) }
        var next = 0
        while next < queue.count {
            let fields = schema.message(queue[next])?.fields ?? []
            next += 1
            for type in fields.compactMap(\.type.typeID) where seen.insert(type).inserted {
                queue.append(type)
            }
        }
        return queue
    }

    // MARK: Declarations

    private func text(_ declaration: TypeDeclaration) -> String {
        switch declaration {
        case .message(let message): text(message)
        case .enumeration(let enumeration): text(enumeration)
        }
    }

    private func text(_ enumeration: Enumeration) -> String {
        var result = lines(enumeration.annotations, indent: "")
        result += "enum \(enumeration.name) {\n"
        for value in enumeration.values {
            result += "  \(value.name) = \(value.number)\(trailing(value.annotations))\n"
        }
        return result + reserved(enumeration.reserved) + "}\n"
    }

    private func text(_ message: Message) -> String {
        var result = lines(message.annotations, indent: "")
        result += "\(message.isUnion ? "union" : "message") \(message.name) {\n"
        var written: Set<Int> = []
        for field in message.fields {
            guard let oneof = field.oneof, !message.isUnion else {
                result += "  \(line(field))\n"
                continue
            }
            guard written.insert(oneof).inserted else { continue }
            result += lines(message.oneofs[oneof].annotations, indent: "  ")
            result += "  oneof \(message.oneofs[oneof].name) {\n"
            for member in message.members(of: oneof) { result += "    \(line(member))\n" }
            result += "  }\n"
        }
        return result + reserved(message.reserved) + "}\n"
    }

    private func line(_ field: Field) -> String {
        let type = schema.typeText(field.type, field.cardinality, name: \.fullName)
        return "\(field.name): \(type) = \(field.number)\(trailing(field.annotations))"
    }

    private func text(_ service: Service) -> String {
        var result = lines(service.annotations, indent: "")
        result += "service \(service.name) {\n"
        for method in service.methods.sorted(by: { $0.name.utf8.precedes($1.name.utf8) }) {
            result += lines(method.annotations, indent: "  ")
            let request = schema.types[method.request.index].fullName
            let response = schema.types[method.response.index].fullName
            result += "  rpc \(method.name)(\(method.streamsRequest ? "stream " : "")\(request))"
            result += " -> \(method.streamsResponse ? "stream " : "")\(response)\n"
        }
        return result + "}\n"
    }

    // MARK: Parts

    private func lines(_ annotations: [Annotation], indent: String) -> String {
        annotations.map { "\(indent)\($0.text)\n" }.joined()
    }

    private func trailing(_ annotations: [Annotation]) -> String {
        annotations.map { " " + $0.text }.joined()
    }

    /// One line: numbers ascending, then names.
    private func reserved(_ items: [Reserved]) -> String {
        var ranges: [ClosedRange<Int>] = []
        var names: [String] = []
        for item in items {
            switch item {
            case .numbers(let range): ranges.append(range)
            case .name(let name): names.append(name)
            }
        }
        if ranges.isEmpty && names.isEmpty { return "" }
        ranges.sort { $0.lowerBound < $1.lowerBound }
        names.sort { $0.utf8.precedes($1.utf8) }
        let numbers = ranges.map { Reserved.numbers($0).text }
        let items = numbers + names.map { Reserved.name($0).text }
        return "  reserved \(items.joined(separator: ", "))\n"
    }
}
