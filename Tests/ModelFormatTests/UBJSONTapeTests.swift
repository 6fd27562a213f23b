import Numerics
import Testing

@testable import Inference

@Suite("UBJSON")
struct UBJSONTapeTests {
    /// A key or a length with its text.
    private func text(_ string: String) -> [UInt8] { long(string.utf8.count) + Array(string.utf8) }

    private func long(_ value: Int) -> [UInt8] {
        [0x4C] + (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) }
    }

    private func object(_ members: [(String, [UInt8])]) -> [UInt8] {
        Array("{".utf8) + members.flatMap { text($0) + $1 } + Array("}".utf8)
    }

    private func refusal(_ bytes: [UInt8], limits: FormatLimits = FormatLimits()) -> String {
        do {
            _ = try JSONTape(bytes, limits: limits, syntax: .ubjson)
            return "accepted"
        } catch { return error.description }
    }

    @Test("every type of number, big-endian, in its own width")
    func numbers() throws {
        let root = try JSONTape(
            object([
                ("i", Array("i".utf8) + [0xFE]),
                ("U", Array("U".utf8) + [0xFE]),
                ("I", Array("I".utf8) + [0xFF, 0xFE]),
                ("l", Array("l".utf8) + [0xFF, 0xFF, 0xFF, 0xFE]),
                ("L", long(-2)),
                ("d", Array("d".utf8) + [0x3F, 0x80, 0, 1]),
                ("D", Array("D".utf8) + [0x3F, 0xF8, 0, 0, 0, 0, 0, 0]),
                ("s", Array("S".utf8) + text("17")),
                ("t", Array("T".utf8)), ("f", Array("F".utf8)), ("z", Array("Z".utf8)),
            ])
        ).root
        for name in ["i", "I", "l", "L"] as [StaticString] {
            #expect(try root.field(name).integer(in: -9...9) == -2)
        }
        #expect(try root.field("U").integer(in: 0...999) == 254)
        #expect(try root.field("d").float() == Float(1).nextUp)
        #expect(try root.field("D").float() == 1.5)
        #expect(try root.field("s").integer(in: 0...99) == 17)
        #expect(try root.field("t").flag())
        #expect(try !root.field("f").flag())
        #expect(root.optionalKind("z") == .null)
        #expect(throws: ModelFileError.self) { try root.field("d").integer(in: 0...9) }
    }

    @Test("an array of one type stays in the bytes, and its elements have places")
    func typedArrays() throws {
        let bytes = object([
            ("w", Array("[$d#".utf8) + long(2) + [0x3F, 0x80, 0, 0, 0x7F, 0xC0, 0, 1]),
            ("n", Array("[$l#U".utf8) + [3, 0, 0, 0, 7, 0, 0, 0, 8, 0, 0, 0, 9]),
            ("m", Array("[#".utf8) + long(2) + [0x69, 4] + Array("S".utf8) + text("x")),
            ("e", Array("[$L#".utf8) + long(0)),
            ("o", Array("[i".utf8) + [5] + Array("]".utf8)),
        ])
        let root = try JSONTape(bytes).root
        #expect(root.tape.words.count < 24)
        #expect(try root.field("n").integers(in: 0...9) == [7, 8, 9])
        #expect(try root.field("o").integers(in: 0...9) == [5])
        #expect(try root.field("m").count() == 2)
        #expect(try root.field("e").count() == 0)
        let error = try #require(throws: ModelFileError.self) { try root.field("w").floats() }
        #expect(error.path == "$.w[1]")
        #expect(bytes[error.offset] == 0x7F)
    }

    @Test("what lies, or is not read, is refused with its place")
    func refusals() {
        let lying = object([("a", Array("[$d#".utf8) + long(1 << 40))])
        #expect(
            refusal(lying)
                == "byte 11, $.a: 1099511627776 elements of 4 bytes in the 1 bytes that follow")
        #expect(
            refusal(object([("a", Array("[#".utf8) + long(.max))]))
                == "byte 11, $.a: \(Int.max) elements in the 1 bytes that follow")
        #expect(refusal(object([("a", Array("[#".utf8) + long(-1))])).contains("negative length"))
        #expect(refusal(object([("a", Array("S".utf8) + long(9))])).contains("inside a string"))
        #expect(refusal(Array("{$i#U".utf8) + [1]).contains("states its type or count"))
        #expect(refusal(Array("{N}".utf8)).contains("expected a length"))
        #expect(refusal(object([("a", Array("N".utf8))])).contains("\"N\" is no value"))
        #expect(refusal(object([("a", Array("HU".utf8) + [1, 49])])).contains("\"H\" is no value"))
        for marker in "S[{ZTFN" {
            let bytes = object([("a", Array("[$\(marker)#U".utf8) + [1])])
            #expect(refusal(bytes).contains("an array of \"\(marker)\" is not read"))
        }
        #expect(refusal(object([("a", Array("[$d".utf8) + [0, 0])])).contains("without its count"))
        #expect(
            refusal(object([("a", Array("Z".utf8)), ("a", Array("Z".utf8))]))
                .contains("stands here twice"))
        #expect(refusal(object([]) + [0]).contains("bytes follow the end"))
        #expect(refusal(object([("\u{FFFD}", [0x53, 0x55, 1, 0xFF])])).contains("invalid UTF-8"))
        var limits = FormatLimits()
        limits.depth = 8
        #expect(
            refusal([UInt8](repeating: 0x5B, count: 9), limits: limits)
                .contains("nested deeper than 8 levels"))
        let values = [UInt8](repeating: 0x5A, count: 100_000)
        #expect(
            refusal(Array("[".utf8) + values + Array("]".utf8))
                .contains("more values than a model of its size has"))
    }

    @Test("no truncation and no flipped bit traps")
    func damage() {
        let bytes = object([
            ("w", Array("[$d#".utf8) + long(2) + [0x3F, 0x80, 0, 0, 0x7F, 0xC0, 0, 1]),
            ("m", Array("[#".utf8) + long(2) + [0x69, 4] + Array("S".utf8) + text("x")),
            ("o", object([("p", Array("[]".utf8)), ("q", Array("D".utf8) + long(3).dropFirst())])),
        ])
        #expect(refusal(bytes) == "accepted")
        for length in 0..<bytes.count {
            #expect(refusal(Array(bytes.prefix(length))) != "accepted")
        }
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << bit
                guard let root = try? JSONTape(damaged, syntax: .ubjson).root else { continue }
                visit(root)
            }
        }
    }

    private func visit(_ cursor: JSONCursor) {
        switch cursor.kind {
        case .object: for (_, value) in (try? cursor.members()) ?? [] { visit(value) }
        case .array, .numbers: try? cursor.visit { (_, value) in visit(value) }
        case .number:
            _ = (try? cursor.float(), try? cursor.integer(in: .min ... .max), cursor.isNaN)
        case .string: _ = try? cursor.text()
        default: break
        }
    }
}

extension JSONCursor {
    fileprivate func optionalKind(_ name: StaticString) -> JSONTape.Kind? {
        try? optionalField(name)?.kind
    }
}
