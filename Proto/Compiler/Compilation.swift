/// One run of the compiler over a set of schema files: text in; text and diagnostics out.
public struct Compilation: Sendable {
    public let sources: [SourceFile]
    public let diagnostics: [Diagnostic]
    /// Whether every name and annotation has a meaning, so that two versions can be compared even
    /// if one of them breaks a rule of today.
    public let isResolved: Bool
    let schema: Schema
    let bounds: Bounds

    /// Parses and checks everything. The order of the sources does not matter.
    ///
    /// - Parameter archive: the sources are canonical text, which may hold several packages and
    ///   is not bound to directories.
    public init(_ sources: [SourceFile], archive: Bool = false) {
        let sources = sources.sorted { $0.path.utf8.precedes($1.path.utf8) }
        var diagnostics = Diagnostics()
        var files: [FileSyntax] = []
        for (index, source) in sources.enumerated() {
            files += Parser.parse(
                source, index: index, archive: archive, diagnostics: &diagnostics)
        }
        var schema = Resolver.resolve(
            files, sources: sources, checksPaths: !archive, diagnostics: &diagnostics)
        isResolved = !diagnostics.hasErrors
        if !isResolved { schema = Schema() }
        let bounds = Bounds(schema)
        SchemaChecks.run(schema, bounds: bounds, diagnostics: &diagnostics)
        self.sources = sources
        self.schema = schema
        self.bounds = bounds
        self.diagnostics = diagnostics.all.sorted { $0.precedes($1) }
    }

    public var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

    /// A finding as `schemac` prints it.
    public func rendered(_ diagnostic: Diagnostic, _ palette: Palette = .plain) -> String {
        diagnostic.rendered(in: sources, palette)
    }

    /// The full names of everything that has a canonical text: messages, unions and services.
    public var rootNames: [String] {
        schema.types.indices.filter { schema.message(TypeID(index: $0)) != nil }
            .map { schema.types[$0].fullName } + schema.services.map(\.fullName)
    }

    /// The name of a type or service, and its canonical text; nil if nothing has the name.
    public func canonicalText(of fullName: String) -> String? {
        if let type = schema.type(named: fullName) {
            return CanonicalText.text(of: type, in: schema)
        }
        return schema.service(named: fullName).map { CanonicalText.text(of: $0, in: schema) }
    }

    /// The wire text of a message, union or service; nil if nothing has the name.
    public func wireText(of fullName: String) -> String? {
        if let type = schema.type(named: fullName) { return WireText.text(of: type, in: schema) }
        return schema.service(named: fullName).map { WireText.text(of: $0, in: schema) }
    }

    /// SHA-256 of the canonical text, in hex.
    public func apiFingerprint(of fullName: String) -> String? {
        canonicalText(of: fullName).map { SchemaFingerprint(of: $0).hex }
    }

    /// SHA-256 of the wire text, in hex.
    public func wireFingerprint(of fullName: String) -> String? {
        wireText(of: fullName).map { SchemaFingerprint(of: $0).hex }
    }
}

extension Diagnostic {
    fileprivate func precedes(_ other: Diagnostic) -> Bool {
        let left = (location.file, location.span.start, code.rawValue, message)
        let right = (
            other.location.file, other.location.span.start, other.code.rawValue, other.message
        )
        return left < right
    }
}

// MARK: Output

extension Compilation {
    /// Swift files, for one directory. Empty if there are errors.
    public func swiftFiles() -> [OutputFile] {
        hasErrors ? [] : SwiftEmitter(schema: schema, bounds: bounds).files()
    }

    /// `.proto` files, in the folders of their packages. Empty if there are errors.
    public func protoFiles() -> [OutputFile] {
        if hasErrors { return [] }
        let files = ProtoFiles(schema)
        let scope = ProtoScope(files.all)
        return files.own.map { ProtoPrinter(file: $0, scope: scope).output() }
    }

    /// An OpenAPI 3.1 document of all unary methods. Empty if there are errors.
    public func openAPI() -> [UInt8] {
        hasErrors ? [] : Array((OpenAPIParts(schema, bounds).document.text + "\n").utf8)
    }

    /// A `google.protobuf.FileDescriptorSet` of all `.proto` files, each after those that it
    /// imports; protobuf's own are among them. Empty if there are errors.
    public func descriptorSet() -> [UInt8] {
        hasErrors ? [] : DescriptorEmitter.set(of: ProtoFiles(schema).all)
    }
}
