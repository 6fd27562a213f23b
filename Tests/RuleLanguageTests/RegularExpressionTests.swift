import RuleLanguage
import Testing

@Suite struct RegularExpressionTests {
    static let matches: [(pattern: String, text: String, matches: Bool)] = [
        ("", "", true), ("abc", "xabcx", true), ("^abc$", "xabc", false), ("a|b", "cb", true),
        ("a.c", "a\nc", false), ("(?s)a.c", "a\nc", true), ("^b", "a\nb", false),
        ("(?m)^b$", "a\nb", true), ("(?i)HeLLo", "hEllO", true), ("(?i:a)b", "Ab", true),
        ("(?i:a)b", "AB", false), ("a{2}", "aa", true), ("^a{2,3}$", "aaaa", false),
        ("^a{2,}$", "aaaa", true), ("^a{0}$", "", true), ("a{,2}", "a{,2}", true),
        ("[a-c]+", "xxb", true), ("[^a-c]", "abc", false), ("[]a]", "]", true),
        ("[a-]", "-", true), ("[\\d.]+", "1.5", true), ("\\d{3}-\\d", "a123-4", true),
        ("[[:alpha:]]+", "123", false), ("[[:^digit:]]", "1", false),
        ("\\bfoo\\b", "a foo b", true),
        ("\\bfoo\\b", "afoo", false), ("\\Boo", "foo", true), ("\\x41\\x{1F431}", "A🐱", true),
        ("\\Qa.c\\E", "abc", false), ("\\Qa.c\\E", "a.c", true), ("(?P<n>a)(b)", "ab", true),
        ("a*?b", "aaab", true), ("ñ+", "mañana", true), ("(a|😀){2}", "🐱😀😀", true),
        ("^(a*)*$", "aaaa", true), ("(|a)+", "b", true), ("\\.", "a", false),
        ("\\w\\W", "a-", true),
        ("$", "a", true), ("^$", "a", false), ("a\\z", "ba", true), ("\\Ab", "ab", false),
    ]

    @Test(
        "a pattern matches the texts that RE2 matches",
        arguments: RegularExpressionTests.matches.indices)
    func matching(_ index: Int) throws {
        let (pattern, text, expected) = Self.matches[index]
        let found = try Fixture.evaluate(
            "tx.type.matches(r\"\"\"\(pattern)\"\"\")", ["tx.type": .string(text)])
        #expect(found == .success(.bool(expected)), "\(pattern) on \(text)")
    }

    @Test("a wrong pattern is told where it is wrong")
    func diagnostics() {
        let cases = [
            ("a(b", "the pattern is wrong at its character 4: expected ')'"),
            ("a)", "the pattern is wrong at its character 2: ')' closes no group"),
            ("*a", "the pattern is wrong at its character 1: there is nothing to repeat"),
            ("a**", "the pattern is wrong at its character 3: '*' repeats a repetition"),
            (
                "(a)\\\\1",
                "the pattern is wrong at its character 5: '\\1' is not part of the syntax"
            ),
            ("(?=a)", "the pattern is wrong at its character 3: '(?=' is not part of the syntax"),
            ("[b-a]", "the pattern is wrong at its character 5: the range goes backwards"),
            ("[a", "the pattern is wrong at its character 2: the class has no ']'"),
            (
                "a{3,2}",
                "the pattern is wrong at its character 2: the bounds are 0 to 1000, the smaller one first"
            ),
            (
                "(a{1000}){1000}",
                "the pattern is wrong at its character 1: the pattern needs over 1024 states"
            ),
        ]
        for (pattern, message) in cases {
            #expect(
                Fixture.diagnostics("tx.type.matches('\(pattern)')") == "1:17: \(message)",
                "\(pattern)")
        }
        #expect(
            Fixture.diagnostics("tx.type.matches(tx.type)") == "1:17: expected a pattern in quotes")
    }

    @Test("patterns that ruin a backtracking matcher take linear time here")
    func catastrophic() throws {
        let text = String(repeating: "a", count: 20_000) + "b"
        for pattern in [
            "^(a+)+$", "^(a|aa)+$", "^(a*)*c", "(x+x+)+y", "^(([a-z])+.)+[A-Z]([a-z])+$",
        ] {
            let found = try Fixture.evaluate(
                "tx.type.matches('\(pattern)')", ["tx.type": .string(text)])
            #expect(found == .success(.bool(false)), "\(pattern)")
        }
    }
}
