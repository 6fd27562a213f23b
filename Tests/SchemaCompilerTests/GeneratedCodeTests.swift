import SchemaCompiler
import Testing
import Wire

/// The messages of the golden schema `everything`, whose Swift is part of this target.
enum Everything {
    struct Kind: Sendable, CustomTestStringConvertible {
        let name: String
        /// Draws a value and returns its canonical encoding, after checking every way to it.
        private let draw: @Sendable (inout SeededGenerator) throws -> [UInt8]

        init<M: WireMessage>(_ type: M.Type) {
            name = M.fullName
            draw = { generator in
                var arbitrary = ArbitraryRecords(generator: generator)
                let bytes = arbitrary.message(M.fields)
                generator = arbitrary.generator
                return try Self.check(M(decoding: bytes, door: .tolerant))
            }
        }

        var testDescription: String { name }

        func canonical(using generator: inout SeededGenerator) throws -> [UInt8] {
            try draw(&generator)
        }

        /// Canonical bytes decode at both doors and from JSON to the value they came from.
        private static func check<M: WireMessage>(_ value: M) throws -> [UInt8] {
            let canonical = value.encoded()
            let strict = try M(decoding: canonical, door: .strict)
            #expect(strict == value)
            #expect(strict.hashValue == value.hashValue)
            #expect(strict.encoded() == canonical)
            #expect(try M(decoding: canonical, door: .tolerant).encoded() == canonical)
            let json = value.json()
            let text = String(decoding: json, as: UTF8.self)
            #expect(try M(jsonBytes: json).encoded() == canonical, "\(text)")
            _ = value.violations()
            return canonical
        }
    }

    static let types = [
        Kind(TestEverythingV1.Scalars.self), Kind(TestEverythingV1.Optionals.self),
        Kind(TestEverythingV1.Required.self), Kind(TestEverythingV1.Lists.self),
        Kind(TestEverythingV1.Maps.self), Kind(TestEverythingV1.Choice.self),
        Kind(TestEverythingV1.Oneofs.self), Kind(TestEverythingV1.Names.self),
        Kind(TestEverythingV1.Empty.self), Kind(TestEverythingV1.Tree.self),
        Kind(TestEverythingV1.Sealed.self),
    ]
}

@Suite("Generated code")
struct GeneratedCodeTests {
    @Test("any value survives both doors and JSON", arguments: Everything.types)
    func roundTrips(type: Everything.Kind) throws {
        for seed in 0..<200 {
            var generator = SeededGenerator(seed: UInt64(seed))
            #expect(throws: Never.self, "seed \(seed)") {
                _ = try type.canonical(using: &generator)
            }
        }
    }

    @Test("a foreign package encodes signed integers as protobuf's int64")
    func foreignIntegers() throws {
        var request = Foreign.InferRequest(shape: [-1])
        request.choice = .count(-2)
        let minus = [UInt8](repeating: 0xFF, count: 9) + [1]
        let bytes = request.encoded()
        #expect(bytes.starts(with: [0x12, 10] + minus))
        #expect(try Foreign.InferRequest(decoding: bytes, door: .strict) == request)
        #expect(Foreign.Health.names.name(of: 2) == "NOT_SERVING")
    }

    @Test("rules name the field, the rule and the bound")
    func rules() {
        var scalars = TestEverythingV1.Scalars()
        scalars.anInt32 = 6
        scalars.aUint32 = 7
        scalars.aString = "three"
        scalars.someBytes = [1]
        scalars.aWord = .urlID
        scalars.code = "abc"
        scalars.share = 1.5
        let found = scalars.violations().map { "\($0.path) \($0.rule)" }
        #expect(
            found == [
                "/a_bool required", "/an_int32 range", "/a_uint32 in", "/a_uint64 required",
                "/a_string in", "/some_bytes len", "/a_uuid required", "/a_word in",
                "/code pattern", "/share range",
            ])
    }

    @Test("rules of lists, maps and oneofs name the element")
    func collectionRules() {
        var lists = TestEverythingV1.Lists()
        lists.int32s = [1, 9, 1]
        lists.strings = ["a", "a", String(repeating: "x", count: 17)]
        lists.codes = ["ABC", "abc"]
        lists.words = [.in, .default]
        let found = lists.violations().map { "\($0.path) \($0.rule)" }
        #expect(
            found.sorted() == [
                "/codes[1] pattern", "/int32s[1] range", "/int32s[2] unique",
                "/strings[1] unique", "/strings[2] max", "/words[1] in",
            ])
        let oneofs = TestEverythingV1.Oneofs(who: .name(String(repeating: "n", count: 40)))
        #expect(oneofs.violations().map(\.path) == ["/name"])
    }

    @Test("personal data is redacted in descriptions and present in JSON")
    func redaction() {
        let value = TestEverythingV1.Optionals(aString: "Ada Lovelace")
        #expect(!value.description.contains("Ada"))
        #expect(value.description.contains("‹person›"))
        #expect(String(decoding: value.json(), as: UTF8.self).contains("Ada Lovelace"))
    }

    @Test("a sealed record names the schema it was written with")
    func sealing() throws {
        let sealed = TestEverythingV1.Sealed(at: .blank(), score: 0.5)
        let golden = Compilation.everythingFingerprint
        #expect(TestEverythingV1.Sealed.fingerprint.description == golden)
        #expect(sealed.score == 0.5)
    }
}
