import RuleLanguage
import Testing

@Suite struct OperatorTests {
    static let results: [(String, Constant)] = [
        ("1 + 2 * 3", .int(7)), ("(1 + 2) * 3", .int(9)), ("7 / 2", .int(3)), ("-7 / 2", .int(-3)),
        ("-7 % 3", .int(-1)), ("7 - 2 - 1", .int(4)), ("1.5 + 1.5", .double(3)),
        ("1.0 / 0.0", .double(.infinity)), ("-(3)", .int(-3)), ("- -3", .int(3)),
        ("-9223372036854775808", .int(.min)), ("0x1F", .int(31)), ("1e3", .double(1000)),
        (".5", .double(0.5)), ("'a' + \"b\"", .string("ab")),
        ("[1] + [2]", .list([.int(1), .int(2)])),
        ("!true", .bool(false)), ("!!true", .bool(true)), ("true && false", .bool(false)),
        ("true || false", .bool(true)), ("false || false", .bool(false)), ("1 < 2", .bool(true)),
        ("2 <= 2", .bool(true)), ("2 > 2", .bool(false)), ("2 >= 2", .bool(true)),
        ("'a' < 'b'", .bool(true)), ("'Z' < 'a'", .bool(true)), ("'' < 'a'", .bool(true)),
        ("1 == 1.0", .bool(true)), ("1 != 2", .bool(true)), ("'a' == 'a'", .bool(true)),
        ("[1, 2] == [1, 2]", .bool(true)), ("[1, 2] == [2, 1]", .bool(false)),
        ("null == null", .bool(true)), ("true != false", .bool(true)),
        ("2 in [1, 2]", .bool(true)), ("3 in [1, 2]", .bool(false)), ("3 in []", .bool(false)),
        ("2 in [1.0, 2.0]", .bool(true)), ("'KP' in L.countries", .bool(true)),
        ("'DE' in L.countries", .bool(false)), ("size(L.countries)", .int(3)),
        ("[10, 20][1]", .int(20)), ("true ? 1 : 2", .int(1)), ("false ? 1 : 2", .int(2)),
        ("false ? 1 : true ? 2 : 3", .int(2)), ("size('añ😀')", .int(3)), ("'ab'.size()", .int(2)),
        ("size([1, 2])", .int(2)), ("'goldfish'.contains('dfi')", .bool(true)),
        ("'abab'.contains('abc')", .bool(false)), ("'a'.contains('')", .bool(true)),
        ("'abc'.startsWith('ab')", .bool(true)), ("'abc'.startsWith('b')", .bool(false)),
        ("'abc'.endsWith('bc')", .bool(true)), ("'abc'.endsWith('abcd')", .bool(false)),
        ("double(3)", .double(3)), ("double('2.5')", .double(2.5)), ("int(2.9)", .int(2)),
        ("int(-2.9)", .int(-2)), ("int('-12')", .int(-12)), ("P.hourly * 2", .int(10)),
        ("'\\u00e9\\n\\x41\\101\\''", .string("é\nAA'")), ("r'\\n'", .string("\\n")),
        ("'''a'b'''", .string("a'b")), ("1 == 1 // a comment", .bool(true)),
    ]

    @Test(
        "every operator and function has its value, folded or not",
        arguments: OperatorTests.results.indices)
    func operators(_ index: Int) throws {
        let (source, expected) = Self.results[index]
        for folds in [true, false] {
            #expect(
                try Fixture.evaluate(source, folds: folds) == .success(expected), "\(source)")
        }
    }

    static let failures: [(String, EvaluationError)] = [
        ("9223372036854775807 + 1", .overflow), ("-9223372036854775808 - 1", .overflow),
        ("4611686018427387904 * 2", .overflow), ("-9223372036854775808 / -1", .overflow),
        ("-9223372036854775808 % -1", .overflow), ("-(-9223372036854775808)", .overflow),
        ("1 / 0", .divisionByZero), ("1 % 0", .divisionByZero), ("int(1e19)", .outOfRange),
        ("int(0.0 / 0.0)", .outOfRange), ("int('x')", .badConversion),
        ("int('+1')", .badConversion),
        ("double('0x1p3')", .badConversion), ("double('nan')", .badConversion),
        ("[1][1]", .outOfRange), ("[1][-1]", .outOfRange), ("[1, 1 / 0]", .divisionByZero),
        ("1 / 0 > 1 ? 1 : 2", .divisionByZero), ("size([1 / 0])", .divisionByZero),
    ]

    @Test("arithmetic is checked and errors are values", arguments: OperatorTests.failures.indices)
    func errors(_ index: Int) throws {
        let (source, expected) = Self.failures[index]
        for folds in [true, false] {
            #expect(
                try Fixture.evaluate(source, folds: folds) == .failure(expected), "\(source)")
        }
    }

    @Test("int and double compare exactly above 2 to the power of 53")
    func exactComparison() throws {
        let cases: [(String, Bool)] = [
            ("9007199254740993 == 9007199254740992.0", false),
            ("9007199254740993 > 9007199254740992.0", true),
            ("9223372036854775807 < 9223372036854775808.0", true),
            ("-9223372036854775808 == -9223372036854775808.0", true),
            ("9007199254740992.0 < 9007199254740993", true),
            ("1 < 1.5", true), ("-1 > -1.5", true), ("2 <= 2.0", true),
            ("0.0 / 0.0 == 0.0 / 0.0", false), ("1 < 0.0 / 0.0", false),
            ("1 >= 0.0 / 0.0", false), ("0.0 / 0.0 != 1.0", true),
        ]
        for (source, expected) in cases {
            #expect(try Fixture.evaluate(source) == .success(.bool(expected)), "\(source)")
        }
    }

    @Test("texts are equal by code points, not by canonical equivalence")
    func texts() throws {
        let composed = "'\\u00e9'"
        let decomposed = "'e\\u0301'"
        #expect(try Fixture.evaluate("\(composed) == \(decomposed)") == .success(.bool(false)))
        #expect(try Fixture.evaluate("\(decomposed) in L.countries") == .success(.bool(false)))
        #expect(try Fixture.evaluate("\(composed) in L.countries") == .success(.bool(true)))
        #expect(try Fixture.evaluate("size(\(decomposed))") == .success(.int(2)))
        #expect(
            try Fixture.evaluate("\(decomposed).contains('e')") == .success(.bool(true)))
    }

    @Test("a text or list that grows over its bound is an error")
    func bounds() throws {
        let half = String(repeating: "x", count: 40_000)
        let both = try Fixture.evaluate("tx.type + tx.type", ["tx.type": .string(half)])
        #expect(both == .failure(.tooLarge))
        let many = Constant.list(Array(repeating: .string("a"), count: 6_000))
        let lists = try Fixture.evaluate("cust.nexus + cust.nexus", ["cust.nexus": many])
        #expect(lists == .failure(.tooLarge))
    }
}
