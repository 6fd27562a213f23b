/// Checks declarations and compiles them; every problem is reported together.
///
/// The result depends on what is declared, not on the order: entities, events and features are
/// sorted by name, so that a moved line changes no hash.
public struct DefinitionCompiler {
    var problems: [DefinitionProblem] = []
    let files: [DefinitionFile]
    var currency = ""
    var reference = ReferenceData(
        parameters: [:], lists: [:], rates: [:], hash: [], hashes: [:])
    var enumerations: [EnumerationDefinition] = []
    var declaredEntities: [EntityDeclaration] = []
    /// What is compiled takes the positions of its filters here.
    var events: [EventDefinition] = []

    let lock: VectorLock

    private init(_ files: [DefinitionFile], _ lock: VectorLock) {
        self.files = files
        self.lock = lock
    }

    /// - Parameter lock: the fingerprints that versions of vectors had when they were applied.
    public static func compile(
        _ files: [DefinitionFile], lock: VectorLock = VectorLock()
    ) throws(DefinitionError) -> DefinitionSet {
        var compiler = DefinitionCompiler(files, lock)
        let set = compiler.compile()
        guard compiler.problems.isEmpty, let set else {
            throw DefinitionError(compiler.problems.sorted())
        }
        return set
    }

    mutating func report(_ message: String, at location: SourceLocation) {
        problems.append(DefinitionProblem(message, at: location))
    }

    private mutating func compile() -> DefinitionSet? {
        guard let exponent = compileCurrency(), checkCounts() else { return nil }
        compileReferenceData()
        let all = files.flatMap(\.entities)
        unique(all.map(\.name), what: "entity")
        unique(all.map(\.short), what: "short name")
        declaredEntities = sortedByName(all, \.name.value)
        compileEvents()
        let entities = compileEntities()
        // What is not there because of a problem above would only be reported as missing below.
        guard problems.isEmpty else { return nil }
        let expressions = compileExpressions()
        let features = compileFeatures(entities)
        guard problems.isEmpty else { return nil }
        let vectors = compileVectors(features, exponent: exponent)
        let documentation = compileDocumentation(entities)
        checkPurposes(features, entities, documentation)
        checkLock(of: vectors)
        guard problems.isEmpty else { return nil }
        return DefinitionSet(
            hash: Digest.sha256(canonical(entities, features, vectors)), baseCurrency: currency,
            currencyExponent: exponent, reference: reference, enumerations: enumerations,
            entities: entities, events: events, expressions: expressions, features: features,
            vectors: vectors, documentation: documentation)
    }

    /// Digits after the point of the base currency.
    private mutating func compileCurrency() -> Int? {
        guard let first = files.first else {
            let nowhere = SourceLocation(file: "definitions", line: 1, column: 1)
            report("there is no definition file", at: nowhere)
            return nil
        }
        guard let currency = files.lazy.compactMap(\.baseCurrency).first else {
            report("\"base_currency\" is missing", at: first.package.location)
            return nil
        }
        for other in files.compactMap(\.baseCurrency) where other.value != currency.value {
            report(
                "base_currency \(other.value) differs from \(currency.value) in"
                    + " \(currency.location.file)", at: other.location)
        }
        guard let exponent = Currency.exponent(currency.value) else {
            report(
                "base_currency \"\(currency.value)\" is not an ISO 4217 code",
                at: currency.location)
            return nil
        }
        self.currency = currency.value
        return exponent
    }

    private func canonical(
        _ entities: [EntityDefinition], _ features: FeatureSet, _ vectors: [VectorDefinition]
    ) -> String {
        let names = entities.map(\.name)
        let types = events.map(\.name)
        var lines = ["assay.features/1", currency]
        lines += reference.hash.map { String($0) }
        lines += enumerations.map { "\($0.name) \($0.labels)" }
        lines += entities.map(\.meaning)
        lines += entities.map {
            "key \($0.name) \($0.short) \($0.key) \($0.subject ?? -1) \($0.personal ?? "")"
                + " \($0.isRelaxed)"
        }
        lines += events.map { $0.meaning(names, types) }
        lines += features.features.map {
            "\($0.name) \($0.type) \($0.defaultValue.bitPattern) \($0.meaning)"
        }
        lines += vectors.map {
            "\($0.name)@\($0.version) \($0.purpose.rawValue) \($0.onUnavailable.rawValue)"
                + " \($0.fingerprint)"
        }
        return lines.joined(separator: "\n")
    }

    // MARK: Names

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

    /// Reports that there is no such thing, with the nearest that are.
    mutating func unknown(_ what: String, _ name: Located<String>, among names: [String]) {
        report(
            "no \(what) \"\(name.value)\"\(hint(name.value, among: names))",
            at: name.location)
    }

    // MARK: Spans of time

    /// Milliseconds of a text such as `7d`.
    mutating func span(_ text: Located<String>, of key: String) -> Int64? {
        if let window = Window.parse(text.value) { return window.milliseconds }
        report("\(key) \"\(text.value)\" is not a time such as 7d", at: text.location)
        return nil
    }
}
