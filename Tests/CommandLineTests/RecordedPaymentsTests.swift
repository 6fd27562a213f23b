import Foundation
import Testing
import Wire

@testable import assay

@Suite struct RecordedPaymentsTests {
    static let now = Timestamp(seconds: 1_760_000_000)!

    /// The payments of a file with this text.
    static func read(_ text: String, limit: Int? = nil) throws -> [RecordedPayment] {
        let path = FileManager.default.temporaryDirectory
            .appending(path: "payments-\(UUID().uuidString).csv").path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try RecordedPayments.read(path, limit: limit, now: now)
    }

    @Test("payments keep their order, hour and customer, and end in the last 24 hours")
    func times() throws {
        let payments = try Self.read(
            """
            transaction_id,occurred_at,customer_id,terminal_id,amount,fraud
            0,2018-04-01T00:00:31Z,596,3156,57.16,0
            1,2018-04-02T10:00:00Z,7,12,5,1
            2,2018-04-01T00:00:32Z,596,3,1.5,0
            """)
        #expect(payments.map(\.id) == ["0", "2", "1"])
        #expect(payments.map(\.customerNumber) == [0, 0, 1])
        #expect(payments.map(\.isFraud) == [false, false, true])
        #expect(payments[2].time <= Self.now)
        #expect(Self.now.seconds - payments[2].time.seconds < 86_400)
        #expect(payments[2].time.seconds % 86_400 == 36_000)
        #expect(payments[2].time.seconds - payments[0].time.seconds == 86_400 + 36_000 - 31)
        let request = payments[0].request(run: "r")
        #expect(request.requestID == "pay-0-r" && request.transaction.terminalID == "3156-r")
        #expect("\(request.transaction.amount)" == "EUR 57.16" && request.card == nil)
        #expect(
            try Self.read("id,time,customer_id,amount\n1,2018-04-01T00:00:31Z,1,2\n").count == 1)
    }

    @Test(
        "what is wrong with a file is said with its line",
        arguments: [
            ("", "line 1: the file is empty"),
            ("id,time,amount\n", "line 1: no column \"customer_id\""),
            ("id,time,customer_id,amount\n", "line 2: there is no payment"),
            (
                "id,time,customer_id,amount\n1,noon,1,2\n",
                "line 2: the time is not one such as 2025-10-09T08:53:20Z"
            ),
            (
                "id,time,customer_id,amount\n1,2018-04-01T00:00:31Z,1,x\n",
                "line 2: the amount is not one such as 12.50"
            ),
            (
                "id,time,customer_id,amount\n1,2018-04-01T00:00:31Z,,1\n",
                "line 2: customer_id has 1 to 40 bytes"
            ),
            ("id,time,customer_id,amount\n1,2\n", "line 2: 2 fields; the first line names 4"),
            (
                "id,time,customer_id,amount\n1,0001-01-01T00:00:00Z,1,1\n2,9999-01-01T00:00:00Z,1,1\n",
                "line 2: the payments lie too far apart"
            ),
        ])
    func refused(_ text: String, _ message: String) {
        #expect {
            _ = try Self.read(text)
        } throws: { "\($0)".hasSuffix(message) }
    }
}
