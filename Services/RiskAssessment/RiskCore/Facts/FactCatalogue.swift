public import RuleLanguage
internal import Wire

/// What the facts are: types, where each comes from, when it is expected, and who may see it.
public struct FactCatalogue: Sendable {
    /// Where a fact comes from.
    public enum Source: String, Sendable, CaseIterable {
        case request, profile, feature, enrichment, derived, model
        case caseStore = "case store"
    }

    /// When a fact must be there; a rule that misses only unexpected facts is not blamed on anyone.
    public enum Expectation: String, Sendable, CaseIterable {
        case always, remote, card, transfer, loan, crypto, bet, shop, marketplace, enabled, model
    }

    public struct Entry: Sendable, Hashable {
        public var name: String
        public var type: ValueType
        public var isMoney: Bool
        public var source: Source
        /// Request field, or row of the feature catalogue.
        public var binding: String
        public var expectation: Expectation
        /// What the fact reads as where its source answers that it never happened; nil: it is
        /// missing then.
        public var whenNever: Int64?
        /// A personal fact enters records as a commitment only.
        public var isPersonal: Bool
        /// Whether credit rules may read it.
        public var isAllowedInCredit: Bool

        /// The part of the name before the dot.
        public var namespace: Substring { name.prefix { $0 != "." } }
    }

    public let entries: [Entry]
    public let schema: FactSchema
    /// What stands for each fact in records.
    let keys: [UInt32]
    /// Slots by rising key.
    let slotsByKey: [Int]

    public init(_ text: String, file: String) throws(ConfigurationFailure) {
        var problems: [Problem] = []
        let table = TabSeparatedFile(
            text, file: file,
            columns: [
                "fact", "type", "unit", "source", "binding", "expected", "when_never", "personal",
                "credit",
            ], &problems)
        var entries: [Entry] = []
        var names: Set<String> = []
        for row in table.rows {
            func refuse(_ message: String) {
                problems.append(Problem(file: file, line: row.line, column: 1, message: message))
            }
            guard let type = Self.types[row["type"]] else {
                refuse("unknown type '\(row["type"])'")
                continue
            }
            guard let source = Source(rawValue: row["source"]),
                let expectation = Expectation(rawValue: row["expected"])
            else {
                refuse("unknown source '\(row["source"])' or expectation '\(row["expected"])'")
                continue
            }
            if !names.insert(row["fact"]).inserted { refuse("\(row["fact"]) stands twice") }
            if row["fact"].isEmpty || row["fact"].utf8.count > 64 {
                refuse("a fact has 1 to 64 bytes")
            }
            let whenNever = Int64(row["when_never"])
            if whenNever == nil, !row["when_never"].isEmpty {
                refuse("when_never is a whole number or empty, not '\(row["when_never"])'")
            }
            if whenNever != nil, type != .int {
                refuse("only an int can have a value for what never happened")
            }
            entries.append(
                Entry(
                    name: row["fact"], type: type, isMoney: row["unit"] == "money", source: source,
                    binding: row["binding"], expectation: expectation, whenNever: whenNever,
                    isPersonal: !row["personal"].isEmpty, isAllowedInCredit: row["credit"] == "yes")
            )
        }
        if entries.count > FactSchema.maximumFacts {
            problems.append(
                Problem(
                    file: file, line: 1, column: 1,
                    message:
                        "\(entries.count) facts; at most \(FactSchema.maximumFacts) are allowed"))
        }
        let keys = entries.map { NameKey.of($0.name) }
        let slotsByKey = keys.indices.sorted { keys[$0] < keys[$1] }
        for (a, b) in zip(slotsByKey, slotsByKey.dropFirst())
        where keys[a] == keys[b] && entries[a].name != entries[b].name {
            problems.append(
                Problem(
                    file: file, line: 1, column: 1,
                    message:
                        "\(entries[a].name) and \(entries[b].name) have the same key in records; "
                        + "give one of them another name"))
        }
        guard problems.isEmpty else { throw ConfigurationFailure(problems) }
        self.entries = entries
        self.keys = keys
        self.slotsByKey = slotsByKey
        schema = FactSchema(
            entries.map { FactDeclaration(name: $0.name, type: $0.type, isMoney: $0.isMoney) })
    }

    /// The fact that a key in a record stands for.
    func slot(ofKey key: UInt32) -> Int? {
        var (low, high) = (0, slotsByKey.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[slotsByKey[middle]] < key { low = middle + 1 } else { high = middle }
        }
        guard low < slotsByKey.count, keys[slotsByKey[low]] == key else { return nil }
        return slotsByKey[low]
    }

    private static let types: [String: ValueType] = [
        "bool": .bool, "int": .int, "double": .double, "string": .string,
        "list<string>": .list(.string),
    ]
}
