/// Writes the Swift of a schema: messages and services of each package, the policy table, the
/// descriptors and the description of the API.
struct SwiftEmitter {
    let schema: Schema
    let bounds: Bounds

    func files() -> [OutputFile] {
        var files: [OutputFile] = []
        for index in schema.packages.indices {
            let package = schema.packages[index]
            files.append(messages(of: index))
            if !package.services.isEmpty { files.append(services(of: index)) }
        }
        if schema.services.isEmpty { return files }
        let descriptors = SwiftDescriptorEmitter(files: ProtoFiles(schema).all)
        let description = SwiftOpenAPIEmitter(parts: OpenAPIParts(schema, bounds))
        return files + [policyTable(), descriptors.output(), description.output()]
    }

    // MARK: Messages

    func messages(of index: Int) -> OutputFile {
        let package = schema.packages[index]
        var writer = CodeWriter()
        header(package, to: &writer)
        if !package.types.isEmpty {
            writer.line("public import Wire")
            writer.line()
        }
        writer.documentation(
            package.doc.isEmpty ? ["Package `\(package.name)`."] : package.doc)
        writer.line("public enum \(package.swiftName) {}")
        for type in package.types {
            writer.line()
            emit(type, of: package, to: &writer)
        }
        return OutputFile(path: "\(package.name).messages.swift", text: writer.text)
    }

    private func header(_ package: Package, to writer: inout CodeWriter) {
        let directory = package.name.replacing(".", with: "/")
        writer.line("\(OutputFile.marker) from \(directory). Do not edit: change the schema.")
        writer.line()
    }

    private func emit(_ type: TypeID, of package: Package, to writer: inout CodeWriter) {
        let declaration = schema.types[type.index]
        let parents = declaration.name.split(separator: ".").dropLast().map { "." + $0 }.joined()
        writer.block("extension \(package.swiftName)\(parents)") { writer in
            switch declaration {
            case .enumeration(let enumeration):
                SwiftEnumEmitter(enumeration: enumeration, isForeign: package.isForeign)
                    .emit(to: &writer)
            case .message(let message) where message.isUnion:
                SwiftUnionEmitter(message, schema: schema, depth: bounds.depth(type))
                    .emit(to: &writer)
            case .message(let message):
                SwiftMessageEmitter(message, schema: schema, depth: bounds.depth(type))
                    .emit(to: &writer)
            }
        }
        if case .message(let message) = declaration, message.isSealable {
            writer.line()
            let text = CanonicalText.text(of: type, in: schema)
            let name = "\(package.swiftName).\(message.name)"
            writer.block("extension \(name): SealableMessage") { writer in
                writer.line("public static let fingerprint = Fingerprint(")
                writer.indented {
                    $0.line("\"\(SchemaFingerprint(of: text).hex)\")")
                }
                writer.line()
                let pounds = Quoted.pounds(around: text)
                writer.line("public static let schemaText = \(pounds)\"\"\"")
                writer.indented { writer in
                    for line in text.split(separator: "\n") { writer.line(String(line)) }
                    writer.line()
                    writer.line("\"\"\"\(pounds)")
                }
            }
        }
    }

    // MARK: Services

    func services(of index: Int) -> OutputFile {
        let package = schema.packages[index]
        var writer = CodeWriter()
        header(package, to: &writer)
        writer.line("public import RPC")
        for service in package.services {
            writer.line()
            SwiftServiceEmitter(
                service: schema.services[service], package: package, index: index, schema: schema,
                bounds: bounds
            ).emit(to: &writer)
        }
        return OutputFile(path: "\(package.name).services.swift", text: writer.text)
    }

    private func policyTable() -> OutputFile {
        var writer = CodeWriter()
        writer.line("\(OutputFile.marker) from all schemas. Do not edit: change the schemas.")
        writer.line()
        writer.line("public import RPC")
        writer.line()
        writer.line("/// What the schemas say about every method.")
        writer.block("public enum PolicyTable") { writer in
            let names = schema.services.map { service in
                "\(schema.packages[service.package].swiftName).\(service.name).methods"
            }.sorted()
            writer.collection(
                "public static let all: [MethodDescriptor] = [", names, "].flatMap { $0 }")
        }
        return OutputFile(path: "PolicyTable.generated.swift", text: writer.text)
    }
}
