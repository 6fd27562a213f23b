/// Packages, imports, and the look-up of type names.
extension Resolver {
    mutating func declarePackages() {
        let sectionsByPackage = sectionsByPackage().sorted { $0.key < $1.key }
        for (index, (name, sections)) in sectionsByPackage.enumerated() {
            packageIndex[name] = index
            var annotations = AnnotationSet()
            var doc: [String] = []
            for section in sections {
                guard let package = files[section].package else { continue }
                let set = read(package.head, at: .package, section: section)
                for annotation in set.all where !annotations.has(annotation.name.text) {
                    annotations.append(annotation)
                }
                if doc.isEmpty { doc = package.head.doc }
                checkPackageName(package, annotations: set, section: section)
            }
            schema.packages.append(
                Package(
                    name: name, doc: doc, annotations: annotations.canonical,
                    swiftName: swiftNamespace(name, annotations),
                    isForeign: annotations.has("protobuf_types"),
                    protoPath: protoFile(annotations) ?? ProtoFiles.path(of: name),
                    location: location(
                        sections[0], files[sections[0]].package?.name.span ?? Span(start: 0, end: 0)
                    )
                ))
        }
    }

    private mutating func swiftNamespace(_ name: String, _ annotations: AnnotationSet) -> String {
        if let custom = annotations["swift"] {
            if let text = stringArgument(of: custom),
                Spelling.isPascalCase(text), text.utf8.allSatisfy(Spelling.isWordByte)
            {
                return text
            }
            diagnostics.error(
                .annotationArgument, at: custom.location,
                "'@swift' takes a PascalCase name in quotes")
        }
        return name.split(separator: ".").map { Spelling.pascalCase(String($0)) }.joined()
    }

    /// `@protobuf_types(file: "…")`: where the foreign protocol calls its file by another name.
    private mutating func protoFile(_ annotations: AnnotationSet) -> String? {
        guard let switched = annotations["protobuf_types"],
            let values = arguments(of: switched, allowed: ["file"]),
            let value = values["file"]
        else { return nil }
        if case .string(let path) = value.kind,
            path.wholeMatch(of: /([A-Za-z0-9_\-]+\/)*[A-Za-z0-9_\-]+\.proto/) != nil
        {
            return path
        }
        argumentError(switched, "file: with a path such as \"health/v1/health.proto\"")
        return nil
    }

    private mutating func checkPackageName(
        _ package: PackageSyntax, annotations: AnnotationSet, section: Int
    ) {
        let name = package.name
        for part in name.components where !Spelling.isSnakeCase(part) {
            error(
                .spelling, section, name.span, "package names are lower case",
                hint: "write '\(Spelling.snakeCase(part))'")
        }
        if checksPaths {
            let path = sources[files[section].file].path
            let directory = path.split(separator: "/").dropLast().joined(separator: ".")
            if directory != name.text {
                error(
                    .packageName, section, name.span,
                    "package '\(name.text)' does not match its directory",
                    hint: (directory.isEmpty ? "" : "write 'package \(directory)', or ")
                        + "move the file to \(name.text.replacing(".", with: "/"))/")
            }
        }
        if !annotations.has("protobuf_types"), !Self.isVersion(name.components.last ?? "") {
            error(
                .packageName, section, name.span, "package '\(name.text)' has no version",
                hint: "write '\(name.text).v1'")
        }
    }

    /// `v1`, `v2`, `v1alpha`, `v1beta3`.
    static func isVersion(_ name: String) -> Bool {
        name.wholeMatch(of: /v[1-9][0-9]*((alpha|beta)[0-9]*)?/) != nil
    }

    // MARK: Imports

    mutating func resolveImports() {
        imports = Array(repeating: [], count: files.count)
        usedImports = Array(repeating: [], count: files.count)
        scopes = Array(repeating: Scope(), count: files.count)
        var known = Set<[Int]>()
        for section in files.indices {
            guard let own = package(ofSection: section) else { continue }
            for syntax in files[section].imports {
                guard let package = resolve(syntax, section: section, own: own),
                    known.insert([own, package]).inserted
                else { continue }
                schema.packages[own].imports.append(schema.packages[package].name)
            }
        }
        for index in schema.packages.indices { schema.packages[index].imports.sort() }
        reportImportCycles()
    }

    private mutating func resolve(_ syntax: ImportSyntax, section: Int, own: Int) -> Int? {
        guard let package = packageIndex[syntax.name.text] else {
            error(
                .importNotFound, section, syntax.name.span,
                "package '\(syntax.name.text)' was not found below the schema root",
                hint: isFull(section)
                    ? nil : Suggestion.hint(for: syntax.name.text, among: packageIndex.keys))
            return nil
        }
        guard package != own else {
            error(
                .importNotFound, section, syntax.name.span, "a package does not import itself",
                hint: "remove this line; its files see each other")
            return nil
        }
        let parts = syntax.name.components
        let qualifier =
            syntax.alias?.text ?? parts.last { !Self.isVersion($0) } ?? syntax.name.text
        imports[section].append(Import(package: package, qualifier: qualifier, syntax: syntax))
        scopes[section].qualified[qualifier, default: []].append(package)
        scopes[section].packages[syntax.name.text] = package
        return package
    }

    /// At most one cycle of each package, so that the effort stays within packages × imports.
    private mutating func reportImportCycles() {
        let next = schema.packages.map { package in package.imports.compactMap { packageIndex[$0] }
        }
        var reported: Set<Int> = []
        for section in files.indices {
            guard let own = package(ofSection: section), !imports[section].isEmpty,
                !reported.contains(own), let cycle = Self.shortestCycle(through: own, next)
            else { continue }
            guard let entry = imports[section].first(where: { $0.package == cycle[1] }) else {
                continue
            }
            reported.insert(own)
            let names = cycle.map { schema.packages[$0].name }
            error(
                .importCycle, section, entry.syntax.name.span,
                "packages import each other: \(names.joined(separator: " → "))")
        }
    }

    /// Packages from one back to itself; nil if there is no such way.
    private static func shortestCycle(through start: Int, _ next: [[Int]]) -> [Int]? {
        var previous: [Int: Int] = [:]
        var queue = [start]
        var position = 0
        while position < queue.count {
            let package = queue[position]
            position += 1
            for target in next[package] where previous[target] == nil {
                previous[target] = package
                guard target == start else {
                    queue.append(target)
                    continue
                }
                var path = [start]
                var step = package
                while step != start, let before = previous[step] {
                    path.append(step)
                    step = before
                }
                path.append(start)
                return path.reversed()
            }
        }
        return nil
    }

    mutating func reportUnusedImports() {
        for section in files.indices {
            for entry in imports[section] where !usedImports[section].contains(entry.package) {
                diagnostics.warning(
                    .unusedImport, at: location(section, entry.syntax.name.span),
                    "nothing of package '\(entry.syntax.name.text)' is used",
                    hint: "remove this line")
            }
        }
    }

    // MARK: Type names

    enum Resolved {
        case value(ValueType)
        case scalar(Scalar)
    }

    /// What a name in the place of a type stands for; reports it when it stands for nothing.
    mutating func lookUp(_ name: NameSyntax, section: Int) -> Resolved? {
        if let builtin = Builtin(rawValue: name.text) { return .value(.builtin(builtin)) }
        let candidates = candidates(for: name.text, section: section)
        if candidates.count > 1 {
            error(
                .ambiguousType, section, name.span,
                "'\(name.text)' may be \(candidates.map { "'\($0.name)'" }.joined(separator: " or "))",
                hint: "write its full name",
                notes: candidates.compactMap { candidate in
                    declared[candidate.name].map {
                        .init(location: $0.location, text: "declared here")
                    }
                })
            return nil
        }
        guard let found = candidates.first, let kind = declared[found.name]?.kind else {
            error(
                .unknownType, section, name.span, "unknown type '\(name.text)'",
                hint: isFull(section)
                    ? nil : Suggestion.hint(for: name.text, among: namesInScope(section)))
            return nil
        }
        usedImports[section].insert(found.package)
        switch kind {
        case .scalar(let index): return .scalar(scalars[index])
        case .type(let id):
            let isEnum = schema.enumeration(id) != nil
            return .value(isEnum ? .enumeration(id) : .message(id))
        case .service:
            error(.unknownType, section, name.span, "'\(name.text)' is a service, not a type")
            return nil
        }
    }

    private func candidates(for name: String, section: Int) -> [(name: String, package: Int)] {
        guard let own = package(ofSection: section) else { return [] }
        var found: [(name: String, package: Int)] = []
        func consider(_ fullName: String, _ package: Int) {
            guard declared[fullName] != nil, !found.contains(where: { $0.name == fullName }) else {
                return
            }
            found.append((fullName, package))
        }
        let ownName = schema.packages[own].name
        consider(ownName + "." + name, own)
        if name.hasPrefix(ownName + ".") { consider(name, own) }
        for dot in name.indices where name[dot] == "." {
            let prefix = String(name[..<dot])
            for package in scopes[section].qualified[prefix] ?? [] {
                consider(schema.packages[package].name + name[dot...], package)
            }
            if let package = scopes[section].packages[prefix] { consider(name, package) }
        }
        // Canonical text has no imports: every full name of the archive is in scope.
        if !checksPaths { consider(name, own) }
        return found
    }

    /// Whether no more errors of a file are shown, so that a hint would be wasted effort.
    private func isFull(_ section: Int) -> Bool { diagnostics.isFull(for: files[section].file) }

    private func namesInScope(_ section: Int) -> [String] {
        guard let own = package(ofSection: section) else { return [] }
        let prefixes =
            [(schema.packages[own].name + ".", "")]
            + imports[section].map { (schema.packages[$0.package].name + ".", $0.qualifier + ".") }
        let types = declared.keys.flatMap { name in
            prefixes.filter { name.hasPrefix($0.0) }.map { $0.1 + name.dropFirst($0.0.count) }
        }
        return types + Builtin.allCases.map(\.rawValue)
    }
}
