/// What a name on the command line means.
public enum TypeLookup: Sendable, Equatable {
    /// A message or union, by its full name.
    case found(String)
    /// Something else is meant, or nothing: a sentence that says what to write.
    case refused(String)
}

extension Compilation {
    /// Finds a message or union by its full name, or by the end of it if that is unambiguous:
    /// `AssessRequest`, `v1.AssessRequest`.
    public func messageType(named name: String) -> TypeLookup {
        let messages = schema.types.indices.compactMap {
            schema.message(TypeID(index: $0))?.fullName
        }
        let matches = messages.filter { Self.matches($0, name) }.sorted()
        if let exact = matches.first(where: { $0 == name }) { return .found(exact) }
        if matches.count > 1 {
            return .refused("'\(name)' is ambiguous: " + matches.joined(separator: ", "))
        }
        if let match = matches.first { return .found(match) }
        if let other = otherDeclaration(name) { return .refused(other) }
        let candidates = messages + messages.map(Self.lastComponent)
        let hint = Suggestion.nearest(to: name, among: candidates).map { ": did you mean '\($0)'?" }
        return .refused("no message or union is called '\(name)'\(hint ?? "")")
    }

    private func otherDeclaration(_ name: String) -> String? {
        for type in schema.types {
            if case .enumeration(let enumeration) = type, Self.matches(enumeration.fullName, name) {
                return
                    "'\(enumeration.fullName)' is an enum; only messages and unions have bytes"
            }
        }
        guard let service = schema.services.first(where: { Self.matches($0.fullName, name) }) else {
            return nil
        }
        let names = Set(
            service.methods.flatMap { [$0.request, $0.response] }.map {
                schema.types[$0.index].fullName
            })
        return "'\(service.fullName)' is a service; its messages are "
            + names.sorted().joined(separator: ", ")
    }

    private static func matches(_ fullName: String, _ name: String) -> Bool {
        fullName == name || (!name.isEmpty && fullName.hasSuffix("." + name))
    }

    private static func lastComponent(_ name: String) -> String {
        name.split(separator: ".").last.map(String.init) ?? name
    }
}
