import AssayMessages
import Testing
import Wire

@Suite("Messages of the risk service")
struct RiskMessageTests {
    private static let json = """
        {"requestId":"r-1","transaction":{"transactionId":"t-1",\
        "occurredAt":"2026-01-02T03:04:05Z","amount":{"currency":"EUR","amount":"12.50"},\
        "channel":"web","mcc":"5411"},"account":{"accountId":"DE89370400440532013000"},\
        "useModel":false}
        """

    private func request() throws -> AssayRiskV1.AssessTransactionRequest {
        try AssayRiskV1.AssessTransactionRequest(jsonBytes: Array(Self.json.utf8))
    }

    @Test("what curl sends is what a gRPC client sends")
    func jsonAndBinary() throws {
        let request = try request()
        #expect(request.transaction.amount == Money(currency: "EUR", coefficient: 1250, scale: 2))
        #expect(request.useModel == false)
        #expect(request.device == nil)
        let bytes = request.encoded()
        #expect(try AssayRiskV1.AssessTransactionRequest(decoding: bytes, door: .strict) == request)
        #expect(
            try AssayRiskV1.AssessTransactionRequest(decoding: bytes, door: .tolerant) == request)
        #expect(request.violations().isEmpty)
    }

    @Test(
        "a missing required message is an error that names its path, behind both doors and in JSON")
    func missing() throws {
        // request_id alone: the transaction is missing.
        for door in [Door.strict, .tolerant] {
            let error = #expect(throws: WireError.self) {
                try AssayRiskV1.AssessTransactionRequest(decoding: [0x0A, 1, 0x61], door: door)
            }
            #expect(error.map { "\($0)".contains("transaction") } == true, "\(error as Any)")
        }
        let error = #expect(throws: JSONError.self) {
            try AssayRiskV1.AssessTransactionRequest(jsonBytes: Array(#"{"requestId":"a"}"#.utf8))
        }
        #expect(error.map { "\($0)".contains("transaction") } == true, "\(error as Any)")
    }

    @Test("a violated bound names the field")
    func violations() throws {
        var request = try request()
        request.requestID = ""
        request.transaction.country = "Germany"
        request.transaction.utcOffsetMin = 5000
        request.customer = AssayRiskV1.Customer()
        #expect(
            request.violations().map { "\($0.path) \($0.rule)" } == [
                "/request_id required", "/transaction/utc_offset_min range",
                "/transaction/country max", "/customer/customer_id required",
            ])
    }

    @Test("descriptions never show personal data")
    func redaction() throws {
        let text = try request().description
        #expect(!text.contains("DE8937"))
        #expect(text.contains("‹account›"))
        #expect(text.contains("12.50"))
    }

    @Test("a value of another package's type travels inside an event")
    func crossPackage() throws {
        var event = AssayFeaturesV1.Event(id: "e", type: "payment", time: .blank())
        event.fields = [
            "where": .place(AssayTypesV1.Place(latitude: 52.5, longitude: 13.4, country: "DE"))
        ]
        let decoded = try AssayFeaturesV1.Event(decoding: event.encoded(), door: .strict)
        #expect(decoded == event)
        event.fields = ["where": .place(AssayTypesV1.Place(latitude: 91))]
        #expect(event.violations().map(\.rule) == ["range"])
    }

    @Test("a request cut at any byte is refused without a crash")
    func truncated() throws {
        let bytes = try request().encoded()
        for length in 0..<bytes.count {
            for door in [Door.strict, .tolerant] {
                let cut = try? AssayRiskV1.AssessTransactionRequest(
                    decoding: Array(bytes[..<length]), door: door)
                if let cut { #expect(cut.encoded().count <= length) }
            }
        }
    }
}
