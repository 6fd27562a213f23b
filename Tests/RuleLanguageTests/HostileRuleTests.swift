import CAllocationCounter
import Testing

@testable import RuleLanguage

/// Rules that ask for more than a rule may have: each ends in an error value or a diagnostic, within
/// bounds on work and memory that are counted, not timed.
@Suite struct HostileRuleTests {
    /// What one hostile run may hold at once beyond its frame: sixteen bytes for each of 200,000 steps
    /// of work, doubled by growing arrays, and as many bytes of texts.
    private static let maximumPeak = 16 << 20

    // MARK: Running

    /// Compiles without the bound on cost, and runs: the bound on work alone must hold.
    private func run(
        _ source: String, _ values: [String: Constant] = [:]
    ) throws -> Result<Constant, EvaluationError> {
        var limits = ExpressionLimits()
        limits.maximumCost = .max
        var builder = ProgramBuilder(
            environment: Fixture.environment, limits: limits, folds: false, dialect: .cel)
        let number = try builder.addExpression(source)
        let program = builder.build()
        let frame = Fixture.frame(values)
        var evaluator = Evaluator()
        var result = Result<Constant, EvaluationError>.success(.null)
        let peak = Self.peak { result = evaluator.value(number, of: program, over: frame) }
        #expect(peak <= Self.maximumPeak, "\(source.shortened) held \(peak) bytes")
        // One step may be counted late, with all that it touched: no more than two whole lists.
        let slack = 2 * ExpressionLimits.maximumListEntries + ExpressionLimits.maximumTextBytes
        #expect(evaluator.work <= Evaluator.maximumWork + slack, "\(source.shortened)")
        return result
    }

    private static func peak(_ body: () -> Void) -> Int {
        guard allocation_counter_works() else {
            body()
            return 0
        }
        allocation_counter_start()
        body()
        return Int(allocation_counter_stop().peak)
    }

    // MARK: Numbers

    @Test(
        "arithmetic that leaves 64 bits is an error value",
        arguments: [
            ("9223372036854775807 + 1", EvaluationError.overflow),
            ("-9223372036854775808 - 1", .overflow), ("-9223372036854775808 / -1", .overflow),
            ("-9223372036854775808 % -1", .overflow), ("-(-9223372036854775808)", .overflow),
            ("3037000500 * 3037000500", .overflow), ("abs(-9223372036854775808)", .overflow),
            ("1 / 0", .divisionByZero), ("1 % 0", .divisionByZero), ("0 / 0", .divisionByZero),
            ("ratio(1, 0)", .divisionByZero), ("int(1e19)", .outOfRange),
            ("int(-1e19)", .outOfRange), ("int(0.0 / 0.0)", .outOfRange),
            ("int('9223372036854775808')", .badConversion),
            ("sum([9223372036854775807, 1])", .overflow),
            ("timestamp(253402300800)", .outOfRange), ("[1][9223372036854775807]", .outOfRange),
            ("timestamp('9999-12-31T23:59:59Z') + duration('1s')", .outOfRange),
            ("duration('9223372036s') + duration('9223372036s')", .outOfRange),
            ("local_hour(timestamp('9999-12-31T23:59:59Z')) / 0", .divisionByZero),
        ])
    func arithmetic(_ source: String, _ error: EvaluationError) throws {
        #expect(try run(source) == .failure(error), "\(source)")
        #expect(try Fixture.evaluate(source, folds: true) == .failure(error), "\(source)")
    }

    // MARK: Texts

    @Test("patterns that make others backtrack for years take steps in line with pattern and text")
    func patterns() throws {
        let text = String(repeating: "a", count: 4_000) + "!"
        for pattern in ["(a+)+$", "(a|a)*b", "(a|aa)+$", "(.*)*x", "(a?){20}a{20}b", "([a-z]+)*9"] {
            let expression = try RegularExpression(pattern)
            var matcher = RegularExpression.Matcher()
            let isFound = matcher.matches(expression, text)
            #expect(!isFound, "\(pattern)")
            #if DEBUG
                // Each place of the text enters each step of the pattern at most once.
                let most = (text.unicodeScalars.count + 1) * expression.steps.count
                #expect(matcher.entries <= most, "\(pattern) entered \(matcher.entries)")
            #endif
        }
    }

    @Test("a pattern of a thousand states over a long text is refused before it runs")
    func largePattern() throws {
        let text = Constant.string(String(repeating: "a", count: 65_536))
        let source = "tx.type.matches('(a{0,100}b){4}')"
        #expect(try run(source, ["tx.type": text]) == .failure(.tooLarge))
        #expect(try run("tx.type.matches('a*b')", ["tx.type": text]) == .success(.bool(false)))
        #expect(Fixture.diagnostics("tx.type.matches('(a{0,1000}){9}')").contains("1024 states"))
    }

    @Test("a search that fails at the end of every repetition takes steps in line with both texts")
    func search() throws {
        let whole = String(repeating: "a", count: 65_536)
        let part = String(repeating: "a", count: 32_767) + "b"
        let values: [String: Constant] = [
            "tx.type": .string(whole), "cust.nexus": .list([.string(part)]),
        ]
        #expect(try run("tx.type.contains(cust.nexus[0])", values) == .success(.bool(false)))
        for (text, part) in [
            ("aaaaaaaaab", "aab"), ("abababac", "ababac"), ("aabaabaaab", "aabaaab"),
            ("aaa", "aaaa"),
            ("mississippi", "issip"), ("mississippi", "issim"), ("", "a"), ("a", ""),
        ] {
            let padding = String(repeating: "a", count: 300)
            for (text, part) in [(text, part), (padding + text, padding + part)] {
                let expected = Self.plainSearch(Array(text.utf8), Array(part.utf8))
                #expect(text.hasExactly(part) == expected, "\(text) \(part)")
            }
        }
    }

    private static func plainSearch(_ text: [UInt8], _ part: [UInt8]) -> Bool {
        part.isEmpty || text.indices.contains { text[$0...].starts(with: part) }
    }

    @Test("comparing long texts over and over counts as work")
    func comparisons() throws {
        let long = String(repeating: "x", count: 60_000)
        let list = Constant.list((0..<5_000).map { _ in .string(long) })
        let values: [String: Constant] = ["tx.type": .string(long + ""), "cust.nexus": list]
        #expect(try run("cust.nexus.all(x, x == tx.type)", values) == .failure(.tooLarge))
        #expect(try run("cust.nexus.all(x, x <= tx.type)", values) == .failure(.tooLarge))
        #expect(try run("cust.nexus.all(x, !(x in L.countries))", values) == .failure(.tooLarge))
    }

    @Test("texts that double end at their bound, and take no more memory than work allows")
    func doubling() throws {
        let chain = Array(repeating: "tx.type", count: 40).joined(separator: " + ")
        let long = Constant.string(String(repeating: "y", count: 4_000))
        #expect(try run("size(\(chain))", ["tx.type": long]) == .failure(.tooLarge))
        let nested = (0..<20).reduce("['0123456789abcdef']") { text, _ in text + ".map(x, x + x)" }
        #expect(try run("size(\(nested)[0])") == .failure(.tooLarge))
    }

    // MARK: Lists

    @Test(
        "a list of a million entries ends whatever looks at all of them",
        arguments: [
            "cust.nexus.exists(x, x == 'b')", "cust.nexus.all(x, x == 'a')",
            "cust.nexus.exists_one(x, x == 'a')", "cust.nexus.filter(x, true)",
            "cust.nexus.map(x, x)", "cust.nexus.transformMap(i, x, x)", "'b' in cust.nexus",
            "cust.nexus + ['a']", "cust.nexus == cust.nexus + ['a']",
            "cust.nexus.transformList(i, x, i)", "min(cust.nexus.map(x, size(x)))",
        ])
    func million(_ source: String) throws {
        let many = Constant.list(Array(repeating: .string("a"), count: 1_000_000))
        #expect(try run(source, ["cust.nexus": many]) == .failure(.tooLarge))
    }

    @Test("loops within loops end at the bound on work, however they are nested")
    func nestedLoops() throws {
        let values: [String: Constant] = [
            "cust.nexus": .list((0..<10_000).map { .string("\($0)") })
        ]
        for source in [
            "cust.nexus.all(x, cust.nexus.all(y, x != 'z' || y != 'z'))",
            "cust.nexus.map(x, cust.nexus.map(y, y))",
            "cust.nexus.filter(x, cust.nexus.exists(y, y == x)) == []",
            "cust.nexus.map(a, cust.nexus.map(b, cust.nexus.map(c, cust.nexus.map(d, a + b))))",
            "cust.nexus.map(x, cust.nexus.transformMap(i, y, y)) == []",
            "cust.nexus.map(x, cust.nexus + [x])",
        ] {
            #expect(try run(source, values) == .failure(.tooLarge), "\(source)")
        }
    }

    // MARK: Compiling

    @Test("texts that nest, chain or repeat without end are refused with a place")
    func compiling() {
        func times(_ count: Int, _ text: String) -> String { String(repeating: text, count: count) }
        let sources = [
            times(2_000, "(") + "1", times(2_000, "["), times(1_000, "{1:"), times(4_000, "!"),
            times(4_000, "-") + "1", times(1_000, "a.") + "b", times(1_300, "1+") + "1",
            times(400, "tx.is_first?true:") + "false", times(300, "size(") + "''",
            times(500, "[0]") + "[0]", "[" + times(1_900, "1,") + "1]",
            times(200, "[1].map(x,") + "x",
            "'" + times(4_200, "a") + "'", times(1_000, "tx.amunt||") + "x", times(700, "x.y()+"),
            "tx.type.matches('" + times(1_500, "(") + "')",
            "tx.type.matches('" + times(600, "a*") + "')",
            "tx.type.matches('(((a{1000}){1000}){1000})')", times(63, "(") + times(63, ")"),
        ]
        for source in sources {
            var text = ""
            let peak = Self.peak { text = Fixture.diagnostics(source, condition: false) }
            #expect(!text.isEmpty, "\(source.shortened)")
            #expect(text.utf8.count < 8_000, "\(source.shortened): \(text.prefix(200))")
            #expect(peak < 8 << 20, "\(source.shortened) held \(peak) bytes")
        }
    }

    @Test("a condition that is evaluated again and again takes no memory from the heap")
    func allocations() throws {
        guard allocation_counter_works() else { return }
        // Without contains() and matches(): an unoptimized build puts their closures on the heap.
        let sources = [
            "tx.amount > 4 * P.high_amount && tx.is_first", "tx.type in ['withdrawal', 'transfer']",
            "tx.type in L.countries || base.z > 2.5", "!('GB' in cust.nexus) || addr.users / 0 > 1",
            "tx.type != 'x' && tx.type >= 'a'", "double(tx.amount) > 3.0 * base.z",
            "cust.nexus.exists(x, x == tx.type)",
        ]
        var builder = ProgramBuilder(environment: Fixture.environment)
        let numbers = try sources.map { try builder.addCondition($0) }
        let program = builder.build()
        let frame = Fixture.frame([
            "tx.amount": .int(7), "tx.is_first": .bool(false), "base.z": .double(1),
            "tx.type": .string("transfer of an amount"), "addr.users": .int(2),
            "cust.nexus": .list([.string("DE"), .string("a country with a long name")]),
        ])
        var evaluator = Evaluator()
        for number in numbers {
            for _ in 0..<3 { _ = evaluator.condition(number, of: program, over: frame) }
            allocation_counter_start()
            for _ in 0..<10 { _ = evaluator.condition(number, of: program, over: frame) }
            let count = allocation_counter_stop().count
            #expect(count == 0, "\(sources[number]): \(count) allocations in ten runs")
        }
    }
}
