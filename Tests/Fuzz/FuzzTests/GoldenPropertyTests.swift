import FuzzProperties
import GoldenMessages
import Testing
import Wire

/// P1 to P3, P7 and P8 on every type of the golden schemas, whatever is done to its bytes. The verdict on
/// damage is known: the strict door takes exactly what the tolerant one takes and writes back unchanged.
@Suite("Properties of generated code")
struct GoldenPropertyTests {
    private static let types = MessageProperties.all.indices

    @Test("damaged messages are refused or mean what their bytes say", arguments: types)
    func damagedBytes(index: Int) throws {
        let type = MessageProperties.all[index]
        for seed in 0..<40 {
            var generator = SeededGenerator(seed: UInt64(1000 * index + seed))
            var records = ArbitraryRecords(generator: generator)
            let loose = records.message(type.fields)
            let canonical = try type.canonical(loose).bytes
            #expect(try type.strict(canonical, DecodeLimits()), "seed \(seed)")
            #expect(try type.tolerant(loose, DecodeLimits()), "seed \(seed)")
            for original in [canonical, loose] {
                for _ in 0..<8 {
                    let bytes = Damage.bytes(original, &generator)
                    #expect(throws: Never.self, "seed \(seed)") {
                        _ = try type.strict(bytes, DecodeLimits())
                        _ = try type.tolerant(bytes, DecodeLimits())
                    }
                }
            }
        }
    }

    @Test("damaged JSON is refused, or is the JSON of a value", arguments: types)
    func damagedJSON(index: Int) throws {
        let type = MessageProperties.all[index]
        for seed in 0..<40 {
            var generator = SeededGenerator(seed: UInt64(1000 * index + seed))
            var records = ArbitraryRecords(generator: generator)
            let json = try type.canonical(records.message(type.fields)).json
            #expect(try type.json(json, JSONLimits()), "seed \(seed)")
            for _ in 0..<8 {
                let text = Damage.text(json, &generator)
                #expect(throws: Never.self, "seed \(seed)") {
                    _ = try type.json(text, JSONLimits())
                }
            }
        }
    }

    @Test(
        "every cut through the worked example is refused, or is an example without its last fields")
    func cuts() throws {
        let request = try #require(MessageProperties.named("bank.risk.v1.AssessRequest"))
        let worked = try #require(Seed.seeds(for: .strict).first { $0.name == "worked" })
        let bytes = Array(worked.input.dropFirst())
        // Behind each record from the last required one on; but not inside.
        let whole: Set<Int> = [35, 37, 53, 66, 78, 104, 106]
        for count in 0...bytes.count {
            let isAccepted = try request.strict(Array(bytes[..<count]), DecodeLimits())
            #expect(isAccepted == whole.contains(count), "cut at \(count)")
        }
    }

    // MARK: P8

    /// Strings that are equal to Swift, or that another order would exchange.
    private static let strings = [
        "", "é", "e\u{301}", "\u{212B}", "Å", "A\u{30A}", "\u{FFFD}", "\u{10000}", "\u{10FFFF}",
        "\0",
        "ﬁ", "fi", "\u{1100}\u{1161}", "가",
    ]

    private static let numbers = [
        0, -0.0, .nan, -.nan, Double(bitPattern: 0x7FF8_0000_0000_0001),
        Double(bitPattern: 0x7FF0_0000_0000_0001), .infinity, -.infinity, .leastNonzeroMagnitude,
    ]

    /// Equal exactly if the encodings are, and the strict door gives each back as it was.
    private func expectIdentity<M: WireMessage>(_ values: [M]) throws {
        for a in values {
            #expect(try M(decoding: a.encoded(), door: .strict) == a)
            for b in values {
                let isSame = a.encoded() == b.encoded()
                #expect((a == b) == isSame, "\(a) \(b)")
                if isSame { #expect(a.hashValue == b.hashValue) }
            }
        }
    }

    @Test("P8: strings are equal exactly if their bytes are, in every position")
    func equalStrings() throws {
        try expectIdentity(Self.strings.map { TestEverythingV1.Scalars(aString: $0) })
        try expectIdentity(Self.strings.map { TestEverythingV1.Optionals(aString: $0) })
        try expectIdentity(Self.strings.map { TestEverythingV1.Lists(strings: [$0, "x"]) })
        try expectIdentity(Self.strings.map { TestEverythingV1.Maps(byString: [$0: "x"]) })
        try expectIdentity(Self.strings.map { TestEverythingV1.Maps(byString: ["x": $0]) })
        try expectIdentity(Self.strings.map { TestEverythingV1.Choice.text($0) })
        let all = TestEverythingV1.Maps(byString: WireMap(Self.strings.map { ($0, $0) }))
        #expect(all.byString.count == Set(Self.strings.map { Array($0.utf8) }).count)
        #expect(try TestEverythingV1.Maps(decoding: all.encoded(), door: .strict) == all)
        #expect(try TestEverythingV1.Maps(jsonBytes: all.json()) == all)
    }

    @Test("P8: numbers are equal exactly if their bits are, in every position")
    func equalNumbers() throws {
        try expectIdentity(Self.numbers.map { TestEverythingV1.Scalars(aDouble: $0) })
        try expectIdentity(Self.numbers.map { TestEverythingV1.Optionals(aDouble: $0) })
        try expectIdentity(Self.numbers.map { TestEverythingV1.Lists(doubles: [$0]) })
        try expectIdentity(Self.numbers.map { TestEverythingV1.Maps(byInt32: [7: $0]) })
        try expectIdentity(Self.numbers.map { BankRiskV1.Value.number($0) })
        let floats =
            Self.numbers.map { Float($0) }
            + [Float(bitPattern: 0x7FC0_0001), .leastNonzeroMagnitude]
        try expectIdentity(floats.map { TestEverythingV1.Scalars(aFloat: $0) })
        try expectIdentity(floats.map { TestEverythingV1.Lists(floats: [$0]) })
    }
}

/// A few random changes, of the kind that hurts.
enum Damage {
    static func bytes(_ original: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        damaged(original, [0, 1, 0x7F, 0x80, 0xFF, 0x08, 0x12], &generator)
    }

    static func text(_ original: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        damaged(original, Array("{}[]\",:\\-+.0e \u{0}n".utf8) + [0xC3, 0xFF], &generator)
    }

    private static func damaged(
        _ original: [UInt8], _ marks: [UInt8], _ generator: inout SeededGenerator
    ) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
            let index = Int.random(in: bytes.indices, using: &generator)
            let mark = marks.randomElement(using: &generator) ?? 0
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1: bytes[index] = mark
            case 2: bytes.removeSubrange(index...)
            case 3: bytes.remove(at: index)
            case 4: bytes.insert(mark, at: index)
            default:
                let end = min(bytes.count, index + Int.random(in: 1...12, using: &generator))
                bytes.insert(contentsOf: bytes[index..<end], at: end)
            }
        }
        return bytes
    }
}
