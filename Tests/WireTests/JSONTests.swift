import Testing

@testable import Wire

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

private let required =
    #""amount":{"currency":"EUR","amount":"1"},"occurredAt":"2025-10-09T08:53:20Z""#

@Suite struct JSONTests {
    static let golden =
        #"{"requestId":"tx-7f3a","amount":{"currency":"EUR","amount":"-1250.75"},"#
        + #""occurredAt":"2025-10-09T08:53:20.250Z","channel":"ecommerce","#
        + #""device":{"os":"iOS","fingerprint":"81985529216486895","rooted":false},"#
        + #""attributes":{"geo":{"text":"DE"},"mcc":{"integer":"5411"}},"#
        + #""features":[0.5,-1,3.25],"retry":0}"#

    @Test func `the worked example has the JSON form of the specification`() throws {
        #expect(text(workedExample.json()) == Self.golden)
        #expect(try AssessRequest(jsonBytes: Array(Self.golden.utf8)) == workedExample)
    }

    private func read(_ json: String) throws(JSONError) -> AssessRequest {
        try AssessRequest(jsonBytes: Array(json.utf8))
    }

    @Test(arguments: [
        (#"{"request_id":"a",REQ}"#, "a"),
        (#" { "requestId" : "\u0061\uD83D\uDE00\n" , REQ } "#, "a😀\n"),
        (#"{"requestId":null,REQ}"#, ""),
    ])
    func `both spellings, escapes and null are read`(json: String, id: String) throws {
        let filled = json.replacing("REQ", with: required)
        #expect(try read(filled).requestID == id)
    }

    @Test(arguments: ["7", "\"7\"", "7.0", "70e-1", "0.7e1", "\"7\""])
    func `integers are read in every form that is whole`(form: String) throws {
        #expect(try read("{\(required),\"retry\":\(form)}").retry == 7)
    }

    @Test func `enums are read by name or number, and unknown numbers are kept`() throws {
        #expect(try read("{\(required),\"channel\":\"fax\"}").channel == .fax)
        #expect(try read("{\(required),\"channel\":3}").channel == .fax)
        let newer = try read("{\(required),\"channel\":9}")
        #expect(newer.channel.number == 9)
        #expect(text(newer.json()).contains("\"channel\":9"))
    }

    @Test(arguments: [
        (
            #"{REQ,"attributes":{"mcc":{"integer":"54x"}}}"#, "/attributes/mcc/integer",
            #"expected an integer in range, found "54x""#
        ),
        (#"{REQ,"retry":-1}"#, "/retry", "expected an integer in range, found -1"),
        (#"{REQ,"retry":1.5}"#, "/retry", "expected an integer in range, found 1.5"),
        (#"{REQ,"retry":4294967296}"#, "/retry", "expected an integer in range, found 4294967296"),
        (#"{REQ,"features":[1,true]}"#, "/features/1", "expected a number, found a boolean"),
        (#"{REQ,"features":[1e999]}"#, "/features/0", "expected a number in range, found 1e999"),
        (#"{REQ,"features":[null]}"#, "/features/0", "expected a number, found null"),
        (#"{REQ,"colour":1}"#, "/colour", "bank.risk.v1.AssessRequest has no such field"),
        (#"{REQ,"retry":1,"retry":1}"#, "/retry", "stands there twice"),
        (#"{REQ,"requestId":"a","request_id":"a"}"#, "/request_id", "stands there twice"),
        (
            #"{REQ,"attributes":{"a":{"flag":true},"a":{"flag":true}}}"#, "/attributes",
            "a key stands there twice"
        ),
        (#"{REQ,"iban":"A","card":{}}"#, "/card", "another member of instrument is set"),
        (
            #"{REQ,"attributes":{"a":{"flag":true,"text":""}}}"#, "/attributes/a/text",
            "another member of kind is set"
        ),
        (#"{REQ,"iban":5}"#, "/iban", "expected a string, found ‹account›"),
        (
            #"{REQ,"channel":"post"}"#, "/channel",
            #"expected a value of bank.risk.v1.Channel, found "post""#
        ),
        (
            #"{"amount":{"currency":"eur","amount":"1"}}"#, "/amount/currency",
            #"expected a currency code, found "eur""#
        ),
        (
            #"{"amount":{"currency":"EUR","amount":1}}"#, "/amount/amount",
            "expected a string, found other text"
        ),
        (#"{"amount":{"currency":"EUR"}}"#, "/amount/amount", "is required"),
        (
            #"{"occurredAt":"2025-02-30T00:00:00Z"}"#, "/occurredAt",
            #"expected an RFC 3339 time, found "2025-02-30T00:00:00Z""#
        ),
        ("{}", "/amount", "is required"),
        ("[]", "", "expected an object, found an array"),
        (#"{REQ} x"#, "", "more text behind the value"),
        (#"{REQ"#, "", "expected ',', found the end"),
        (#"{REQ,"retry":1,}"#, "", "expected a string, found other text"),
        (#"{REQ,"requestId":"\ud800"}"#, "/requestId", "half a surrogate pair"),
        (#"{REQ,"requestId":"\x"}"#, "/requestId", "no such escape"),
    ])
    func `an error carries a pointer and says what was expected`(
        json: String, path: String, message: String
    ) {
        do {
            let value = try read(json.replacing("REQ", with: required))
            Issue.record("accepted: \(value)")
        } catch {
            #expect(error.path == path)
            #expect(error.message == message)
        }
    }

    @Test func `invalid UTF-8 and control characters are refused`() {
        for bytes: [UInt8] in [[0xC3, 0x28], [0x0A], [0xED, 0xA0, 0x80]] {
            let json = Array(#"{"os":""#.utf8) + bytes + Array(#""}"#.utf8)
            #expect(throws: JSONError.self) { try Device(jsonBytes: json) }
        }
    }

    @Test func `deep nesting and large texts are refused, not followed`() {
        let deep = String(repeating: #"{"children":["#, count: 10_000)
        #expect(throws: JSONError.self) { try Sampler(jsonBytes: Array(deep.utf8)) }
        #expect(throws: JSONError.self) {
            try Device(jsonBytes: Array("{}".utf8), limits: JSONLimits(bytes: 1))
        }
        let many = #"{"word":"","devices":["# + String(repeating: "{},", count: 999) + "{}]}"
        #expect(throws: JSONError.self) {
            try Sampler(jsonBytes: Array(many.utf8), limits: JSONLimits(heap: 1000))
        }
        #expect(throws: Never.self) { try Sampler(jsonBytes: Array(many.utf8)) }
    }

    @Test func `numbers are written with the fewest digits that read back`() {
        var request = workedExample
        request.features = [
            0, -0.0, 0.1, 100, 1e21, .leastNonzeroMagnitude, .nan, .infinity, -.infinity,
        ]
        #expect(
            text(request.json()).contains(
                #""features":[0,-0,0.1,100,1e+21,5e-324,"NaN","Infinity","-Infinity"]"#))
    }

    @Test func `bytes are base64, and base64url is read too`() throws {
        for (json, bytes) in [
            ("", []), ("AA==", [0]), ("AA", [0]), ("+/+/", [0xFB, 0xFF, 0xBF]),
            ("-_-_", [0xFB, 0xFF, 0xBF]), ("AQI=", [1, 2]),
        ] as [(String, [UInt8])] {
            let sampler = try Sampler(jsonBytes: Array(#"{"word":"","blob":"\#(json)"}"#.utf8))
            #expect(sampler.blob == bytes)
        }
        for bad in ["A", "AB", "AA=", "AAA==", "A===", "A A=", "AQI==="] {
            #expect(throws: JSONError.self) {
                try Sampler(jsonBytes: Array(#"{"word":"","blob":"\#(bad)"}"#.utf8))
            }
        }
    }

    @Test func `personal data is never printed`() {
        var request = workedExample
        request.instrument = .iban("DE89370400440532013000")
        #expect(!"\(request)".contains("DE89"))
        #expect("\(request)".contains(#""iban":"‹account›""#))
        request.instrument = .card(Card(token: "tok-1", network: "visa"))
        #expect("\(request)".contains(#""card":{"token":"‹account›","network":"visa"}"#))
        #expect(text(request.json()).contains("tok-1"))
    }
}
