internal import RuleLanguage

extension DefinitionCompiler {
    static let maximumListEntries = 100_000

    mutating func compileReferenceData() {
        compileEnumerations()
        let parameters = files.flatMap(\.parameters)
        unique(parameters.map(\.name), what: "parameter")
        let lists = files.flatMap(\.lists)
        unique(lists.map(\.name), what: "list")
        for list in lists where list.entries.count > Self.maximumListEntries {
            report(
                "list \"\(list.name.value)\" has \(list.entries.count) entries; at most"
                    + " \(Self.maximumListEntries)", at: list.name.location)
        }
        let rates = files.flatMap(\.rates)
        checkRates(rates)
        var hashes: [String: [UInt8]] = [:]
        for parameter in parameters {
            let value = parameter.parameter
            hashes["P.\(parameter.name.value)"] = Digest.sha256(
                "\(Self.canonical(value.value)) \(value.unit?.rawValue ?? "")")
        }
        for list in lists {
            hashes["L.\(list.name.value)"] = Digest.sha256(
                Set(list.entries).sorted().map { "\($0.utf8.count):\($0)" }.joined())
        }
        for rate in rates {
            hashes[rate.currency.value] = Digest.sha256(
                "\(rate.rate.coefficient) \(rate.rate.scale)")
        }
        let all = hashes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        reference = ReferenceData(
            parameters: Self.byName(parameters.map { ($0.name.value, $0.parameter) }),
            lists: Self.byName(lists.map { ($0.name.value, TextSet($0.entries)) }),
            rates: Self.byName(rates.map { ($0.currency.value, $0.rate) }),
            hash: Digest.sha256(all.joined(separator: "\n")), hashes: hashes)
    }

    private static func byName<T>(_ entries: [(String, T)]) -> [String: T] {
        Dictionary(entries, uniquingKeysWith: { a, _ in a })
    }

    private mutating func compileEnumerations() {
        let declared = files.flatMap(\.enumerations)
        unique(declared.map(\.name), what: "enumeration")
        for enumeration in declared {
            if FieldType(rawValue: enumeration.name.value) != nil {
                report(
                    "\"\(enumeration.name.value)\" is the name of a type",
                    at: enumeration.name.location)
            }
            if !(1...65_536).contains(enumeration.labels.count) {
                report(
                    "an enumeration has 1 to 65,536 labels; the first stands for unknown texts",
                    at: enumeration.name.location)
            }
            var seen: Set<String> = []
            for label in enumeration.labels where !seen.insert(label.value).inserted {
                report("label \"\(label.value)\" stands twice", at: label.location)
            }
        }
        enumerations = sortedByName(declared, \.name.value).map {
            EnumerationDefinition(name: $0.name.value, labels: $0.labels.map(\.value))
        }
    }

    private mutating func checkRates(_ rates: [RateDeclaration]) {
        var seen: [String: SourceLocation] = [:]
        for rate in rates {
            let code = rate.currency
            if Currency.exponent(code.value) == nil {
                report("rate of \"\(code.value)\": not an ISO 4217 code", at: code.location)
            }
            if code.value == currency {
                report("\(currency) is the base currency: it needs no rate", at: code.location)
            }
            if let first = seen[code.value] {
                report("the rate of \(code.value) stands already at \(first)", at: code.location)
            }
            seen[code.value] = seen[code.value] ?? code.location
        }
    }

    /// One text for one value, whatever the order of a map's entries.
    static func canonical(_ constant: Constant) -> String {
        switch constant {
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .double(let value): "d\(value.bitPattern)"
        case .string(let text): "\(text.utf8.count):\(text)"
        case .list(let entries): "[\(entries.map(canonical).joined(separator: ","))]"
        case .map(let entries):
            "{"
                + entries.map { "\(canonical($0.key))=\(canonical($0.value))" }.sorted()
                .joined(separator: ",") + "}"
        case .null, .timestamp, .duration, .category, .place, .record: "\(constant)"
        }
    }
}
