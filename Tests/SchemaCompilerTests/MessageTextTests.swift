import SchemaCompiler
import Testing
import Wire

/// What a person reads of a message: values, bytes with their meaning, and names.
@Suite("Messages as text")
struct MessageTextTests {
    private static let compilation = Compilation.golden("conformance")
    private static let type = "bank.risk.v1.AssessRequest"
    private static let json = """
        {"requestId":"tx-7f3a","amount":{"currency":"EUR","amount":"-1250.75"},
         "occurredAt":"2025-10-09T08:53:20.250Z","channel":"ecommerce",
         "device":{"os":"iOS","fingerprint":"81985529216486895","rooted":false},
         "attributes":{"geo":{"text":"DE"},"mcc":{"integer":"5411"}},"features":[0.5,-1,3.25],"retry":0}
        """

    private func schema() throws -> DynamicSchema {
        try #require(Self.compilation.dynamicSchema())
    }

    private func message(_ json: String, as type: String = Self.type) throws -> DynamicMessage {
        try #require(
            try DynamicMessage(jsonBytes: Array(json.utf8), as: type, in: schema()))
    }

    private func dump(
        _ bytes: [UInt8], _ type: String = Self.type, mark: WireError? = nil,
        showsPersonalData: Bool = false
    ) throws -> String {
        try #require(
            try AnnotatedHex.text(
                bytes, as: type, in: schema(), mark: mark, showsPersonalData: showsPersonalData))
    }

    @Test("the worked example has the bytes of the format, and reads as a person would write it")
    func workedExample() throws {
        let message = try message(Self.json)
        #expect(message.encoded().count == 106)
        #expect(
            message.text(showsPersonalData: false) == """
                request_id   "tx-7f3a"
                amount       EUR -1250.75
                occurred_at  2025-10-09T08:53:20.250Z
                channel      ecommerce
                device
                  os           "iOS"
                  fingerprint  81985529216486895
                attributes
                  "geo"  text "DE"
                  "mcc"  integer 5411
                features     [0.5, -1, 3.25]
                retry        0

                """)
    }

    @Test("every byte of the worked example stands at its offset, beside its meaning")
    func annotated() throws {
        let bytes = try message(Self.json).encoded()
        let lines = try dump(bytes).split(separator: "\n").map(String.init)
        let wanted = [
            "0 0a 07 74 78 2d 37 66 33 61 1 LEN 7 request_id \"tx-7f3a\"",
            "16 10 a5 a2 0f 2 VARINT coefficient -125075, zigzag 250149",
            "35 20 02 4 VARINT channel ecommerce (2)",
            "55 0a 03 67 65 6f 1 LEN 3 key \"geo\"",
            "75 10 c6 54 2 VARINT integer 5411, zigzag 10822",
            "78 3a 18 7 LEN 24 features: packed",
            "88 00 00 00 00 00 00 f0 bf [1] -1",
            "104 40 00 8 VARINT retry 0",
        ]
        let squeezed = lines.map { $0.split(separator: " ").joined(separator: " ") }
        for line in wanted { #expect(squeezed.contains(line), "\(line)") }
        // All bytes, in order.
        let shown = lines.map { $0.dropFirst(8).prefix(52) }.joined(separator: " ")
            .split(separator: " ").compactMap { $0.count == 2 ? UInt8($0, radix: 16) : nil }
        #expect(shown == bytes)
    }

    @Test("the line of an error is marked with its rule")
    func marked() throws {
        var bytes = try message(Self.json).encoded()
        bytes.replaceSubrange(35..<37, with: [0x20, 0x82, 0x80, 0x00])
        let schema = try schema()
        do throws(WireError) {
            _ = try DynamicMessage(
                decoding: bytes, as: Self.type, in: schema, door: .strict)
            Issue.record("accepted")
        } catch {
            let lines = try dump(bytes, mark: error).split(separator: "\n")
            #expect(lines.filter { $0.contains("<-- R5") }.map { $0.contains("channel") } == [true])
            #expect(WireRule.text(error.rule).contains("minimal"))
        }
    }

    @Test("personal data and unknown fields show only on demand, whole and torn")
    func redaction() throws {
        let secret = "DE89370400440532013000"
        let iban = try message(
            #"{"amount":{"currency":"EUR","amount":"1"},"occurredAt":"2025-10-09T08:53:20Z","iban":"\#(secret)"}"#
        )
        let bytes = iban.encoded() + [0xF2, 0x01, 2, 0xAB, 0xCD]
        let digits = secret.utf8.map { String($0, radix: 16) }.joined(separator: " ")
        let hidden = try dump(bytes)
        #expect(!hidden.contains(secret) && !hidden.contains("44 45") && !hidden.contains("ab cd"))
        #expect(hidden.contains("iban ‹account›"))
        #expect(try !dump(Array(iban.encoded().dropLast(3))).contains("44 45"))
        let shown = try dump(bytes, showsPersonalData: true)
        #expect(shown.contains(secret) && shown.contains(digits.prefix(40)))
        #expect(shown.contains("ab cd"))
        #expect(iban.text(showsPersonalData: false).contains("iban         ‹account›"))
        #expect(iban.text(showsPersonalData: true).contains(secret))
        #expect(!iban.description.contains(secret))
    }

    @Test("text cannot act on a terminal")
    func control() throws {
        let device = try message(
            #"{"os":"\u001b[2J\u009b\u202e\n"}"#, as: "bank.risk.v1.Device")
        #expect(
            device.text(showsPersonalData: false)
                == "os  \"\\u{1b}[2J\\u{9b}\\u{202e}\\n\"\n")
    }

    @Test("any bytes are annotated, whatever the type", arguments: Twin.all)
    func anyBytes(twin: Twin) {
        for seed in 0..<60 {
            var arbitrary = ArbitraryRecords(generator: SeededGenerator(seed: UInt64(seed)))
            let bytes = arbitrary.message(twin.fields)
            var mutation = Mutation(generator: arbitrary.generator)
            let broken = mutation.applied(to: bytes)
            for bytes in [bytes, broken] {
                let text = AnnotatedHex.text(bytes, twin.fields, showsPersonalData: true)
                #expect(text.hasSuffix("\n"))
            }
        }
    }

    @Test("a deep chain of messages is annotated up to a depth")
    func deep() throws {
        let schema = try #require(Compilation.golden("everything").dynamicSchema())
        var bytes: [UInt8] = []
        for _ in 0..<2_000 {
            var length: [UInt8] = []
            var rest = bytes.count
            while rest >= 0x80 {
                length.append(UInt8(rest & 0x7F) | 0x80)
                rest >>= 7
            }
            bytes = [0x12] + length + [UInt8(rest)] + bytes
        }
        let text = AnnotatedHex.text(
            bytes, as: "test.everything.v1.Tree", in: schema, showsPersonalData: true)
        #expect(text?.contains("nested too deeply") == true)
    }

    @Test("a type is found by its full name or an unambiguous end of it")
    func names() {
        let compilation = Compilation.golden("everything")
        #expect(compilation.messageType(named: "Sealed") == .found("test.everything.v1.Sealed"))
        #expect(compilation.messageType(named: "v1.Sealed") == .found("test.everything.v1.Sealed"))
        #expect(
            compilation.messageType(named: "test.common.v2.Place") == .found("test.common.v2.Place")
        )
        #expect(
            compilation.messageType(named: "Place")
                == .refused("'Place' is ambiguous: test.common.v2.Place, test.everything.v1.Place"))
        #expect(
            compilation.messageType(named: "Sealde")
                == .refused("no message or union is called 'Sealde': did you mean 'Sealed'?"))
        for name in ["Word", "Everything", "", ".", "ealed", "Sealed."] {
            guard case .refused = compilation.messageType(named: name) else {
                Issue.record("'\(name)' was found")
                continue
            }
        }
    }

    @Test("every code of an error has advice, every rule a text")
    func advice() {
        for code in WireError.Code.allCases {
            #expect(!WireRule.advice(code, .strict).isEmpty)
            #expect(!WireRule.advice(code, .tolerant).isEmpty)
        }
        #expect(Set((1...14).map { WireRule.text($0) }).count == 14)
    }
}
