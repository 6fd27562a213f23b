/// Checks declarations and compiles them; every problem is reported together.
///
/// The result depends on what is declared, not on the order: entities, events and features are
/// sorted by name, so that a moved line changes no hash.
public struct DefinitionCompiler {
    var problems: [DefinitionProblem] = []
    let files: [DefinitionFile]

    private init(_ files: [DefinitionFile]) { self.files = files }

    public static func compile(_ files: [DefinitionFile]) throws(DefinitionError) -> DefinitionSet {
        var compiler = DefinitionCompiler(files)
        let set = compiler.compile()
        guard compiler.problems.isEmpty, let set else { throw DefinitionError(compiler.problems) }
        return set
    }

    mutating func report(_ message: String, at location: SourceLocation) {
        problems.append(DefinitionProblem(message, at: location))
    }

    private mutating func compile() -> DefinitionSet? {
        guard let currency = files.first?.baseCurrency else {
            let nowhere = SourceLocation(file: "definitions", line: 1, column: 1)
            report("there is no definition file", at: nowhere)
            return nil
        }
        for file in files where file.baseCurrency.value != currency.value {
            report(
                "base_currency \(file.baseCurrency.value) differs from \(currency.value) in"
                    + " \(currency.location.file)", at: file.baseCurrency.location)
        }
        guard let exponent = Currency.exponent(currency.value) else {
            report(
                "base_currency \"\(currency.value)\" is not an ISO 4217 code",
                at: currency.location)
            return nil
        }
        let declared = declaredEntities()
        let events = compileEvents(declared)
        let entities = compileEntities(declared, events, currency.value)
        guard problems.isEmpty else { return nil }
        let requests = compileRequests(events, currency.value)
        let vectors = compileVectors(entities, requests, exponent: exponent)
        guard problems.isEmpty else { return nil }
        let canonical =
            ["assay.features/1", currency.value] + entities.map(\.meaning)
            + entities.map { "key \($0.name) \($0.short) \($0.key)" } + events.map(\.meaning)
            + entities.flatMap { $0.features.map { "\($0.name) \($0.meaning)" } }
            + vectors.map { "\($0.name)@\($0.version) \($0.purpose) \($0.fingerprint)" }
        return DefinitionSet(
            hash: Digest.sha256(canonical.joined(separator: "\n")), baseCurrency: currency.value,
            currencyExponent: exponent, entities: entities, events: events, vectors: vectors)
    }

    /// By name; the first of two with one name.
    private mutating func declaredEntities() -> [EntityDeclaration] {
        let all = files.flatMap(\.entities)
        unique(all.map(\.name), what: "entity")
        unique(all.map(\.short), what: "short name")
        return sortedByName(all, \.name.value)
    }

    mutating func unique(_ names: [Located<String>], what: String) {
        var seen: [String: SourceLocation] = [:]
        for name in names {
            if let first = seen[name.value] {
                report(
                    "\(what) \"\(name.value)\" is declared already at \(first)", at: name.location)
            }
            seen[name.value] = seen[name.value] ?? name.location
            if !isName(name.value) {
                report(
                    "\(what) \"\(name.value)\" must be 1 to 64 of a-z, 0-9 and _, and start with"
                        + " a letter", at: name.location)
            }
        }
    }

    private func isName(_ name: String) -> Bool {
        guard (1...64).contains(name.utf8.count), let first = name.utf8.first,
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first)
        else { return false }
        return name.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "_")
        }
    }

    func sortedByName<T>(_ items: [T], _ name: (T) -> String) -> [T] {
        var seen: Set<String> = []
        return items.filter { seen.insert(name($0)).inserted }
            .sorted { name($0).utf8.lexicographicallyPrecedes(name($1).utf8) }
    }
}

extension EventDefinition {
    /// Canonical text of everything that decides how an event is read.
    var meaning: String {
        let fields = fields.map {
            "\($0.name):\($0.type.rawValue):\($0.minimum.map(String.init) ?? "")"
                + ":\($0.maximum.map(String.init) ?? ""):\($0.maximumLength.map(String.init) ?? "")"
                + ":\($0.isRequired)"
        }
        let touches = touches.map { "\($0.entity):\($0.role):\($0.field)" }
        return "event \(name) \(maximumLateness) \(fields) \(touches)"
    }
}

/// The minor units of currencies (ISO 4217, list one).
public enum Currency {
    private static let withoutMinor: Set<String> = [
        "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND",
        "VUV", "XAF", "XOF", "XPF",
    ]
    private static let withThree: Set<String> = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]

    /// Digits after the point; nil if the text is not three capital letters.
    public static func exponent(_ code: String) -> Int? {
        let letters = UInt8(ascii: "A")...UInt8(ascii: "Z")
        guard code.utf8.count == 3, code.utf8.allSatisfy(letters.contains) else { return nil }
        if withoutMinor.contains(code) { return 0 }
        return withThree.contains(code) ? 3 : 2
    }
}
