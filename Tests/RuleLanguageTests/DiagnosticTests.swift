import Foundation
import RuleLanguage
import Testing

@Suite struct DiagnosticTests {
    static let golden: [(String, String)] = [
        ("", "1:1: expected a value, found the end"),
        ("tx.amount >", "1:12: expected a value, found the end"),
        ("tx.amount = 5", "1:11: unexpected character '='; equality is '=='"),
        ("tx.is_first & true", "1:13: unexpected character '&'; 'and' is '&&'"),
        ("tx.is_first | true", "1:13: unexpected character '|'; 'or' is '||'"),
        ("(tx.amount > 5", "1:15: expected ')' to close '(', found the end"),
        ("tx.amount > 5)", "1:14: expected an operator or the end, found ')'"),
        ("tx.amount 5", "1:11: expected an operator or the end, found number 5"),
        ("tx. > 5", "1:5: expected a name after '.', found '>'"),
        ("tx.type == 'abc", "1:12: the text has no closing quote"),
        ("tx.type == '\\q'", "1:13: unknown escape in a text"),
        ("tx.type == '\\ud800'", "1:13: this escape is no character"),
        ("tx.amount > 99999999999999999999", "1:13: the number is over 64 bits"),
        ("tx.amount > 9223372036854775808", "1:13: the number does not fit an int (64 bits)"),
        (
            "tx.amount > 5u",
            "1:14: a number ends here, found a letter; unsigned numbers are not part of the language"
        ),
        ("tx.type == b'x'", "1:12: byte strings are not part of the language"),
        ("for > 5", "1:1: 'for' is a reserved word"),
        ("tx.is_first ? true", "1:19: expected ':' and the other value of '?', found the end"),
        ("tx.amunt > 5", "1:1: unknown fact 'tx.amunt'; nearest are tx.amount, tx.type, P.hourly"),
        (
            "tx.amount > P.hgih_amount",
            "1:13: unknown parameter 'P.hgih_amount'; nearest are P.high_amount, tx.amount, P.hourly"
        ),
        (
            "tx.type in L.countrys",
            "1:12: unknown list 'L.countrys'; nearest are L.countries, P.hourly, tx.amount"
        ),
        (
            "tx.type.contain('x')",
            "1:8: unknown function 'contain'; nearest are contains, code, duration"
        ),
        (
            "tx.type == L.countries",
            "1:12: the list L.countries can only be asked with 'in' or size()"
        ),
        (
            "tx.amount > 5.0",
            "1:11: money '>' a double: money is a whole number of minor units; write double(…) around it"
        ),
        (
            "base.z > 2.0 * tx.amount",
            "1:14: money '*' a double: money is a whole number of minor units; write double(…) around it"
        ),
        (
            "vel.acct_cnt_1h * 1.5 > 2.0",
            "1:17: '*' does not take int and double; write double(…) around the int"
        ),
        (
            "tx.type > 5",
            "1:9: '>' does not take string and int; write quotes around the number, or double(…) around the text"
        ),
        (
            "1.5 == tx.type",
            "1:5: '==' does not take double and string; write quotes around the number, or double(…) around the text"
        ),
        ("tx.is_first < true", "1:13: '<' does not take bool and bool"),
        ("base.z % 2.0 == 1.0", "1:8: '%' does not take double and double"),
        ("!tx.amount", "1:1: '!' needs a bool, found money"),
        ("-tx.type == 'a'", "1:1: '-' needs a number, found string"),
        ("tx.amount && tx.is_first", "1:1: '&&' needs bools, found money"),
        ("tx.amount in ['a']", "1:11: money is never in list<string>"),
        ("tx.type in 'abc'", "1:9: expected a list or map after 'in', found string"),
        ("tx.type in ['a', 5]", "1:18: a list holds values of one type: found int after string"),
        (
            "tx.is_first ? 1 : 'a'",
            "1:13: both values of '?:' must have one type: found int and string"
        ),
        ("tx.amount ? true : false", "1:1: expected a bool before '?', found money"),
        ("tx.type[0] == 'a'", "1:8: expected a list or map before '[', found string"),
        ("cust.nexus['a'] == 'a'", "1:12: expected an int as index, found string"),
        (
            "tx.type.contains(5)",
            "1:8: contains() does not take (string, int); write text.contains('part')"
        ),
        (
            "contains('a', 'b')",
            "1:1: contains() does not take (string, string); write text.contains('part')"
        ),
        ("has(5)", "1:1: expected the name of one fact in has()"),
        ("has(P.hourly)", "1:5: has() asks for a fact, which this is not"),
        ("tx.amount + 1", "1:11: a condition is a bool; this is int"),
        ("P.hourly > 3", "1:10: the condition is always true"),
        ("tx.is_first && 1 > 2", "1:13: the condition is always false"),
        ("tx.amount > 0x", "1:13: expected hexadecimal digits after '0x'"),
        ("tx.amount > 0xFFFFFFFFFFFFFFFFF", "1:13: the number is over 64 bits"),
        ("base.z > 1e999", "1:10: the number is too large"),
        ("tx.amount > 5x", "1:14: a number ends here, found a letter"),
        ("tx.type == \"abc\n\"", "1:12: the text has no closing quote"),
        ("tx.type == '''abc", "1:12: the text has no closing quote"),
        ("tx.type == 'a\\", "1:14: the text ends in '\\'"),
        ("tx.type == '\\x4'", "1:13: expected 2 digits in this escape"),
        ("tx.`a", "1:4: the name has no closing back quote"),
        ("tx.`` > 1", "1:4: the name is empty"),
        (
            "tx.`a;b` > 1",
            "1:6: a name between back quotes has letters, digits, '_', '.', '-', '/' and spaces"
        ),
        ("tx.amount > #5", "1:13: unexpected character '#'"),
        ("tx.amount >\n\n  5 5", "3:5: expected an operator or the end, found number 5"),
        ("[1, 2 == 3", "1:11: expected ']' or ',', found the end"),
        ("{'a' 1}['a'] > 0", "1:6: expected ':' and the value of this key, found number 1"),
        ("cust.nexus[0 == 'a'", "1:20: expected ']' after the index, found the end"),
        ("tx.amount in", "1:13: expected a value, found the end"),
        ("ln(base.z, 2) > 1.0", "1:1: ln() does not take (double, int); write ln(number)"),
        ("ratio(1) > 1.0", "1:1: ratio() does not take (int); write ratio(number, number)"),
        (
            "timestamp(true) == timestamp(true)",
            """
            1:1: timestamp() does not take (bool); write timestamp('2026-01-31T08:00:00Z')
            1:20: timestamp() does not take (bool); write timestamp('2026-01-31T08:00:00Z')
            """
        ),
        (
            "cust.nexus.getHours() > 3",
            "1:11: getHours() does not take (list<string>); write timestamp.getHours(), "
                + "timestamp.getHours('+02:00') or duration.getHours()"
        ),
        (
            "sum(cust.nexus) > 1",
            "1:1: sum() does not take (list<string>); write sum(list of numbers)"
        ),
        (
            "cust.nexus.all(x) || tx.is_first",
            "1:11: all() does not take 1 arguments; write list.all(x, condition)"
        ),
        (
            "cust.nexus.all(tx.type, true)",
            "1:16: expected the name of a variable of its own; write list.all(x, condition)"
        ),
        ("tx.type.all(x, true)", "1:1: expected a list or map before '.all', found string"),
        ("cust.nexus.all(x, 1)", "1:19: expected a bool, found int"),
        (
            "[1].all(a, [1].all(b, [1].all(c, tx.is_first)))",
            "1:26: macros may stand at most 2 deep within each other"
        ),
        ("tx.type.matches(tx.type)", "1:17: expected a pattern in quotes"),
        (
            "tx.type.matches('a(b')",
            "1:17: the pattern is wrong at its character 4: expected ')'"
        ),
        ("lenght(tx.type) > 3", "1:1: unknown function 'lenght'; nearest are int, ln, newest"),
        ("tx.type.x > 1", "1:1: string has no field 'x'"),
        ("null == tx.type", "1:6: '==' does not take null and string"),
        ("{1.5: 2}[1] > 1", "1:1: a key is a bool, int or string, found double"),
        ("tx.is_first || true", "1:13: the condition is always true"),
        ("tx.is_first && false", "1:13: the condition is always false"),
        ("size('abc') == 3", "1:13: the condition is always true"),
        (
            "tx.amunt > 5 &&\n  tx.typ == 'é' || 'é' == tx.amout",
            """
            1:1: unknown fact 'tx.amunt'; nearest are tx.amount, tx.type, P.hourly
            2:3: unknown fact 'tx.typ'; nearest are tx.type, base.z, tx.amount
            2:27: unknown fact 'tx.amout'; nearest are tx.amount, tx.type, P.hourly
            """
        ),
    ]

    @Test(
        "a wrong condition is told where and what, word for word",
        arguments: DiagnosticTests.golden.indices)
    func goldens(_ index: Int) {
        let (source, expected) = Self.golden[index]
        #expect(Fixture.diagnostics(source) == expected, "\(source)")
    }

    @Test("a correct condition has no diagnostic")
    func correct() {
        let sources = [
            "tx.amount >= 4 * P.high_amount && tx.amount % 100 == 0",
            "double(tx.amount) > 3.0 * base.z", "vel.acct_cnt_1h > 2.5", "tx.type in L.countries",
            "!(tx.type in ['a', 'b'])", "tx.type != ''", "2 * P.high_amount < tx.amount",
        ]
        for source in sources { #expect(Fixture.diagnostics(source) == "", "\(source)") }
    }

    @Test("the bounds on source, parts, nesting and cost are refused with their place")
    func bounds() {
        let long = "tx.type == '" + String(repeating: "x", count: 4_096) + "'"
        #expect(Fixture.diagnostics(long).contains("bytes; at most 4096 are allowed"))
        let wide = String(repeating: "tx.is_first || ", count: 200) + "tx.is_first"
        #expect(Fixture.diagnostics(wide).contains("more than 512 parts"))
        let deep =
            String(repeating: "(", count: 64) + "tx.is_first" + String(repeating: ")", count: 64)
        #expect(
            Fixture.diagnostics(deep) == "1:65: the expression is nested more than 64 levels deep")
        let fits =
            String(repeating: "(", count: 63) + "tx.is_first" + String(repeating: ")", count: 63)
        #expect(Fixture.diagnostics(fits) == "")
        var limits = ExpressionLimits()
        limits.maximumCost = 10
        var builder = ProgramBuilder(environment: Fixture.environment, limits: limits)
        #expect(throws: CompilationFailure.self) {
            try builder.addCondition("tx.type.contains('a') || tx.type.contains('b')")
        }
    }

    @Test(
        "an expression that is too dear tells what its dearest parts cost, and how often they run")
    func cost() {
        #expect(
            Fixture.diagnostics("cust.nexus.all(a, cust.nexus.exists(b, similarity(a, b) > 0.5))")
                == "1:11: the expression costs 101594, at most 10000 is allowed; the dearest parts are "
                + "'similarity' at 1:40: 67600, up to 4225 times; 'exists' at 1:29: 16770, "
                + "up to 65 times; '>' at 1:57: 4225, up to 4225 times")
    }

    @Test("a text full of mistakes is told the first twenty")
    func many() {
        let source = Array(repeating: "tx.amunt > 1", count: 40).joined(separator: " || ")
        let lines = Fixture.diagnostics(source).split(separator: "\n")
        #expect(lines.count == 20)
        #expect(lines.allSatisfy { $0.contains("unknown fact 'tx.amunt'; nearest are tx.amount") })
    }

    @Test("every function tells how it is written")
    func usage() {
        for name in ["size", "int", "avg", "days_since", "local_hour", "km", "code", "magnitude"] {
            let text = Fixture.diagnostics("\(name)() == 1")
            #expect(text.contains("\(name)() does not take (); write \(name)("), "\(text)")
        }
    }

    @Test("chains of operators are loops: they may be as long as the parts allow")
    func chains() {
        let chain = Array(repeating: "tx.is_first", count: 127).joined(separator: " || ")
        #expect(Fixture.diagnostics(chain) == "")
        #expect(Fixture.diagnostics(String(repeating: "!", count: 500) + "tx.is_first") == "")
    }
}
