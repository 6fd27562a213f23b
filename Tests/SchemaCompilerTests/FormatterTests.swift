import Testing

@testable import SchemaCompiler

@Suite("The formatter")
struct FormatterTests {
    private func format(_ text: String) -> String? {
        Formatter.format(SourceFile(path: "test/v1/test.schema", text: text))
    }

    @Test("aligns columns, breaks blocks, keeps comments and single empty lines")
    func style() {
        let text = """

            package   test.v1
            // A comment.


            /// Doc.
            message A{one:bool=1;  // trailing
              longer_name : [ string:Thing ] = 20 @max( 4 )   @key(max:8)

              /* kept */
              oneof which { x: int64? = 3;yy: bool=4 }
              reserved 9,20 ... 29 , "old"
            }
            enum E { unspecified = 0; other=1 }
            message Empty { }
            @public service S { @readonly
              rpc Do( A )->stream A @cost(
                5 ) }
            """
        #expect(
            format(text) == """
                package test.v1
                // A comment.

                /// Doc.
                message A {
                  one:         bool            = 1
                  // trailing
                  longer_name: [string: Thing] = 20 @max(4) @key(max: 8)

                  /* kept */
                  oneof which {
                    x:  int64? = 3
                    yy: bool   = 4
                  }
                  reserved 9, 20...29, "old"
                }
                enum E {
                  unspecified = 0
                  other       = 1
                }
                message Empty {}
                @public service S {
                  @readonly
                  rpc Do(A) -> stream A @cost(5)
                }

                """)
    }

    @Test(
        "formatting again changes nothing, and the meaning stays",
        arguments: ["conformance", "everything"])
    func idempotent(name: String) throws {
        let sources = try Fixtures.sources(below: "Golden/\(name)/schemas")
        let formatted = try sources.map { source in
            let text = try #require(Formatter.format(source))
            #expect(Formatter.format(SourceFile(path: source.path, text: text)) == text)
            return SourceFile(path: source.path, text: text)
        }
        let before = Compilation(sources)
        let after = Compilation(formatted)
        #expect(before.swiftFiles() == after.swiftFiles(), "\(after.report)")
        #expect(before.protoFiles() == after.protoFiles())
    }

    @Test("any text is formatted or refused, and what is formatted stays", arguments: 1...3)
    func hostile(seed: UInt64) throws {
        let path = "Golden/conformance/schemas/bank/risk/v1/risk.schema"
        let original = Array(try Fixtures.text(path).utf8)
        var generator = SeededGenerator(seed: seed)
        let marks = Array("{}[]()@:=?.,;\"/*-0\n ".utf8)
        for _ in 0..<300 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[index] = marks.randomElement(using: &generator) ?? 0
            }
            guard let once = Formatter.format(SourceFile(path: "a/v1/a.schema", bytes: bytes))
            else {
                continue
            }
            let twice = Formatter.format(SourceFile(path: "a/v1/a.schema", text: once))
            #expect(twice == once, "seed \(seed):\n\(String(decoding: bytes, as: UTF8.self))")
        }
    }

    @Test("a file that does not parse is left alone")
    func broken() {
        #expect(format("package test.v1\nmessage {") == nil)
    }
}
