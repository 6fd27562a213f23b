/// What `schemac describe` found under a name.
public enum Description: Sendable, Equatable {
    /// Everything there is to know, for a person to read.
    case text(String)
    /// Several things end in this name: their full names.
    case ambiguous([String])
    /// Nothing has the name; perhaps one that was meant.
    case unknown(suggestion: String?)
}

extension Compilation {
    /// Describes a package, type, scalar, service or rpc. The name may be a full one, or the end of
    /// one, such as `AssessRequest`.
    public func describe(_ name: String) -> Description {
        var subjects: [(name: String, subject: Describer.Subject)] = []
        for (index, package) in schema.packages.enumerated() {
            subjects.append((package.name, .package(index)))
        }
        for (index, type) in schema.types.enumerated() {
            subjects.append((type.fullName, .type(TypeID(index: index))))
        }
        for scalar in schema.scalars { subjects.append((scalar.fullName, .scalar(scalar))) }
        for service in schema.services {
            subjects.append((service.fullName, .service(service)))
            for method in service.methods {
                subjects.append(
                    ("\(service.fullName).\(method.name)", .method(method, of: service)))
            }
        }
        let exact = subjects.filter { $0.name == name }
        let found = exact.isEmpty ? subjects.filter { $0.name.hasSuffix("." + name) } : exact
        if found.count > 1 { return .ambiguous(found.map(\.name).sorted()) }
        if let subject = found.first?.subject {
            return .text(Describer(compilation: self).text(subject))
        }
        // A short name is compared with short names, so that a typing error weighs the same.
        let depth = name.utf8.count { $0 == UInt8(ascii: ".") } + 1
        let endings = subjects.map { subject in
            let parts = subject.name.split(separator: ".")
            return parts.suffix(min(depth, parts.count)).joined(separator: ".")
        }
        return .unknown(suggestion: Suggestion.nearest(to: name, among: endings))
    }
}

/// Writes what a person wants to know of one declaration.
struct Describer {
    enum Subject {
        case package(Int)
        case type(TypeID)
        case scalar(NamedScalar)
        case service(Service)
        case method(Method, of: Service)
    }

    let compilation: Compilation
    var schema: Schema { compilation.schema }
    var bounds: Bounds { compilation.bounds }

    func text(_ subject: Subject) -> String {
        switch subject {
        case .package(let index): text(schema.packages[index])
        case .type(let id):
            switch schema.types[id.index] {
            case .message(let message): text(message, id)
            case .enumeration(let enumeration): text(enumeration, id)
            }
        case .scalar(let scalar): text(scalar)
        case .service(let service): text(service)
        case .method(let method, let service): text(method, of: service)
        }
    }

    /// "message bank.risk.v1.Device" and its documentation.
    func head(_ kind: String, _ name: String, _ doc: [String]) -> String {
        "\(kind) \(name)\n" + doc.map { "  \($0)\n" }.joined()
    }

    /// Path and line of a declaration.
    func place(_ location: Location) -> String {
        let file = compilation.sources[location.file]
        return "\(file.path):\(file.position(of: location.span.start).line)"
    }

    func swiftName(_ name: String, package: Int) -> String {
        "\(schema.packages[package].swiftName).\(name)"
    }

    func size(_ type: TypeID) -> String {
        let maximum = bounds.maximumBytes(type).map { "at most \($0) bytes" } ?? "unbounded"
        return "\(maximum), depth \(bounds.depth(type))"
    }

    /// "Assess, WatchDecisions of bank.risk.v1.RiskService"; fields and rpcs that name a type.
    func users(of id: TypeID) -> [String] {
        var names: [String] = []
        for service in schema.services {
            for method in service.methods {
                if method.request == id {
                    names.append("\(service.fullName).\(method.name) (request)")
                }
                if method.response == id {
                    names.append("\(service.fullName).\(method.name) (response)")
                }
            }
        }
        for index in schema.types.indices {
            guard let message = schema.message(TypeID(index: index)) else { continue }
            for field in message.fields where field.type.typeID == id {
                names.append("\(message.fullName).\(field.name)")
            }
        }
        return names
    }

    // MARK: Packages

    private func text(_ package: Package) -> String {
        var text = head("package", package.name, package.doc)
        var facts = TextTable([.left, .left])
        facts.row("declared", place(package.location))
        facts.row("in Swift", package.swiftName)
        if package.isForeign {
            facts.row("foreign", "speaks protobuf's own types (@protobuf_types)")
        }
        if !package.imports.isEmpty {
            facts.row("imports", package.imports.joined(separator: ", "))
        }
        text += facts.text
        let scalars = schema.scalars.filter { schema.packages[$0.package].name == package.name }
        var types = TextTable([.left, .left, .left])
        for scalar in scalars {
            types.row("scalar", scalar.name, self.scalar(scalar))
        }
        for id in package.types {
            let type = schema.types[id.index]
            switch type {
            case .message(let message):
                types.row(message.isUnion ? "union" : "message", message.name, size(id))
            case .enumeration(let enumeration):
                types.row("enum", enumeration.name, "\(enumeration.values.count) values")
            }
        }
        for index in package.services {
            let service = schema.services[index]
            let count = service.methods.count
            types.row("service", service.name, "\(count) rpc\(count == 1 ? "" : "s")")
        }
        return text + "\n" + types.text
    }

    // MARK: Scalars

    private func scalar(_ scalar: NamedScalar) -> String {
        ([scalar.base.rawValue] + scalar.annotations.map(\.text)).joined(separator: " ")
    }

    private func text(_ scalar: NamedScalar) -> String {
        var facts = TextTable([.left, .left])
        facts.row("declared", place(scalar.location))
        facts.row("stands for", self.scalar(scalar))
        for (index, name) in users(of: scalar).enumerated() {
            facts.row(index == 0 ? "used by" : "", name)
        }
        return head("scalar", scalar.fullName, scalar.doc) + facts.text
    }

    private func users(of scalar: NamedScalar) -> [String] {
        schema.types.indices.compactMap { schema.message(TypeID(index: $0)) }.flatMap {
            (message) -> [String] in
            let package = schema.packages[message.package]
            let isVisible =
                message.package == scalar.package
                || package.imports.contains(schema.packages[scalar.package].name)
            return message.fields.filter { isVisible && $0.scalarName == scalar.name }.map {
                "\(message.fullName).\($0.name)"
            }
        }
    }
}
