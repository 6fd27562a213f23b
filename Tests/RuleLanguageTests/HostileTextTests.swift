import RuleLanguage
import Testing

@Suite struct HostileTextTests {
    /// SplitMix64: a small generator with a seed that a failure can name.
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    static let pieces = [
        "tx.amount", "tx.type", "tx.is_first", "addr.users", "base.z", "cust.nexus", "P.hourly",
        "L.countries", "true", "null", "1", "0", "9223372036854775807", "1.5", "'a'", "(", ")", "[",
        "]", ".", ",", "?", ":", "&&", "||", "!", "-", "+", "*", "/", "%", "<", "<=", "==", "!=",
        " in ",
        "size(", "has(", ".contains(", "int(", "double(", "{", "}", "x", ".all(x,", ".map(x,",
        ".filter(x,", ".exists(i, x,", ".transformMap(k, x,", ".matches('a+')", "ratio(", "min(",
        "newest(", "timestamp('2009-02-13T23:31:30Z')", "duration('1h')", ".getHours()", "string(",
        "similarity(", "days_between(", "local_hour(", "rank(", "share(", "slope(", "`a`", " ",
        "\n", "'", "\\", "é", "\u{0}", "//",
    ]

    @Test("ten thousand random texts of the language's own pieces never crash it")
    func pieces() {
        var generator = Generator(state: 42)
        var compiled = 0
        for _ in 0..<10_000 {
            let count = Int.random(in: 1...24, using: &generator)
            let source = (0..<count)
                .map { _ in Self.pieces.randomElement(using: &generator) ?? "" }.joined()
            compiled += Self.run(source) ? 1 : 0
            _ = Self.run(source, .cel)
            _ = Self.run(source, .unchecked)
        }
        #expect(compiled > 20)
    }

    @Test("random bytes never crash it")
    func bytes() {
        var generator = Generator(state: 7)
        for _ in 0..<5_000 {
            let count = Int.random(in: 0...80, using: &generator)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            _ = Self.run(String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test("every prefix of a condition is either compiled or refused")
    func prefixes() {
        let source =
            "(tx.amount >= 4 * P.high_amount ? tx.type in ['a', \"b\"] : has(addr.users)) "
            + "&& !cust.nexus[0].contains('\\u00e9') || 0x1F < int(base.z)"
        #expect(Fixture.diagnostics(source) == "")
        for length in 0..<source.count { _ = Self.run(String(source.prefix(length))) }
    }

    @Test("deep nesting of every kind is refused, not followed")
    func nesting() {
        let openers = [
            "(", "[", "-(", "!(", "size(", "has(", "true ? true : ", "[1][", "true || (",
            "{0: ", "{", "[1].map(x, ", "[1].all(x, ", "[[1].map(x, x)", "min(", "ratio(1, ",
        ]
        for opener in openers {
            let source = String(repeating: opener, count: 4_000 / opener.count)
            #expect(!Self.run(source), "\(opener)")
        }
    }

    @Test("numbers and texts of any length are read or refused, never cut")
    func literals() throws {
        let nines = String(repeating: "9", count: 3_000)
        #expect(
            Fixture.diagnostics("\(nines) > 1")
                == "1:1: the number is over 64 bits")
        #expect(Fixture.diagnostics("1e999 > 1.0") == "1:1: the number is too large")
        #expect(Fixture.diagnostics("0x\(nines) > 1") == "1:1: the number is over 64 bits")
        #expect(try Fixture.evaluate("0.\(nines) < 1.0") == .success(.bool(false)))
        #expect(try Fixture.evaluate("size('\(nines)')") == .success(.int(3_000)))
    }

    @Test("a fact of a million entries ends every loop and search over it in an error")
    func million() throws {
        let many = Constant.list(Array(repeating: .string("a"), count: 1_000_000))
        let sources = [
            "cust.nexus.exists(x, x == 'b')", "cust.nexus.map(x, x + x)", "'b' in cust.nexus",
            "cust.nexus + cust.nexus", "cust.nexus.filter(x, cust.nexus.exists(y, x == y)) == []",
            "cust.nexus != cust.nexus + ['a']",
        ]
        for source in sources {
            let found = try Fixture.cel(source, ["cust.nexus": many])
            #expect(found == .failure(.tooLarge), "\(source)")
        }
        let size = try Fixture.evaluate("size(cust.nexus)", ["cust.nexus": many])
        #expect(size == .success(.int(1_000_000)))
    }

    @Test("texts that double in a loop end in an error")
    func growth() throws {
        let source = "[1, 2, 3, 4, 5, 6, 7, 8, 9].map(i, 'abcdefghijklmnop')"
        let doubled = (0..<20).reduce(source) { text, _ in text + ".map(x, x + x)" }
        #expect(try Fixture.cel(doubled) == .failure(.tooLarge))
    }

    @Test("folding changes no result")
    func folding() throws {
        var generator = Generator(state: 99)
        let values: [String: Constant] = ["tx.amount": .int(7), "tx.is_first": .bool(true)]
        var compared = 0
        while compared < 300 {
            let source = Self.expression(depth: 4, &generator)
            guard let folded = try? Fixture.evaluate(source, values) else { continue }
            let plain = try Fixture.evaluate(source, values, folds: false)
            #expect(Self.same(folded, plain), "\(source)")
            compared += 1
        }
    }

    private static func same(
        _ a: Result<Constant, EvaluationError>, _ b: Result<Constant, EvaluationError>
    ) -> Bool {
        "\(a)" == "\(b)"
    }

    private static func expression(depth: Int, _ generator: inout Generator) -> String {
        let leaves = ["tx.amount", "vel.acct_cnt_1h", "1", "0", "9223372036854775807", "3"]
        if depth == 0 { return leaves.randomElement(using: &generator) ?? "1" }
        let a = expression(depth: depth - 1, &generator)
        let b = expression(depth: depth - 1, &generator)
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: return "(\(a) + \(b))"
        case 1: return "(\(a) / \(b))"
        case 2: return "(\(a) > \(b) && tx.is_first ? \(a) : \(b))"
        case 3: return "(\(a) < \(b) || 1 < 2 ? \(a) : \(b))"
        case 4: return "[\(a), \(b)][\(b) % 2]"
        case 5: return "[\(a), \(b)].filter(x, x > \(b)).map(x, x - 1).map(x, x)[0]"
        case 6: return "{1: \(a), 2: \(b)}[max(1, \(a))]"
        default: return "(\(a) * \(b) - 1)"
        }
    }

    /// Compiles and, if it can, runs the text; whether it compiled.
    static func run(_ source: String, _ dialect: Dialect = .rules) -> Bool {
        var builder = ProgramBuilder(environment: Fixture.environment, dialect: dialect)
        guard let expression = try? builder.addExpression(source) else { return false }
        var evaluator = Evaluator()
        _ = evaluator.value(
            expression, of: builder.build(), over: Fixture.frame(["tx.amount": .int(3)]))
        return true
    }
}
