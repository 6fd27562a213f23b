import Testing
import Wire

@testable import SchemaCompiler

/// What the rules of breaking changes say about bytes, shown with bytes.
@Suite("Breaking changes, in bytes")
struct EvolutionBytesTests {
    private struct Version {
        let schema: DynamicSchema

        init(_ name: String, _ file: String) throws {
            let text = try Fixtures.text("Evolution/\(name)/\(file).schema")
            schema = try #require(Compilation(Fixtures.split(text)).dynamicSchema())
        }

        init(text: String) throws {
            let compilation = Compilation.test(text)
            schema = try #require(compilation.dynamicSchema(), "\(compilation.report)")
        }

        /// Canonical bytes of what the JSON says.
        func encode(_ json: String, _ type: String) throws -> [UInt8] {
            try #require(
                try DynamicMessage(jsonBytes: Array(json.utf8), as: "test.v1.\(type)", in: schema)
            ).encoded()
        }

        func decode(_ bytes: [UInt8], _ type: String) throws(WireError) -> DynamicMessage? {
            try DynamicMessage(decoding: bytes, as: "test.v1.\(type)", in: schema, door: .strict)
        }

        func json(_ bytes: [UInt8], _ type: String) throws -> String {
            String(decoding: try #require(try decode(bytes, type)).json(), as: UTF8.self)
        }
    }

    /// A value of the old schema that the new one, but not the safe one, refuses or misreads.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let type: String
        let json: String
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "WIRE-02", type: "Payment", json: #"{"amount":"5","fee":"7"}"#),
        Case(name: "WIRE-03", type: "Payment", json: #"{"total":"-5"}"#),
        Case(name: "WIRE-03-reused", type: "Payment", json: #"{"legacy":0.5,"id":"a"}"#),
        Case(name: "WIRE-04", type: "Payment", json: #"{"notes":["a","b"]}"#),
        Case(
            name: "WIRE-05", type: "Payment",
            json: #"{"hint":0,"amount":{"currency":"EUR","amount":"1"}}"#),
        Case(name: "WIRE-05-oneof", type: "Payment", json: #"{"account":"a"}"#),
        Case(name: "WIRE-06", type: "Payment", json: #"{"id":"a","iban":"b"}"#),
        Case(name: "WIRE-07", type: "Payment", json: #"{"note":"a","iban":"b"}"#),
        Case(name: "WIRE-07-union", type: "Attribute", json: #"{"number":1,"word":"a"}"#),
        Case(
            name: "WIRE-14", type: "Rule",
            json: #"{"all":[{"all":[{"all":[{"all":[{"label":"deep"}]}]}]}]}"#),
    ]

    @Test(
        "old bytes are refused or misread by what breaks, and kept by what is safe",
        arguments: cases)
    func oldBytes(_ example: Case) throws {
        let (old, new, safe) = (
            try Version(example.name, "old"), try Version(example.name, "new"),
            try Version(example.name, "safe")
        )
        let bytes = try old.encode(example.json, example.type)
        let before = try old.json(bytes, example.type)

        let kept = try #require(try safe.decode(bytes, example.type))
        #expect(kept.encoded() == bytes)

        let seen = try? new.json(bytes, example.type)
        #expect(seen != before, "the new schema reads the same: \(before)")
    }

    @Test("WIRE-01: a number that is taken again reads old bytes as something else")
    func reusedNumber() throws {
        let old = try Version(text: "message Payment { legacy: uint64 = 9 }")
        let later = try Version(text: "message Payment { refund_cents: uint64 = 9 }")
        let bytes = try old.encode(#"{"legacy":"500"}"#, "Payment")
        #expect(try later.json(bytes, "Payment") == #"{"refundCents":"500"}"#)
        let safe = try Version(text: "message Payment { reserved 9, \"legacy\" }")
        #expect(try safe.decode(bytes, "Payment")?.encoded() == bytes)
    }

    @Test("WIRE-09: values that swap their numbers swap their meaning")
    func swappedValues() throws {
        let field = "message Holder { channel: Channel = 1 }\n"
        let old = try Version(
            text: field + "enum Channel { unspecified = 0; card = 1; ecommerce = 2 }")
        let new = try Version(
            text: field + "enum Channel { unspecified = 0; ecommerce = 1; card = 2 }")
        let bytes = try old.encode(#"{"channel":"card"}"#, "Holder")
        #expect(try new.json(bytes, "Holder") == #"{"channel":"ecommerce"}"#)
    }

    @Test(
        "P4: through an old reader every byte of a newer writer is kept",
        arguments: 1...40 as ClosedRange<UInt64>)
    func oldReaderNewWriter(seed: UInt64) throws {
        let newer = Compilation(try Fixtures.sources(below: "Golden/conformance/schemas"))
        let text = try Fixtures.text("Golden/conformance/schemas/bank/risk/v1/risk.schema")
        // What is left of the request when only half of its fields had been thought of.
        let older = Compilation.test(
            """
            enum Channel { unspecified = 0; card_present = 1 }
            message AssessRequest {
              request_id:  string  = 1 @required @max(64)
              amount:      money   = 2 @required
              channel:     Channel = 4
              features:    [double] = 7 @max(512)
            }
            """)
        #expect(text.contains("message AssessRequest"))
        let (new, old) = (
            try #require(newer.dynamicSchema()),
            try #require(older.dynamicSchema(), "\(older.report)")
        )
        let table = try #require(new.table(of: "bank.risk.v1.AssessRequest"))
        var records = ArbitraryRecords(generator: SeededGenerator(seed: seed))
        let canonical = try #require(
            try DynamicMessage(
                decoding: records.message(table), as: "bank.risk.v1.AssessRequest", in: new,
                door: .tolerant)
        ).encoded()
        let relayed = try #require(
            try DynamicMessage(
                decoding: canonical, as: "test.v1.AssessRequest", in: old, door: .strict)
        ).encoded()
        #expect(relayed == canonical, "seed \(seed)")
    }
}
