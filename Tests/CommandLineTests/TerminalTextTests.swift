import Testing

@testable import assay

@Suite("Text of others on a terminal")
struct TerminalTextTests {
    @Test(
        "what would move, colour, hide or turn round is spelled out",
        arguments: [
            ("\u{1B}[2Jgone", #"\u001B[2Jgone"#), ("a\rb", #"a\u000Db"#),
            ("bell\u{7}", #"bell\u0007"#),
            ("\u{9B}31m", #"\u009B31m"#), ("\u{7F}", #"\u007F"#), ("a\r\nb", "a\\u000D\nb"),
            ("abc\u{202E}fed", #"abc\u202Efed"#), ("\u{2066}x\u{2069}", #"\u2066x\u2069"#),
            ("one\u{2028}two", #"one\u2028two"#),
        ])
    func escaped(text: String, expected: String) {
        #expect(TerminalText.escaped(text) == expected)
    }

    @Test("what people write stays", arguments: ["", "Zoë  →  10 %\tИван\n山田", "👨‍👩‍👧", "e\u{301}"])
    func kept(text: String) {
        #expect(Array(TerminalText.escaped(text).utf8) == Array(text.utf8))
    }

    @Test("a text of a list cannot make a line of its own")
    func line() {
        #expect(
            TerminalText.line("ok\nAPPROVED\tby admin\r\n")
                == #"ok\u000AAPPROVED\u0009by admin\u000D\u000A"#)
        #expect(TerminalText.line("one line") == "one line")
    }
}
