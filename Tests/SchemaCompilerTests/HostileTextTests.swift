import Testing

@testable import SchemaCompiler

@Suite("Hostile texts")
struct HostileTextTests {
    /// Compiles and renders everything there is to say; the test is that it returns.
    private func survive(_ bytes: [UInt8], path: String = "bank/risk/v1/risk.schema") {
        let compilation = Compilation([SourceFile(path: path, bytes: bytes)])
        _ = compilation.report
        _ = compilation.swiftFiles()
        _ = compilation.protoFiles()
        #expect(compilation.diagnostics.count { $0.severity == .error } <= 2 * 20)
    }

    private func conformance() throws -> [UInt8] {
        Array(try Fixtures.text("Golden/conformance/schemas/bank/risk/v1/risk.schema").utf8)
    }

    @Test("the schema cut at any byte is refused or accepted, never a crash")
    func truncated() throws {
        let bytes = try conformance()
        for length in stride(from: 0, to: bytes.count, by: 7) { survive(Array(bytes[..<length])) }
    }

    @Test("flipped bytes, dropped bytes and doubled bytes are survived", arguments: 1...4)
    func mutated(seed: UInt64) throws {
        let original = try conformance()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<150 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(bytes[index], at: index)
                default:
                    let marks = Array("{}[]()@:=?.,;\"/*-0\n".utf8)
                    bytes[index] = marks.randomElement(using: &generator) ?? 0
                }
            }
            survive(bytes)
        }
    }

    @Test("shuffled words of the language are survived", arguments: 1...4)
    func shuffled(seed: UInt64) throws {
        let text = String(decoding: try conformance(), as: UTF8.self)
        var words = text.split(separator: " ", omittingEmptySubsequences: false)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<40 {
            for _ in 0..<8 {
                let first = Int.random(in: 0..<words.count, using: &generator)
                words.swapAt(first, Int.random(in: 0..<words.count, using: &generator))
            }
            survive(Array(words.joined(separator: " ").utf8))
        }
    }

    @Test(
        "extreme texts are survived",
        arguments: [
            "", "\n", "package", "package a.v1", "@", "@@@@@", "message", "message {", "}}}}",
            "package test.v1\nmessage A { f: bool = 99999999999999999999999999999999999999999 }",
            "package test.v1\nmessage A { f: bool = -1 }",
            "package test.v1\nmessage A { f: bool = 0x }",
            "package test.v1\nenum E { unspecified = 0; a = 99999999999 }",
            "package test.v1\nmessage A { f: string = 1 @max(-5) @len(99999999999999999999) }",
            "package test.v1\nmessage A { f: int32 = 1 @range(...) }",
            "package test.v1\nmessage A { f: string = 1 @pattern(\"a{99999999999999999999}\") }",
            "package test.v1\nservice S { rpc R(A) -> A @deadline(99999999999999999999h) }",
            "package test.v1\nmessage A { reserved 9...1, 5...-5, 0...99999999999999999999 }",
            "package test.v1\n\"\\u",
            "package test.v1\nmessage A { f: string = 1 @json(\"\\uD800\") }",
            "\u{FEFF}package test.v1",
        ])
    func extreme(text: String) {
        survive(Array(text.utf8), path: "test/v1/test.schema")
    }

    @Test("deep nesting is refused without recursion to the end of the stack")
    func deep() {
        let open = String(repeating: "[", count: 100_000)
        survive(Array("package test.v1\nmessage A { f: bool = 1 @x_a(\(open)) }".utf8))
        survive(Array("package test.v1\nmessage A { f: \(open) }".utf8))
        survive(Array(String(repeating: "message A { ", count: 10_000).utf8))
    }

    @Test("a file over 1 MiB is refused unread")
    func oversized() {
        let bytes = [UInt8](repeating: UInt8(ascii: " "), count: Lexer.maximumFileBytes + 1)
        let compilation = Compilation([SourceFile(path: "test/v1/a.schema", bytes: bytes)])
        #expect(compilation.codes == ["S0004"])
    }
}
