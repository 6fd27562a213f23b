import Testing

@testable import Wire

typealias AssessRequest = BankRiskV1.AssessRequest
typealias Value = BankRiskV1.Value
typealias Device = BankRiskV1.Device
typealias Card = BankRiskV1.Card

/// The bytes of hexadecimal digits; anything else in the text is skipped.
func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// The wire format's worked example.
let workedExample = AssessRequest(
    requestID: "tx-7f3a", amount: Money("-1250.75", "EUR"),
    occurredAt: Timestamp(nanosecondsSinceEpoch: 1_760_000_000_250_000_000),
    channel: .ecommerce, device: Device(os: "iOS", fingerprint: 0x0123_4567_89AB_CDEF),
    attributes: ["mcc": .integer(5411), "geo": .text("DE")], features: [0.5, -1, 3.25], retry: 0)

let workedBytes = hex(
    """
    0a 07  74 78 2d 37 66 33 61
    12 0b  0a 03 45 55 52  10 a5 a2 0f  18 02
    1a 0b  08 80 f0 9d c7 06  10 80 e5 9a 77
    20 02
    2a 0e  0a 03 69 4f 53  11 ef cd ab 89 67 45 23 01
    32 0b  0a 03 67 65 6f  12 04 22 02 44 45
    32 0a  0a 03 6d 63 63  12 03 10 c6 54
    3a 18  00 00 00 00 00 00 e0 3f
           00 00 00 00 00 00 f0 bf
           00 00 00 00 00 00 0a 40
    40 00
    """)

@Suite struct WorkedExampleTests {
    @Test func `the worked example is encoded byte for byte`() {
        #expect(workedBytes.count == 106)
        #expect(workedExample.encoded() == workedBytes)
    }

    @Test func `both doors decode the worked example`() throws {
        #expect(try AssessRequest(decoding: workedBytes, door: .strict) == workedExample)
        #expect(try AssessRequest(decoding: workedBytes, door: .tolerant) == workedExample)
    }
}
