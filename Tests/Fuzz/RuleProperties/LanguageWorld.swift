internal import FuzzProperties
internal import RuleLanguage

/// A small world with a fact of every type, and frames of it that are drawn.
enum LanguageWorld {
    private static let kind = Category(name: "kind", labels: ["none", "card", "cash"])
    private static let row = RecordType(
        name: "row",
        fields: [
            FactDeclaration(name: "id", type: .string), FactDeclaration(name: "n", type: .int),
            FactDeclaration(name: "d", type: .double),
            FactDeclaration(name: "at", type: .timestamp),
        ], key: "id")

    static let environment = RuleEnvironment(
        facts: FactSchema([
            FactDeclaration(name: "b", type: .bool), FactDeclaration(name: "c.x", type: .bool),
            FactDeclaration(name: "i", type: .int), FactDeclaration(name: "j", type: .int),
            FactDeclaration(name: "m", type: .int, isMoney: true),
            FactDeclaration(name: "d", type: .double), FactDeclaration(name: "e", type: .double),
            FactDeclaration(name: "s", type: .string), FactDeclaration(name: "u", type: .string),
            FactDeclaration(name: "k", type: .token), FactDeclaration(name: "t", type: .timestamp),
            FactDeclaration(name: "p", type: .place),
            FactDeclaration(name: "g", type: .category(kind)),
            FactDeclaration(name: "ls", type: .list(.string), maximumEntries: 8),
            FactDeclaration(name: "li", type: .list(.int), maximumEntries: 8),
            FactDeclaration(name: "ld", type: .list(.double), maximumEntries: 8),
            FactDeclaration(name: "mi", type: .map(.int, .int), maximumEntries: 8),
            FactDeclaration(name: "ms", type: .map(.string, .int), maximumEntries: 8),
            FactDeclaration(name: "h", type: .histogram, maximumEntries: 8),
            FactDeclaration(name: "r", type: .list(.record(row)), maximumEntries: 8),
            FactDeclaration(name: "y", type: .any, maximumEntries: 8),
            FactDeclaration(name: "tx.utc_offset", type: .int),
        ]),
        parameters: [
            "n": Parameter(value: .int(5)), "m": Parameter(value: .int(1_000), isMoney: true),
            "f": Parameter(
                value: .map([
                    Constant.MapEntry(key: .string("*"), value: .int(1)),
                    Constant.MapEntry(key: .string("a"), value: .int(2)),
                ])),
        ],
        lists: ["a": TextSet(["a", "é", ""]), "none": TextSet([])])

    /// Each fact is missing one time in four.
    static func frame(_ random: inout SeededGenerator) -> FactFrame {
        let schema = environment.facts
        var frame = FactFrame(schema: schema)
        for (slot, fact) in schema.facts.enumerated() where random.next() & 3 != 0 {
            switch fact.type {
            case .list(.record):
                let count = Int(random.next() % 5)
                _ = frame.setRows(slot, count: count) { row, field in
                    [.text("k\(row)"), .int(Int64(row)), .double(0.5), nil][field]
                }
            case .histogram: _ = frame.setCounts(slot, [0, 3, 1, 0, 9])
            case .category:
                _ = frame.set(slot, to: Constant.category(Int(random.next() % 3)))
            default: _ = frame.set(slot, to: constant(fact.type, &random))
            }
        }
        return frame
    }

    private static func constant(_ type: ValueType, _ random: inout SeededGenerator) -> Constant {
        func pick<T>(_ choices: [T]) -> T { choices[Int(random.next() % UInt64(choices.count))] }
        func many(_ type: ValueType) -> [Constant] {
            (0..<Int(random.next() % 9)).map { _ in constant(type, &random) }
        }
        switch type {
        case .bool: return .bool(pick([true, false]))
        case .int: return .int(pick([0, 1, -1, 2, 7, 60, .max, .min, 1 << 53, 86_400]))
        case .double:
            return .double(
                pick([
                    0, -0.0, 1, 0.5, -2.5, 1e300, .infinity, .nan, 0x1p63, .leastNonzeroMagnitude,
                ]))
        case .string, .token: return .string(pick(["", "a", "é", "UTC", "2009-02-13", "a b"]))
        case .timestamp:
            return .timestamp(pick(instants))
        case .place: return .place(pick(places))
        case .list(let element): return .list(many(element))
        case .map(let key, _):
            let keys: [Constant] =
                key == .int ? (0..<5).map { .int($0) } : ["", "a", "b"].map { .string($0) }
            let count = Int(random.next() % UInt64(keys.count + 1))
            return .map(
                keys.prefix(count).map {
                    Constant.MapEntry(key: $0, value: .int(pick([0, 1, 40])))
                })
        default: return pick([.null, .int(3), .string("a"), .list([.int(1)]), .bool(true)])
        }
    }

    private static let instants = [
        (0, 0), (1_234_567_890, 123_456_789), (253_402_300_799, 999_999_999), (-62_135_596_800, 0),
    ].compactMap { Instant(checkedSeconds: $0.0, nanoseconds: $0.1) }

    private static let places = [(0, 0), (900_000_000, 1_800_000_000), (-515_000_000, 1_000_000)]
        .compactMap { Coordinates(latitudeE7: $0.0, longitudeE7: $0.1) }
}
