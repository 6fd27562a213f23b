import Foundation
import Testing

@testable import FeatureCore

@Suite struct HandbookExampleTests {
    @Test("the Handbook's definitions give its fifteen features, the payment at hand included")
    func features() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "deploy/examples/handbook/definitions").path
        let (header, rows, report) = try CSVReplayTests.replay(
            """
            transaction_id,occurred_at,customer_id,terminal_id,amount,fraud
            1,2018-07-20T23:30:00Z,c1,t1,10.50,1
            2,2018-07-21T05:00:00Z,c1,t1,20,0
            3,2018-07-28T12:00:00Z,c2,t1,3,0
            """, definitions: DefinitionFolder.load(folder), vector: "handbook@1"
        ) {
            $0.eventType = "payment"
            $0.label = CSVOptions.Label(column: "fraud", eventType: "fraud_label")
        }
        #expect(header.count == 16)
        let columns = { (row: Int) in Dictionary(uniqueKeysWithValues: zip(header, rows[row])) }
        #expect(columns(0)["is_weekend"] == "0" && columns(0)["is_night"] == "0")
        #expect(columns(1)["is_weekend"] == "1" && columns(1)["is_night"] == "1")
        #expect(columns(1)["amount"] == "20" && columns(1)["cust_txn_cnt_1d"] == "2")
        #expect(columns(1)["cust_txn_avg_1d"] == "15.25")
        #expect(columns(2)["term_txn_cnt_1d"] == "2" && columns(2)["term_fraud_rate_1d"] == "0.5")
        #expect(report.labels == 1)
    }
}
