import Testing

@testable import SchemaCompiler

@Suite("How findings are shown")
struct RenderingTests {
    @Test("a duplicate number shows both places and the next free number")
    func duplicateNumber() {
        let compilation = Compilation.test(
            """
            message AssessRequest {
              features:    [double]        = 7 @max(512) @finite
              retry:       uint32?         = 8
              risk_hint:   uint32          = 7
              oneof instrument { iban: string = 10 @max(34); card: string = 11 @max(9) }
              reserved 9, 20...29
            }
            """)
        #expect(
            compilation.report == """
                test/v1/test.schema:5:34: error: field number 7 is already used by 'features' [S0203]
                3 |   features:    [double]        = 7 @max(512) @finite
                  |                                  - first used here
                5 |   risk_hint:   uint32          = 7
                  |                                  ^ use 12, the next free number \
                (9 is reserved, 8, 10 and 11 are taken)
                """)
    }

    @Test("an unknown type suggests the nearest name in scope")
    func unknownType() {
        let compilation = Compilation.test("message A { amount: Mony = 2 @required }")
        #expect(
            compilation.report == """
                test/v1/test.schema:2:21: error: unknown type 'Mony' [S0106]
                2 | message A { amount: Mony = 2 @required }
                  |                     ^~~~ did you mean 'money'?
                """)
    }

    @Test("columns count Unicode scalars")
    func unicodeColumns() {
        let compilation = Compilation.test("/* héé 🏦 */ message A { f: Nope = 1 }")
        #expect(compilation.report.hasPrefix("test/v1/test.schema:2:28: error"))
    }

    @Test("notes in another file name it")
    func otherFile() {
        let compilation = Compilation([
            SourceFile(path: "a/v1/a.schema", text: "package a.v1\nmessage M { f: bool = 1 }\n"),
            SourceFile(path: "a/v1/b.schema", text: "package a.v1\nmessage M { f: bool = 1 }\n"),
        ])
        #expect(
            compilation.report == """
                a/v1/b.schema:2:9: error: 'M' is already declared [S0108]
                2 | message M { f: bool = 1 }
                  |         ^
                a/v1/a.schema:2:9: note: first declared here
                2 | message M { f: bool = 1 }
                  |         -
                """)
    }

    @Test("at most twenty errors of a file are shown")
    func limit() {
        let fields = (1...50).map { "  f\($0): Nope = \($0)" }.joined(separator: "\n")
        #expect(Compilation.test("message A {\n\(fields)\n}").diagnostics.count == 20)
    }

    @Test(
        "the nearest name wins, within a third of its length",
        arguments: [
            ("strng", "string"), ("STRING", "string"), ("uint46", "uint64"), ("xyz", nil),
            ("tiemstamp", "timestamp"), ("by", nil), ("bol", "bool"),
        ] as [(String, String?)])
    func suggestions(name: String, expected: String?) {
        #expect(
            Suggestion.nearest(to: name, among: Builtin.allCases.map(\.rawValue)) == expected)
    }
}
