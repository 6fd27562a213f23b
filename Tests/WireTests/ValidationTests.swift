import Testing

@testable import Wire

@Suite struct ValidationTests {
    @Test func `a valid message has no violations`() {
        #expect(workedExample.violations() == [])
    }

    @Test func `violations carry the path, the rule and the limit, never the value`() {
        var request = workedExample
        request.requestID = ""
        request.device?.os = String(repeating: "x", count: 33)
        request.attributes[String(repeating: "k", count: 65)] = .text("v")
        request.attributes["a"] = .number(.nan)
        request.features = [0, .infinity]
        request.instrument = .iban("XX")
        #expect(
            request.violations().map { "\($0.path) \($0.rule) \($0.limit)" } == [
                "/request_id required ", "/device/os max 32", "/attributes[2] key longer than 64",
                "/attributes[0]/number finite ", "/features[1] finite ",
                "/iban pattern [A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}",
            ])
    }

    @Test func `a zero scalar and an empty list count as not given`() {
        var sampler = Sampler(choice: .word(""))
        #expect(sampler.violations() == [])
        sampler.int32 = 6
        sampler.text = "a"
        sampler.blob = [1]
        sampler.decimal = "1.005"
        sampler.names = ["é"]
        sampler.numbers = [1, 4]
        #expect(
            sampler.violations().map { "\($0.path) \($0.rule) \($0.limit)" } == [
                "/int32 range -5...5", "/text min 2", "/blob len 4", "/decimal scale 2",
                "/names min 2", "/numbers[1] in 1, 2, 3",
            ])
    }

    @Test func `equal elements are found by their bytes`() {
        var sampler = Sampler(choice: .word(""))
        sampler.names = ["é", "e\u{301}", "é"]
        #expect(sampler.violations().map(\.path) == ["/names[2]"])
    }

    @Test func `at most twenty are collected`() {
        var sampler = Sampler(choice: .word(""))
        sampler.numbers = [UInt32](repeating: 9, count: 50)
        sampler.devices = [Device](
            repeating: Device(os: String(repeating: "x", count: 40)), count: 50)
        #expect(sampler.violations().count == 20)
    }

    @Test(arguments: [
        ("[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", "DE89370400440532013000", true),
        ("[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", "DE8937040044", false),
        ("[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", "de89370400440532013000", false),
        ("ab?c*d+", "ad", true), ("ab?c*d+", "abcccdd", true), ("ab?c*d+", "abbd", false),
        ("ab?c*d+", "ab", false), ("a{0,2}", "", true), ("a{0,2}", "aa", true),
        ("a{0,2}", "aaa", false),
        ("a*a*a*b", String(repeating: "a", count: 10_000), false), ("", "", true), ("", "a", false),
        (#"\[x\]\.[^0-9]"#, "[x].y", true), (#"\[x\]\.[^0-9]"#, "[x].7", false),
        ("[a-z]+", "é", false),
        ("[-a]+", "a-a", true), ("[a-]", "-", true),
        ("x{64}", String(repeating: "x", count: 64), true),
        ("x{64}", String(repeating: "x", count: 63), false),
    ])
    func `patterns match as a whole`(pattern: String, text: String, matches: Bool) throws {
        #expect(try Pattern(parsing: pattern).matches(text) == matches)
    }

    @Test(arguments: [
        "(a)", "a|b", "[", "[]", "[z-a]", "a{", "a{2,1}", "a{0}", "a{65}", "x{40}y{40}", "*", "a**",
        "é", ".", "\\d",
    ])
    func `what is outside the subset is refused`(pattern: String) {
        #expect(throws: Pattern.SyntaxError.self) { try Pattern(parsing: pattern) }
    }
}
