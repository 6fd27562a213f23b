/// Turns parsed files into a `Schema`: packages put together, names resolved, annotations typed.
/// What does not resolve is reported and left out.
struct Resolver {
    static let maximumDeclarationsPerPackage = 4096
    static let maximumFieldsPerMessage = 512

    /// A declared name; its full name is the key.
    enum Declared {
        case type(TypeID)
        case scalar(Int)
        case service
    }

    struct Scalar {
        let name: String
        let base: Builtin
        let annotations: AnnotationSet
    }

    struct Import {
        let package: Int
        let qualifier: String
        let syntax: ImportSyntax
    }

    /// What a file can name: its imports by qualifier and by full name.
    struct Scope {
        var qualified: [String: [Int]] = [:]
        var packages: [String: Int] = [:]
    }

    let files: [FileSyntax]
    let sources: [SourceFile]
    /// Whether packages must match directories; canonical text has no directories.
    let checksPaths: Bool
    var diagnostics: Diagnostics
    var schema = Schema()
    var packageIndex: [String: Int] = [:]
    var declared: [String: (kind: Declared, location: Location)] = [:]
    var scalars: [Scalar] = []
    /// Per entry of `files`.
    var imports: [[Import]] = []
    var scopes: [Scope] = []
    var usedImports: [Set<Int>] = []
    /// Full names of all messages, so that nested names can be checked before they are resolved.
    var messageNames: Set<String> = []
    /// Syntax and file of each entry of `schema.types`.
    var typeSyntax: [(declaration: DeclarationSyntax, section: Int)] = []

    static func resolve(
        _ files: [FileSyntax], sources: [SourceFile], checksPaths: Bool,
        diagnostics: inout Diagnostics
    ) -> Schema {
        var resolver = Resolver(
            files: files, sources: sources, checksPaths: checksPaths, diagnostics: diagnostics)
        resolver.run()
        diagnostics = resolver.diagnostics
        return resolver.schema
    }

    private init(
        files: [FileSyntax], sources: [SourceFile], checksPaths: Bool, diagnostics: Diagnostics
    ) {
        self.files = files
        self.sources = sources
        self.checksPaths = checksPaths
        self.diagnostics = diagnostics
    }

    private mutating func run() {
        declarePackages()
        resolveImports()
        declareNames()
        for index in typeSyntax.indices { resolveType(index) }
        for section in files.indices { resolveServices(section) }
        reportUnusedImports()
    }

    func package(ofSection section: Int) -> Int? {
        files[section].package.flatMap { packageIndex[$0.name.text] }
    }

    func location(_ section: Int, _ span: Span) -> Location {
        Location(file: files[section].file, span: span)
    }

    mutating func error(
        _ code: DiagnosticCode, _ section: Int, _ span: Span, _ message: String,
        hint: String? = nil, notes: [Diagnostic.Note] = []
    ) {
        diagnostics.error(
            code, at: location(section, span), message, hint: hint, notes: notes)
    }

    mutating func error(
        _ code: DiagnosticCode, _ annotation: AnnotationSyntax, _ message: String,
        hint: String? = nil
    ) {
        diagnostics.error(code, at: annotation.location, message, hint: hint)
    }

    // MARK: Declarations

    private mutating func declareNames() {
        for section in files.indices {
            guard let package = files[section].package?.name.text else { continue }
            for declaration in files[section].declarations {
                guard case .message = declaration.body else { continue }
                messageNames.insert("\(package).\(declaration.name.text)")
            }
        }
        for section in files.indices {
            guard let package = package(ofSection: section) else { continue }
            for declaration in files[section].declarations {
                declare(declaration, section: section, package: package)
            }
        }
        checkDeclarationCounts()
    }

    private mutating func checkDeclarationCounts() {
        let limit = Self.maximumDeclarationsPerPackage
        for sections in sectionsByPackage().values {
            let count = sections.reduce(0) { $0 + files[$1].declarations.count }
            guard count > limit, let last = sections.last, let name = files[last].package?.name
            else { continue }
            error(
                .overLimit, last, name.span,
                "package '\(name.text)' has \(count) declarations, more than \(limit)")
        }
    }

    /// The files, or sections of an archive, that say each package.
    func sectionsByPackage() -> [String: [Int]] {
        Dictionary(grouping: files.indices.filter { files[$0].package != nil }) { section in
            files[section].package?.name.text ?? ""
        }
    }

    private mutating func declare(
        _ declaration: DeclarationSyntax, section: Int, package: Int
    ) {
        let name = declaration.name
        checkTypeSpelling(declaration, section: section, package: package)
        let fullName = schema.packages[package].name + "." + name.text
        let location = location(section, name.span)
        if let first = declared[fullName] {
            diagnostics.error(
                .duplicateName, at: location, "'\(name.text)' is already declared",
                notes: [.init(location: first.location, text: "first declared here")])
            return
        }
        let base = declaredBase(declaration, section: section, package: package)
        guard let kind = base.kind else { return }
        declared[fullName] = (kind, location)
        if case .type(let id) = kind {
            schema.types.append(base.type)
            typeSyntax.append((declaration, section))
            schema.packages[package].types.append(id)
        }
    }

    /// An empty declaration, so that others can refer to it before its members are read.
    private mutating func declaredBase(
        _ declaration: DeclarationSyntax, section: Int, package: Int
    ) -> (kind: Declared?, type: TypeDeclaration) {
        let name = declaration.name.text
        let fullName = schema.packages[package].name + "." + name
        let location = location(section, declaration.name.span)
        let id = TypeID(index: schema.types.count)
        var isUnion = false
        switch declaration.body {
        case .enumeration:
            let annotations = read(declaration.head, at: .enumeration, section: section)
            let enumeration = Enumeration(
                name: name, fullName: fullName, package: package, doc: declaration.head.doc,
                annotations: annotations.canonical, location: location)
            return (.type(id), .enumeration(enumeration))
        case .union:
            isUnion = true
            if schema.packages[package].isForeign {
                error(.foreign, section, declaration.name.span, "foreign packages have no unions")
            }
            fallthrough
        case .message:
            let annotations = read(
                declaration.head, at: isUnion ? .union : .message, section: section)
            var message = Message(
                name: name, fullName: fullName, package: package, isUnion: isUnion,
                doc: declaration.head.doc, annotations: annotations.canonical, location: location)
            applyMessageAnnotations(annotations, to: &message)
            return (.type(id), .message(message))
        case .scalar(let type):
            let kind = declareScalar(declaration, base: type, section: section)
            return (kind, .message(placeholder(location, package)))
        case .service:
            return (.service, .message(placeholder(location, package)))
        }
    }

    private func placeholder(_ location: Location, _ package: Int) -> Message {
        Message(
            name: "", fullName: "", package: package, isUnion: false, doc: [], annotations: [],
            location: location)
    }

    private mutating func declareScalar(
        _ declaration: DeclarationSyntax, base type: NameSyntax, section: Int
    ) -> Declared? {
        let annotations = read(declaration.head, at: .scalar, section: section)
        guard let base = Builtin(rawValue: type.text) else {
            error(
                .unknownType, section, type.span,
                "a scalar is made from a built-in type; '\(type.text)' is none",
                hint: Suggestion.hint(for: type.text, among: Builtin.allCases.map(\.rawValue)))
            return nil
        }
        let context = RuleContext(
            type: .builtin(base), cardinality: .singular, section: section, isMember: false,
            nameSpan: declaration.name.span)
        _ = rules(annotations, context)
        _ = personalData(annotations)
        if let package = self.package(ofSection: section) {
            let name = declaration.name.text
            schema.scalars.append(
                NamedScalar(
                    name: name, fullName: "\(schema.packages[package].name).\(name)",
                    package: package, base: base, doc: declaration.head.doc,
                    annotations: annotations.canonical,
                    location: location(section, declaration.name.span)))
        }
        scalars.append(
            Scalar(
                name: declaration.name.text, base: base, annotations: annotations))
        return .scalar(scalars.count - 1)
    }

    private mutating func applyMessageAnnotations(
        _ annotations: AnnotationSet, to message: inout Message
    ) {
        message.isSealable = annotations.has("sealable")
        if message.isSealable, schema.packages[message.package].isForeign {
            diagnostics.error(
                .foreign, at: annotations.location("sealable") ?? message.location,
                "foreign packages have no sealed records")
        }
        if let depth = annotations["depth"] {
            message.recursionLimit = integerArgument(
                of: depth, in: 1...32)
        }
    }
}
