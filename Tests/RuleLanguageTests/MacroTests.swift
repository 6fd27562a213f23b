import RuleLanguage
import Testing

@Suite struct MacroTests {
    static let results: [(String, Constant)] = [
        ("[1, 2, 3].all(x, x > 0)", .bool(true)), ("[1, 2, 3].exists(x, x > 2)", .bool(true)),
        ("[1, 2, 3].exists_one(x, x > 1)", .bool(false)),
        ("[1, 2, 3].filter(x, x != 2)", .list([.int(1), .int(3)])),
        ("[1, 2].map(x, x * 10)", .list([.int(10), .int(20)])),
        ("[1, 2, 3].map(x, x > 1, x * 10)", .list([.int(20), .int(30)])),
        ("[5, 6].transformList(i, x, i + x)", .list([.int(5), .int(7)])),
        ("size({'a': 1, 'b': 2})", .int(2)), ("{'a': 1}['a']", .int(1)), ("{'a': 1}.a", .int(1)),
        ("'b' in {'a': 1}", .bool(false)), ("has({'a': 1}.b)", .bool(false)),
        ("{'b': 2, 'a': 1} == {'a': 1, 'b': 2}", .bool(true)),
        ("{'b': 2, 'a': 1}.map(k, k)", .list([.string("a"), .string("b")])),
        ("[[1, 2], [3]].map(x, size(x.filter(y, y > 1)))", .list([.int(1), .int(1)])),
        ("[1, 2].exists(x, [2, 3].exists(y, x == y))", .bool(true)),
        ("[3, 0].exists(x, 6 / x == 2)", .bool(true)), ("[3, 0].all(x, 6 / x == 3)", .bool(false)),
        ("[1, 2].map(tx, tx + 1)", .list([.int(2), .int(3)])),
        (
            "[1, 2, 3].filter(x, x > 1).map(x, 'n' + string(x))",
            .list([.string("n2"), .string("n3")])
        ),
    ]

    @Test("a macro gives what its loop would", arguments: MacroTests.results.indices)
    func values(_ index: Int) throws {
        let (source, expected) = Self.results[index]
        for folds in [true, false] {
            let found = try Fixture.evaluate(source, folds: folds)
            #expect(found == .success(expected), "\(source)")
        }
    }

    static let failures: [(String, EvaluationError)] = [
        ("[1, 0].exists(x, 6 / x == 2)", .divisionByZero),
        ("[1, 0].map(x, 6 / x)", .divisionByZero), ("[0].filter(x, 6 / x > 1)", .divisionByZero),
        ("[0, 3].exists_one(x, 6 / x == 2)", .divisionByZero), ("{'a': 1}['b']", .noSuchKey),
        ("{'a': 1}.b", .noSuchKey), ("{'a': 1, 'a': 2}", .badKey), ("[1][1]", .outOfRange),
        ("[addr.users].map(x, x)", .missingFact), ("[1].map(x, x + addr.users)", .missingFact),
        ("[1, 0].map(x, addr.users / x)", .missingFact),
        ("[1, 0].map(x, addr.users > 1 || 1 / x > 5)", .divisionByZero),
    ]

    @Test("an error in a macro is its value", arguments: MacroTests.failures.indices)
    func errors(_ index: Int) throws {
        let (source, expected) = Self.failures[index]
        #expect(try Fixture.evaluate(source) == .failure(expected), "\(source)")
    }

    @Test("what is wrong with a macro is told with its place")
    func diagnostics() {
        let cases = [
            (
                "[1].all(1, true)",
                "1:9: expected the name of a variable of its own; write list.all(x, condition)"
            ),
            ("[1].all(x)", "1:4: all() does not take 1 arguments; write list.all(x, condition)"),
            ("tx.type.all(x, true)", "1:1: expected a list or map before '.all', found string"),
            ("[1].all(x, x + 1)", "1:14: expected a bool, found int"),
            (
                "[1].filter(x, y > 1) == [1]",
                "1:15: unknown fact 'y'; nearest are x, base.z, tx.type"
            ),
            (
                "[1].all(a, [1].all(b, [1].all(c, true)))",
                "1:26: macros may stand at most 2 deep within each other"
            ),
            ("{1.5: 1} == {}", "1:1: a key is a bool, int or string, found double"),
            (
                "{'a': 1, 'b': 'c'}.a == 1",
                "1:15: a map holds values of one type: found string after int"
            ),
        ]
        for (source, expected) in cases {
            #expect(Fixture.diagnostics(source) == expected, "\(source)")
        }
    }

    @Test("loops and texts that would take too much work end in an error")
    func work() throws {
        let many = Constant.list(Array(repeating: .string("abcdefghijklmnop"), count: 10_001))
        let sources = [
            "cust.nexus.all(x, x != 'b')", "'b' in cust.nexus", "cust.nexus.map(x, x) == []",
        ]
        for source in sources {
            let found = try Fixture.evaluate(source, ["cust.nexus": many])
            #expect(found == .failure(.tooLarge), "\(source)")
        }
        // Each step doubles what comparing would look at; 2 to the power of 40 would never end.
        let doubling = (0..<40).reduce("[[1]]") { text, _ in text + ".map(x, [x, x])" }
        #expect(try Fixture.cel("\(doubling) == \(doubling)") == .failure(.tooLarge))
        #expect(try Fixture.cel(doubling) == .failure(.tooLarge))
    }

    @Test("a condition whose loops are too dear is refused with the dearest parts")
    func cost() {
        let source = "cust.nexus.all(a, cust.nexus.all(b, a.contains(b) || b.contains(a)))"
        #expect(
            Fixture.diagnostics(source)
                == "1:11: the expression costs 110044, at most 10000 is allowed; "
                + "the dearest parts are 'contains' at 1:38: 33800, up to 4225 times; "
                + "'contains' at 1:55: 33800, up to 4225 times; 'all' at 1:29: 16770, up to 65 times"
        )
    }
}
