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
        ("tx.type > 5", "1:9: '>' does not take string and int"),
        ("tx.type == 5", "1:9: '==' does not take string and int"),
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

    @Test("chains of operators are loops: they may be as long as the parts allow")
    func chains() {
        let chain = Array(repeating: "tx.is_first", count: 127).joined(separator: " || ")
        #expect(Fixture.diagnostics(chain) == "")
        #expect(Fixture.diagnostics(String(repeating: "!", count: 500) + "tx.is_first") == "")
    }
}
