import RPC
import Testing

/// §5.3: what a status code is called on both faces, row by row.
@Suite("Codes on both faces")
struct StatusTableTests {
    static let rows: [(Int, String, String, Int)] = [
        (1, "CANCELLED", "canceled", 499), (2, "UNKNOWN", "unknown", 500),
        (3, "INVALID_ARGUMENT", "invalid_argument", 400),
        (4, "DEADLINE_EXCEEDED", "deadline_exceeded", 504), (5, "NOT_FOUND", "not_found", 404),
        (6, "ALREADY_EXISTS", "already_exists", 409),
        (7, "PERMISSION_DENIED", "permission_denied", 403),
        (8, "RESOURCE_EXHAUSTED", "resource_exhausted", 429),
        (9, "FAILED_PRECONDITION", "failed_precondition", 400), (10, "ABORTED", "aborted", 409),
        (11, "OUT_OF_RANGE", "out_of_range", 400), (12, "UNIMPLEMENTED", "unimplemented", 501),
        (13, "INTERNAL", "internal", 500), (14, "UNAVAILABLE", "unavailable", 503),
        (15, "DATA_LOSS", "data_loss", 500), (16, "UNAUTHENTICATED", "unauthenticated", 401),
    ]

    @Test("a code has its number, its two names and its HTTP status", arguments: rows)
    func row(number: Int, name: String, json: String, http: Int) throws {
        let code = try #require(StatusCode(rawValue: UInt8(number)))
        #expect(code.description == name)
        #expect(code.jsonName == json)
        #expect(code.httpStatus == http)
        #expect(StatusCode(jsonName: json) == code)
    }

    @Test("there are 16 codes besides OK, and no more")
    func all() { #expect(StatusCode.allCases.count == Self.rows.count + 1) }
}
