import RuleLanguage

/// The facts that compared expressions speak of, and what one of them gives over these.
struct ExpressionWorld {
    private let schema: FactSchema
    private let frame: FactFrame

    init() {
        let facts: [(String, ValueType, Constant)] = [
            ("i", .int, .int(7)), ("j", .int, .int(-3)), ("k", .int, .int(.max)),
            ("d", .double, .double(2.5)), ("e", .double, .double(-0.125)),
            ("b", .bool, .bool(true)), ("c", .bool, .bool(false)),
            ("s", .string, .string("abc")), ("u", .string, .string("é😀")),
            ("li", .list(.int), .list([.int(1), .int(2), .int(7)])),
            ("ls", .list(.string), .list([.string("a"), .string("abc")])),
            (
                "m", .map(.string, .int),
                .map([
                    Constant.MapEntry(key: .string("a"), value: .int(1)),
                    Constant.MapEntry(key: .string("b"), value: .int(20)),
                ])
            ),
        ]
        schema = FactSchema(facts.map { FactDeclaration(name: $0.0, type: $0.1) })
        var frame = FactFrame(schema: schema)
        for (slot, fact) in facts.enumerated() {
            precondition(frame.set(slot, to: fact.2), "\(fact.0) is of another type")
        }
        self.frame = frame
    }

    /// `value TEXT`, `error NAME` or `refused MESSAGE`, on one line.
    func outcome(of source: String) -> String {
        var limits = ExpressionLimits()
        limits.maximumCost = .max
        var builder = ProgramBuilder(
            environment: RuleEnvironment(facts: schema), limits: limits, dialect: .cel)
        do {
            let number = try builder.addExpression(source)
            var evaluator = Evaluator()
            switch evaluator.value(number, of: builder.build(), over: frame) {
            case .success(let value): return "value " + Self.text(value)
            case .failure(let error): return "error \(error)"
            }
        } catch {
            return "refused \(error.diagnostics[0])"
        }
    }

    /// The value with its type; doubles as their bits, texts as their bytes.
    static func text(_ value: Constant) -> String {
        switch value {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .double(let value):
            value.isNaN ? "nan" : "x" + String(value.bitPattern, radix: 16)
        case .string(let value):
            "'" + value.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "'"
        case .timestamp(let value): "t\(value.seconds).\(value.nanoseconds)"
        case .duration(let value): "p\(value)"
        case .list(let entries): "[" + entries.map(text).joined(separator: ",") + "]"
        case .map(let entries):
            "{"
                + entries.map { text($0.key) + ":" + text($0.value) }.sorted().joined(
                    separator: ",")
                + "}"
        case .category, .place, .record: "other"
        }
    }
}
