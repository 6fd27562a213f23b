import Testing

@testable import SchemaCompiler

@Suite("Schema identity")
struct FingerprintTests {
    @Test("the canonical text of Device is the text that the format fixes")
    func canonicalTextOfDevice() throws {
        let text = try Fixtures.conformance().canonicalText(of: "bank.risk.v1.Device")
        #expect(
            text == """
                package bank.risk.v1
                message Device {
                  os: string = 1 @max(32)
                  fingerprint: uint64 = 2 @wire(fixed)
                  rooted: bool = 3
                }

                """)
    }

    @Test(
        "fingerprints equal the vectors of the format",
        arguments: [
            (
                "bank.risk.v1.Device",
                "1ad7564521b6beb5f5f2da1cbc7f699115db6f8fd84b149ff5751ef6a8193341"
            ),
            (
                "bank.risk.v1.AssessRequest",
                "80655a5904dd14712385074324b2fb96e10392b4c87eb9f5a1e5e5d5262afe9f"
            ),
            (
                "bank.risk.v1.RiskService",
                "99dc9effbef78319ff94f125f836f5f9a2731b746d096df1d05777f5a7a68aac"
            ),
        ])
    func wireFingerprint(name: String, hex: String) throws {
        #expect(try Fixtures.conformance().wireFingerprint(of: name) == hex)
    }

    @Test("the API fingerprint of Device equals the vector of the format")
    func apiFingerprint() throws {
        #expect(
            try Fixtures.conformance().apiFingerprint(of: "bank.risk.v1.Device")
                == "e0fc87f4edaa62ee214af99fe64fb4f409a6a86186a905cc6054b3f0f4db48b3")
    }

    @Test(
        "canonical text of every root, read as an archive, is a fixed point with the same fingerprints",
        arguments: [
            "Golden/conformance/schemas", "Golden/everything/schemas", "../../Proto/Schemas",
        ])
    func canonicalTextIsAFixedPoint(path: String) throws {
        let original = Compilation(try Fixtures.sources(below: path))
        #expect(!original.roots.isEmpty)
        for name in original.roots {
            let text = try #require(original.canonicalText(of: name))
            let source = SourceFile(path: "archive.schema", text: text)
            let archive = Compilation([source], archive: true)
            #expect(!archive.hasErrors, "\(name): \(archive.report)")
            #expect(archive.canonicalText(of: name) == text)
            #expect(archive.wireText(of: name) == original.wireText(of: name))
            #expect(archive.apiFingerprint(of: name) == original.apiFingerprint(of: name))
            let formatted = try #require(Formatter.format(source))
            let again = Compilation([SourceFile(path: "a.schema", text: formatted)], archive: true)
            #expect(again.canonicalText(of: name) == text)
        }
    }

    @Test("names and docs do not change the wire fingerprint, numbers and encodings do")
    func wireFingerprintErasesNames() {
        let base = Compilation.test("message A {\n  /// Doc.\n  one: int64 = 1\n}")
        let renamed = Compilation.test("message A { other: int64 = 1 @range(0...5) }")
        let renumbered = Compilation.test("message A { one: int64 = 2 }")
        let fixed = Compilation.test("message A { one: int64 = 1 @wire(fixed) }")
        let name = "test.v1.A"
        #expect(base.wireFingerprint(of: name) == renamed.wireFingerprint(of: name))
        #expect(base.apiFingerprint(of: name) != renamed.apiFingerprint(of: name))
        #expect(base.wireFingerprint(of: name) != renumbered.wireFingerprint(of: name))
        #expect(base.wireFingerprint(of: name) != fixed.wireFingerprint(of: name))
    }

    @Test("a named scalar leaves no trace in the canonical text but its rules")
    func scalarsAreReplaced() {
        let compilation = Compilation.test(
            """
            scalar Code = string @max(4) @pattern("[A-Z]+")
            message A {
              one:  Code   = 1 @max(2)
              many: [Code] = 2 @max(8)
            }
            """)
        #expect(
            compilation.canonicalText(of: "test.v1.A") == """
                package test.v1
                message A {
                  one: string = 1 @max(2) @pattern("[A-Z]+")
                  many: [string] = 2 @each(max: 4) @max(8) @pattern("[A-Z]+")
                }

                """, "\(compilation.report)")
    }

    @Test("quantities and integers are written in one way")
    func canonicalValues() {
        let compilation = Compilation.test(
            """
            message A { blob: bytes = 1 @max(0x10) @x_note(60s, 2048B, 1_000, "a\\u0022b", [a, b]) }
            """)
        let text = compilation.canonicalText(of: "test.v1.A") ?? compilation.report
        #expect(text.contains(#"@max(16) @x_note(1m, 2KiB, 1000, "a\"b", [a, b])"#), "\(text)")
    }
}
