import Testing

@testable import RuleLanguage

/// A world like that of feature definitions: rows, times, places, categories, units.
private enum World {
    static let channel = Category(name: "channel", labels: ["other", "web", "branch"])
    static let statement = RecordType(
        name: "statement",
        fields: [
            FactDeclaration(name: "id", type: .string),
            FactDeclaration(name: "balance", type: .int, unit: .money),
            FactDeclaration(name: "limit", type: .int, unit: .money),
            FactDeclaration(name: "due", type: .timestamp),
        ], key: "id")

    static let facts = FactSchema([
        FactDeclaration(name: "t", type: .timestamp),
        FactDeclaration(name: "tx.utc_offset", type: .int),
        FactDeclaration(name: "tx.time", type: .timestamp),
        FactDeclaration(name: "tx.amount", type: .int, unit: .money),
        FactDeclaration(name: "tx.channel", type: .category(channel)),
        FactDeclaration(name: "tx.location", type: .place),
        FactDeclaration(name: "home", type: .place),
        FactDeclaration(name: "txn_cnt", type: .int, unit: .count),
        FactDeclaration(name: "txn_avg", type: .double, unit: .money),
        FactDeclaration(name: "declined_share", type: .double, unit: .share),
        FactDeclaration(name: "gap", type: .int, unit: .seconds),
        FactDeclaration(name: "by_hour", type: .list(.int)),
        FactDeclaration(name: "statements", type: .list(.record(statement))),
        FactDeclaration(name: "kind", type: .string),
    ])

    static let environment = RuleEnvironment(
        facts: facts,
        parameters: [
            "risk": Parameter(
                value: .map([
                    Constant.MapEntry(key: .string("gambling"), value: .double(1)),
                    Constant.MapEntry(key: .string("*"), value: .double(0.5)),
                ])),
            "paydays": Parameter(value: .list([.int(1), .int(25)])),
        ])

    static func instant(_ text: String) -> Constant {
        .timestamp(TimeText.instant(text) ?? Instant(seconds: 0, nanoseconds: 0))
    }

    static func row(_ id: String, _ balance: Int64, _ limit: Int64, _ due: String?) -> Constant {
        .record([.string(id), .int(balance), .int(limit), due.map(instant)])
    }

    static let values: [String: Constant] = [
        "t": instant("2026-03-31T22:30:00Z"), "tx.utc_offset": .int(120),
        "tx.time": instant("2026-03-31T22:15:00.500Z"), "tx.amount": .int(12_500),
        "tx.channel": .category(1), "txn_cnt": .int(4), "txn_avg": .double(5_000),
        "declined_share": .double(0.25), "gap": .int(30), "kind": .string("pawnshop"),
        "by_hour": .list([.int(1), .int(3), .int(0), .int(4)]),
        "statements": .list([
            row("a", 100, 400, "2026-01-15T00:00:00Z"), row("b", 200, 400, "2026-02-15T00:00:00Z"),
            row("c", 300, 400, nil),
        ]),
    ]

    static func evaluate(_ source: String) throws -> Result<Constant, EvaluationError> {
        var frame = FactFrame(schema: facts)
        for (name, value) in values {
            let slot = try #require(facts.slot(of: name))
            let isSet = frame.set(slot, to: value)
            #expect(isSet, "\(name)")
        }
        var builder = ProgramBuilder(environment: environment)
        let number = try builder.addExpression(source)
        var evaluator = Evaluator()
        return evaluator.value(number, of: builder.build(), over: frame)
    }

    static func diagnostics(_ source: String) -> String {
        var builder = ProgramBuilder(environment: environment)
        do {
            _ = try builder.addExpression(source)
            return ""
        } catch {
            return "\(error)"
        }
    }
}

@Suite struct FunctionTests {
    static let results: [(String, Constant)] = [
        ("ratio(tx.amount, txn_avg)", .double(2.5)), ("ratio(1, 4)", .double(0.25)),
        ("abs(-3)", .int(3)), ("abs(-2.5)", .double(2.5)), ("sqrt(9)", .double(3)),
        ("ln(1)", .double(0)), ("min([3, 1, 2])", .int(1)), ("max(1.5, 2.5)", .double(2.5)),
        ("max(tx.amount, 20000)", .int(20_000)), ("sum([1, 2, 3])", .int(6)),
        ("sum([1.5, 2.5])", .double(4)), ("avg([1, 2, 4, 5])", .double(3)),
        ("stddev([2, 4, 4, 4, 5, 5, 7, 9])", .double(2)), ("slope([1, 2, 3])", .double(1)),
        ("slope([5.0, 3.0])", .double(-2)), ("newest([1, 2, 3], 2)", .list([.int(2), .int(3)])),
        ("newest([1], 5)", .list([.int(1)])), ("share(by_hour, 3)", .double(0.5)),
        ("smoothed_share(by_hour, 2)", .double(1 / 12)),
        ("share({'a': 1, 'b': 3}, 'b')", .double(0.75)),
        ("share({'a': 1}, 'z')", .double(0)), ("rank(3, [1, 2, 3, 4])", .double(0.625)),
        ("rank(2.5, {1: 5, 3: 5})", .double(0.5)),
        ("avg(newest(statements, 2).map(s, ratio(s.balance, s.limit)))", .double(0.625)),
        ("size(statements.filter(s, has(s.due) && s.due < t))", .int(2)),
        ("statements['b'].balance", .int(200)),
        ("statements[0].id", .string("a")), ("has(statements['c'].due)", .bool(false)),
        ("statements.exists(s, s.id == 'b' && s.balance > 150)", .bool(true)),
        ("days_since(timestamp('2026-03-01T22:30:00Z'))", .int(30)),
        ("days_since(timestamp('2026-03-31T22:30:00.001Z'))", .int(-1)),
        ("days_between(timestamp('2026-01-01T00:00:00Z'), tx.time)", .int(89)),
        ("seconds_since(tx.time)", .int(899)),
        ("hours_since(timestamp('2026-03-31T21:00:00Z'))", .double(1.5)),
        ("months_since(timestamp('2026-02-28T22:30:00Z'))", .int(1)),
        ("months_since(timestamp('2025-12-31T22:30:01Z'))", .int(2)),
        ("local_hour(tx.time)", .int(0)), ("local_weekday(tx.time)", .int(2)),
        ("local_day(tx.time) in P.paydays", .bool(true)),
        ("is_last_day_of_month(tx.time)", .bool(false)),
        ("cycle_sin(local_hour(tx.time), 24)", .double(0)), ("cycle_cos(6, 24)", .double(0)),
        ("code(tx.channel)", .int(1)), ("tx.channel == 'web'", .bool(true)),
        ("tx.channel in ['other', 'branch']", .bool(false)), ("string(tx.channel)", .string("web")),
        ("similarity('night', 'Night')", .double(1)), ("similarity('ab', 'ac')", .double(1 / 3)),
        ("similarity('', 'a')", .double(0)), ("P.risk['gambling']", .double(1)),
        ("P.risk[kind]", .double(0.5)), ("tx.time - duration('1h') < t", .bool(true)),
        ("string(t - tx.time)", .string("899.5s")),
        ("string(duration('-1.5s'))", .string("-1.5s")),
        ("duration('1h30m').getMinutes()", .int(90)), ("string(1e300)", .string("1e+300")),
        ("latitude_e7(place_e7(481234567, -1.5))", .int(481_234_567)),
        ("longitude_e7(place_e7(481234567, -1.5))", .int(-2)),
        ("km(place_e7(0, 0), place_e7(0, 0))", .double(0)),
        ("int(tx.time)", .int(1_774_995_300)), ("tx.time.getHours('+02:00')", .int(0)),
    ]

    @Test(
        "a function of feature definitions has its value", arguments: FunctionTests.results.indices)
    func values(_ index: Int) throws {
        let (source, expected) = Self.results[index]
        #expect(try World.evaluate(source) == .success(expected), "\(source)")
    }

    static let failures: [(String, EvaluationError)] = [
        ("ratio(1, 0)", .divisionByZero), ("ln(0)", .outOfRange), ("ln(-1.0)", .outOfRange),
        ("sqrt(-1)", .outOfRange), ("abs(-9223372036854775808)", .overflow),
        ("sum([9223372036854775807, 1])", .overflow), ("avg([1].filter(x, x > 1))", .outOfRange),
        ("stddev([1])", .outOfRange), ("slope([1])", .outOfRange), ("newest([1], -1)", .outOfRange),
        ("share([0], 0)", .divisionByZero), ("share(by_hour, 9)", .outOfRange),
        ("rank(0.0 / 0.0, [1])", .outOfRange), ("max(0.0 / 0.0, 1.0)", .outOfRange),
        ("place_e7(900000001, 0)", .outOfRange), ("place_e7(0.0 / 0.0, 0)", .outOfRange),
        ("cycle_sin(1, 0)", .outOfRange), ("km(tx.location, home)", .missingFact),
        ("statements['z'].balance", .noSuchKey), ("statements['c'].due < t", .missingFact),
        ("tx.time.getHours('Mars/Olympus')", .unknownZone),
        ("timestamp('2026-02-29T00:00:00Z')", .badConversion),
        ("duration('')", .badConversion), ("duration('h')", .badConversion),
        ("duration('9223372036s') + duration('1s')", .outOfRange),
        ("statements.filter(s, s.due < t)", .missingFact),
        ("t - (duration('-9223372036s') - duration('854775808ns'))", .outOfRange),
    ]

    @Test("what has no value is an error", arguments: FunctionTests.failures.indices)
    func errors(_ index: Int) throws {
        let (source, expected) = Self.failures[index]
        #expect(try World.evaluate(source) == .failure(expected), "\(source)")
    }

    @Test("units that do not go together are refused with their place")
    func units() {
        let cases = [
            (
                "tx.amount + txn_cnt",
                "1:11: '+' does not take money and count: they count different things"
            ),
            (
                "tx.amount > gap",
                "1:11: '>' does not take money and seconds: they count different things"
            ),
            (
                "declined_share + txn_avg",
                "1:16: '+' does not take share (double) and money (double): they count different things"
            ),
            (
                "tx.amount * tx.amount",
                "1:11: '*' does not take money and money; write double(…) around them if you mean the plain numbers"
            ),
            (
                "txn_cnt / tx.amount",
                "1:9: '/' does not take count and money; write double(…) around them if you mean the plain numbers"
            ),
            (
                "[tx.amount, txn_cnt]",
                "1:13: a list holds values of one type: found count after money"
            ),
            (
                "max(tx.amount, gap)",
                "1:1: max() does not take (money, seconds): they count different things"
            ),
            (
                "tx.amount == size(statements)",
                "1:11: '==' does not take money and count: they count different things"
            ),
            (
                "seconds_since(t) > tx.amount",
                "1:18: '>' does not take seconds and money: they count different things"
            ),
            (
                "statements.map(s, s.balance + txn_cnt)",
                "1:29: '+' does not take money and count: they count different things"
            ),
            (
                "tx.channel == 'wbe'",
                "1:15: channel has no label 'wbe'; nearest are web, other, branch"
            ),
            (
                "tx.channel == kind",
                "1:15: a category is compared with labels in quotes; write string(…) around it to compare it with a text"
            ),
            (
                "statements[0].balnce",
                "1:11: statement has no field 'balnce'; nearest are balance, due, id"
            ),
            ("statements[1.5].id", "1:12: the key 'id' of statement is a string, found double"),
            ("km(home, kind)", "1:1: km() does not take (place, string); write km(place, place)"),
            (
                "latitude_e7(1)",
                "1:1: latitude_e7() does not take (int); write latitude_e7(place)"
            ),
            ("dyn(1)", "1:1: unknown function 'dyn'; nearest are ln, min, abs"),
        ]
        for (source, expected) in cases {
            #expect(World.diagnostics(source) == expected, "\(source)")
        }
        let right = [
            "tx.amount + 500", "2 * tx.amount > 100", "txn_cnt * tx.amount", "tx.amount / txn_cnt",
            "double(tx.amount) > 3.0 * txn_avg", "tx.amount / 100 * 100 == tx.amount",
            "ratio(tx.amount, txn_cnt)", "sum(statements.map(s, s.balance)) > tx.amount",
        ]
        for source in right { #expect(World.diagnostics(source) == "", "\(source)") }
    }

    @Test("rows go into a frame without constants, and what does not fit is missing")
    func rows() throws {
        var frame = FactFrame(schema: World.facts)
        let slot = try #require(World.facts.slot(of: "statements"))
        let now = try #require(World.facts.slot(of: "t"))
        let isSet = frame.setRows(slot, count: 3) { row, field in
            switch field {
            case 0: .text("s\(row)")
            case 1: .int(Int64(row) * 100)
            case 2: .double(1.5)
            default: Instant(milliseconds: Int64(row)).map { .timestamp($0) }
            }
        }
        let isTimeSet = frame.set(now, to: Scalar.int(5))
        let areRowsSet = frame.setRows(now, count: 1) { _, _ in nil }
        #expect(isSet && !isTimeSet && !areRowsSet)
        var builder = ProgramBuilder(environment: World.environment)
        let sum = try builder.addExpression("sum(statements.map(s, s.balance))")
        let limits = try builder.addExpression("statements.exists(s, has(s.limit))")
        let row = try builder.addExpression("statements['s2'].balance")
        let program = builder.build()
        var evaluator = Evaluator()
        #expect(evaluator.value(sum, of: program, over: frame) == .success(.int(300)))
        #expect(evaluator.value(limits, of: program, over: frame) == .success(.bool(false)))
        #expect(evaluator.number(row, of: program, over: frame) == .success(200))
        #expect(program.expressions[sum].unit == .money)
        #expect(program.expressions[sum].type == .int)
    }

    @Test("times at the edges of their range neither trap nor wrap")
    func edges() throws {
        for milliseconds in [Int64.min, .min + 1, -62_135_596_800_001, 253_402_300_800_000, .max] {
            #expect(Instant(milliseconds: milliseconds) == nil)
        }
        let first = try #require(Instant(milliseconds: -62_135_596_800_000))
        for nanoseconds in [Int64.min, -1, .max] {
            let sum = first.adding(nanoseconds: nanoseconds)
            #expect((sum != nil) == (nanoseconds == .max))
        }
        #expect(TimeText.text(of: first) == "0001-01-01T00:00:00Z")
        for days in stride(from: Int64(-719_162), through: 2_932_896, by: 997) {
            #expect(CivilDate(days: days).days == days)
        }
    }

    @Test("random texts of times never trap")
    func randomTimes() {
        var generator = HostileTextTests.Generator(state: 5)
        let pieces = [
            "1", "9", "0", "-", "+", ".", ":", "T", "Z", "h", "m", "s", "n", "u", "2026", "",
        ]
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...12, using: &generator)
            let text = (0..<count).map { _ in pieces.randomElement(using: &generator) ?? "" }
                .joined()
            _ = TimeText.instant(text)
            _ = TimeText.offset(text)
            if let duration = TimeText.duration(text) {
                #expect(TimeText.duration(TimeText.text(ofDuration: duration)) == duration)
            }
        }
    }

    @Test("random patterns never trap, and their automata answer on any text")
    func randomPatterns() {
        var generator = HostileTextTests.Generator(state: 6)
        let pieces = [
            "a", "b", "(", ")", "[", "]", "*", "+", "?", "{", "}", ",", "1000", "2", "|", "^", "$",
            "\\", "b", "d", "-", ".", "(?i)", "(?:", "[:alpha:]", "x{41}", "\\Q", "é", "()",
        ]
        var matcher = RegularExpression.Matcher()
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...14, using: &generator)
            let text = (0..<count).map { _ in pieces.randomElement(using: &generator) ?? "" }
                .joined()
            guard let pattern = try? RegularExpression(text) else { continue }
            _ = matcher.matches(pattern, "abéab1000")
        }
        #expect((try? RegularExpression("((((){1000}){1000}){1000}){1000}")) != nil)
    }
}
