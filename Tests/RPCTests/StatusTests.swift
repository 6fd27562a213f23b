import RPC
import Testing

@Suite("Status codes and errors")
struct StatusTests {
    @Test("every code has its own JSON name, and it reads back")
    func jsonNames() {
        #expect(Set(StatusCode.allCases.map(\.jsonName)).count == 17)
        for code in StatusCode.allCases { #expect(StatusCode(jsonName: code.jsonName) == code) }
        #expect(StatusCode(jsonName: "cancelled") == nil)
        #expect(StatusCode.cancelled.jsonName == "canceled")
    }

    @Test("HTTP statuses are those of the table")
    func httpStatuses() {
        let expected = [
            200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
        ]
        #expect(StatusCode.allCases.map(\.httpStatus) == expected)
    }

    @Test("grpc-status is read as a number or not at all")
    func headerValues() {
        func read(_ text: String) -> StatusCode? { StatusCode(header: Array(text.utf8)) }
        #expect(read("0") == .ok)
        #expect(read("16") == .unauthenticated)
        #expect(read("17") == .unknown)
        #expect(read("4294967295") == .unknown)
        #expect(read("") == nil)
        #expect(read("-1") == nil)
        #expect(read("99999999999999999999") == nil)
    }

    @Test("an error survives its trailers")
    func trailers() {
        let error = RPCError(
            code: .resourceExhausted, message: "zu viel: 100 %\u{7}", reason: "RATE_LIMITED",
            details: [
                .badRequest([FieldViolation(field: "/a", description: "b", reason: "max")]),
                .errorInfo(reason: "X", domain: "bank", metadata: ["k": "v"]),
            ], retryAfter: .milliseconds(2_500))
        let read = RPCError(trailers: error.trailers)
        #expect(read?.code == error.code)
        #expect(read?.message == error.message)
        #expect(read?.reason == error.reason)
        #expect(read?.details == error.details)
        #expect(read?.retryAfter == error.retryAfter)
        #expect(error.trailers["grpc-retry-pushback-ms"] == "2500")
    }

    @Test("details cut or altered anywhere are read without a trap")
    func hostileDetails() {
        let bytes = StatusDetails.encode(
            code: .internal, message: "m",
            details: [
                .badRequest([FieldViolation(field: "/a", description: "b")]),
                .retryInfo(.seconds(3)), .errorInfo(reason: "R"),
            ])
        for end in bytes.indices { _ = StatusDetails.decode(Array(bytes[..<end])) }
        for index in bytes.indices {
            for bit in 0..<8 {
                var altered = bytes
                altered[index] ^= 1 << bit
                _ = StatusDetails.decode(altered)
            }
        }
    }

    @Test("grpc-message escapes what is not plain, and reads every escape back")
    func percentCoding() {
        #expect(
            String(decoding: StatusMessage.encode("a%b\né"), as: UTF8.self) == "a%25b%0A%C3%A9")
        #expect(StatusMessage.decode(Array("a%25b%0A%C3%A9".utf8)) == "a%b\né")
        #expect(StatusMessage.decode(Array("100%".utf8)) == "100%")
        #expect(StatusMessage.decode(Array("%zz%4".utf8)) == "%zz%4")
        #expect(StatusMessage.decode(Array("%ff".utf8)) == "\u{FFFD}")
    }

    @Test("an error's JSON is escaped and carries its details")
    func json() {
        let error = RPCError(
            code: .invalidArgument, message: "a\"b\u{1}",
            details: [
                .badRequest([FieldViolation(field: "/x", description: "is required")])
            ])
        let text = String(decoding: UnaryJSON.body(for: error), as: UTF8.self)
        #expect(
            text.hasPrefix(
                "{\"code\":\"invalid_argument\",\"message\":\"a\\\"b\\u0001\",\"details\":["))
        #expect(text.contains("\"field\":\"/x\",\"description\":\"is required\""))
    }
}
