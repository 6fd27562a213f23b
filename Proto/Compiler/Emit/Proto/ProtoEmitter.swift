/// Writes one proto3 file per package, for clients in other languages (wire.md §14).
struct ProtoEmitter {
    let schema: Schema

    /// Holds Decimal, Money and Date besides what the package declares.
    static let valueTypesPackage = "assay.types.v1"

    func files() -> [OutputFile] {
        var files = schema.packages.indices.map(file)
        if !schema.packages.contains(where: { $0.name == Self.valueTypesPackage }) {
            files.append(valueTypesFile())
        }
        return files
    }

    /// `bank.risk.v1` → `bank/risk/v1/risk.proto`.
    static func path(of package: String) -> String {
        let parts = package.split(separator: ".").map(String.init)
        let name = parts.last { !Resolver.isVersion($0) } ?? package
        return (parts + ["\(name).proto"]).joined(separator: "/")
    }

    private func file(_ index: Int) -> OutputFile {
        let package = schema.packages[index]
        var writer = CodeWriter(indentWidth: 2)
        header(package.name, doc: package.doc, imports: imports(package), to: &writer)
        if package.name == Self.valueTypesPackage { emitValueTypes(to: &writer) }
        let names = package.types.map { schema.types[$0.index].name }
        for type in package.types where !schema.types[type.index].name.contains(".") {
            writer.line()
            ProtoTypeEmitter(schema: schema, package: index, nested: names)
                .emit(schema.types[type.index], to: &writer)
        }
        for service in package.services {
            writer.line()
            emit(schema.services[service], package: index, to: &writer)
        }
        return OutputFile(path: Self.path(of: package.name), text: writer.text)
    }

    private func header(
        _ package: String, doc: [String], imports: [String], to writer: inout CodeWriter
    ) {
        writer.line("\(OutputFile.marker). Do not edit: change the schema.")
        writer.line("syntax = \"proto3\";")
        writer.line()
        writer.documentation(doc, marker: "//")
        writer.line("package \(package);")
        if !imports.isEmpty { writer.line() }
        for path in imports { writer.line("import \"\(path)\";") }
    }

    private func imports(_ package: Package) -> [String] {
        var paths: Set<String> = []
        for type in package.types {
            for field in schema.message(type)?.fields ?? [] {
                switch field.type {
                case .builtin(.timestamp): paths.insert("google/protobuf/timestamp.proto")
                case .builtin(.duration): paths.insert("google/protobuf/duration.proto")
                case .builtin(.decimal), .builtin(.money), .builtin(.date):
                    paths.insert(Self.path(of: Self.valueTypesPackage))
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
        paths.remove(Self.path(of: package.name))
        return paths.sorted { $0.utf8.precedes($1.utf8) }
    }

    private func path(of type: TypeID) -> String {
        Self.path(of: schema.package(of: schema.types[type.index]).name)
    }

    // MARK: Value types

    private func valueTypesFile() -> OutputFile {
        var writer = CodeWriter(indentWidth: 2)
        header(Self.valueTypesPackage, doc: [], imports: [], to: &writer)
        emitValueTypes(to: &writer)
        return OutputFile(path: Self.path(of: Self.valueTypesPackage), text: writer.text)
    }

    private func emitValueTypes(to writer: inout CodeWriter) {
        let types: [(doc: [String], name: String, fields: [String])] = [
            (
                ["A decimal number: coefficient / 10^scale. The scale is significant."], "Decimal",
                [
                    "sint64 coefficient = 1;  // at most 18 digits",
                    "uint32 scale = 2;  // at most 18",
                ]
            ),
            (
                ["An amount of money: coefficient / 10^scale of the currency."], "Money",
                [
                    "string currency = 1;  // ISO 4217, three capital letters",
                    "sint64 coefficient = 2;  // at most 18 digits",
                    "uint32 scale = 3;  // at most 18",
                ]
            ),
            (
                ["A day of the Gregorian calendar, years 1 to 9999."], "Date",
                ["sint32 days = 1;  // since 1970-01-01"]
            ),
        ]
        for type in types {
            writer.line()
            writer.documentation(type.doc, marker: "//")
            writer.block("message \(type.name)") { writer in
                writer.lines(type.fields)
            }
        }
    }

    // MARK: Services

    private func emit(_ service: Service, package: Int, to writer: inout CodeWriter) {
        writer.documentation(service.doc, marker: "//")
        emitPolicy(service.annotations, to: &writer)
        writer.block("service \(service.name)") { writer in
            for method in service.methods {
                writer.documentation(method.doc, marker: "//")
                emitPolicy(method.annotations, to: &writer)
                let request = ProtoType.name(method.request, schema, from: package)
                let response = ProtoType.name(method.response, schema, from: package)
                let parameter = (method.streamsRequest ? "stream " : "") + request
                let result = (method.streamsResponse ? "stream " : "") + response
                let header = "rpc \(method.name)(\(parameter)) returns (\(result))"
                switch method.policy.idempotency {
                case .none: writer.line(header + ";")
                case .readonly:
                    writer.block(header) { $0.line("option idempotency_level = NO_SIDE_EFFECTS;") }
                case .keyed:
                    writer.block(header) { $0.line("option idempotency_level = IDEMPOTENT;") }
                }
            }
        }
    }

    private func emitPolicy(_ annotations: [Annotation], to writer: inout CodeWriter) {
        if annotations.isEmpty { return }
        writer.line("// \(annotations.map(\.text).joined(separator: " "))")
    }
}
