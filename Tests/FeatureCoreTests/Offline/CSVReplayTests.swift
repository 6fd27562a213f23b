import FeatureEngine
import Testing

@testable import FeatureCore

@Suite struct CSVReplayTests {
    /// - Returns: The rows of the result, its first line left out, and the report.
    static func replay(
        _ text: String, definitions: DefinitionSet? = nil, vector: String = "payment_fraud@1",
        _ change: (inout CSVOptions) -> Void = { $0.eventType = "payment" }
    ) throws -> (header: [String], rows: [[String]], report: ReplayReport) {
        var options = CSVOptions()
        change(&options)
        var replay = try CSVReplay(
            definitions ?? Shipped.definitions(), vector: vector, options: options)
        var rest: [UInt8]? = Array(text.utf8)
        var result: [UInt8] = []
        try replay.run(
            reading: {
                defer { rest = nil }
                return rest ?? []
            }, writing: { result += $0 })
        let records = try CSVReaderTests.records(result)
        return (records.first ?? [], Array(records.dropFirst()), replay.report)
    }

    static func problem(
        _ text: String, vector: String = "payment_fraud@1",
        _ change: (inout CSVOptions) -> Void = { $0.eventType = "payment" }
    ) -> String? {
        do {
            _ = try replay(text, vector: vector, change)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test("each row gets its vector as it was before the row")
    func payments() throws {
        let (header, rows, report) = try Self.replay(
            """
            id,time,card_id,amount
            p1,2025-10-09T08:00:00Z,c1,12.50
            p2,2025-10-09T08:10:00Z,c1,7.5
            p3,2025-10-09T08:20:00Z,c2,1
            p4,2025-10-09T08:30:00Z,c1,
            """)
        #expect(header.prefix(4) == ["id", "amount", "card_txn_cnt_1h", "card_txn_cnt_24h"])
        #expect(rows.map { $0[0] } == ["p1", "p2", "p3", "p4"])
        // The amount in major units, counts, the sum of the hour in minor units.
        #expect(rows.map { $0[1] } == ["12.5", "7.5", "1", ""])
        #expect(rows.map { $0[2] } == ["0", "1", "0", "2"])
        #expect(rows.map { $0[4] } == ["0", "1250", "0", "2000"])
        // A mean of nothing.
        #expect(rows[0][6].isEmpty)
        #expect(report.rows == 4 && report.written == 4 && report.entityEvents == 4)
        #expect(report.entities == 2 && report.problems.isEmpty)
        #expect(report.absentFields.contains("mcc") && report.ignoredColumns.isEmpty)
    }

    @Test("keys of other bytes are other entities, though their texts be equal")
    func equalTexts() throws {
        let (_, rows, report) = try Self.replay(
            """
            id,time,card_id,amount
            p1,2025-10-09T08:00:00Z,caf\u{E9},1
            p2,2025-10-09T08:10:00Z,cafe\u{301},1
            p3,2025-10-09T08:20:00Z,caf\u{E9},1
            p4,2025-10-09T08:30:00Z,cafe,1
            p5,2025-10-09T08:40:00Z,cafe,1
            """)
        #expect(rows.map { $0[2] } == ["0", "0", "1", "0", "1"])
        #expect(report.entities == 3)
    }

    @Test("a column names the type, the currency and the place where there is one")
    func columns() throws {
        let (_, rows, report) = try Self.replay(
            """
            type,payment,when,card_id,amount,amount_currency,note
            payment,p1,2025-10-09T08:00:00.250+02:00,c1,100,EUR,x
            payment,p2,1760000000000,c1,50,USD,x
            payment,p3,2025-10-09T09:00:00Z,c1,5,,x
            """
        ) {
            $0.id = "payment"
            $0.time = "when"
        }
        #expect(rows.map { $0[0] } == ["p1", "p2", "p3"])
        // There is no rate for the dollars: quarantined, so the third payment finds one before it.
        #expect(report.quarantined == 1)
        #expect(
            report.problems.first?.description.hasPrefix("line 3: /event/fields/amount") == true)
        #expect(rows[2][3] == "1")
    }

    @Test("a row counts once for its id; one with other content is told")
    func duplicates() throws {
        let (_, rows, report) = try Self.replay(
            """
            id,time,card_id,amount
            p1,2025-10-09T08:00:00Z,c1,12.50
            p1,2025-10-09T08:00:00Z,c1,12.50
            p1,2025-10-09T08:00:00Z,c1,12.51
            p2,2025-10-09T08:10:00Z,c1,1
            """)
        #expect(rows.map { $0[0] } == ["p1", "p2"])
        #expect(rows[1][2] == "1")
        #expect(report.duplicates == 1 && report.conflicts == 1)
        #expect(report.problems.map(\.line) == [4])
    }

    @Test("a row that is no event is told with everything that is wrong with it")
    func unreadable() throws {
        let (_, rows, report) = try Self.replay(
            """
            id,time,card_id,amount
            ,yesterday,c1,"1,50"
            p2,2025-10-09T08:10:00Z,c1,1e9
            p3,2025-10-09T08:10:00Z,c1,3
            """)
        #expect(rows.map { $0[0] } == ["p3"])
        #expect(report.unreadable == 2)
        #expect(
            report.problems.map(\.description) == [
                "line 2: id: an id has 1 to 128 bytes; time: not a time such as"
                    + " 2025-10-09T08:53:20Z; amount: \"1,50\" is not an amount such as 12.50",
                "line 3: amount: \"1e9\" is not an amount such as 12.50",
            ])
    }

    @Test("a file that cannot be meant stops the replay, and says what to do")
    func refused() {
        #expect(Self.problem("") == "line 1: the file is empty")
        #expect(
            Self.problem("Id,time\n") == "line 1: no column \"id\" with the id of payment events;"
                + " did you mean \"Id\"?")
        #expect(
            Self.problem("id,id\n") == "line 1: two columns are named \"id\"")
        #expect(
            Self.problem("id,time\np1\n") == "line 2: 1 fields; the first line names 2")
        #expect(
            Self.problem("id,time\n") { _ in }
                == "line 1: no column \"type\" names the event types; say which with --event TYPE")
        #expect(
            Self.problem("id,time,type\np,1760000000000,paymnt\n") { _ in }
                == "line 2: no event type \"paymnt\"; did you mean \"payment\"?")
        #expect(
            Self.problem("id,time\n", vector: "payment_frau")
                == "no vector \"payment_frau\"; did you mean \"payment_fraud@1\"?")
    }

    @Test("labels are events of their own, known at their own time")
    func labels() throws {
        let text = """
            format: assay.features/1
            package: labels
            owner: test
            description: Labels of terminals.
            sensitivity: low
            purposes: [fraud]
            base_currency: EUR
            entities: {terminal: {short: term, key: terminal_id}}
            events:
              payment: {max_late: 7d, entities: {terminal: terminal_id}, fields: {amount: money}}
              fraud: {max_late: 7d, entities: {terminal: terminal_id}}
            aggregates:
              terminal: {fraud_cnt: {from: fraud, count: true, windows: [24h]}}
            vectors: {risk@1: {purpose: fraud, features: [term_fraud_cnt_24h]}}
            """
        let set = try DefinitionCompiler.compile([DefinitionParser.parse(text, file: "l.yaml")])
        let (_, rows, report) = try Self.replay(
            """
            id,time,terminal_id,amount,fraud
            p1,2025-10-09T08:00:00Z,t1,1,1
            p2,2025-10-09T08:00:00Z,t1,1,0
            p3,2025-10-09T09:00:00Z,t1,1,1
            p4,2025-10-09T10:00:00Z,t1,1,0
            """, definitions: set, vector: "risk"
        ) {
            $0.eventType = "payment"
            $0.label = CSVOptions.Label(column: "fraud", eventType: "fraud")
        }
        #expect(rows.map { $0[1] } == ["0", "1", "1", "2"])
        #expect(report.labels == 2)
    }

    @Test("a row that was not applied has no label, and a label without its time is left out")
    func labelsOfNothing() throws {
        let set = try SmallDefinitions.compile(
            """
            lists: {currencies: [EUR]}
            entities: {terminal: {short: term, key: terminal_id}}
            events:
              payment: {id: id, max_late: 7d, entities: {terminal: terminal_id}, fields: {amount: money}}
              fraud: {id: label_id, time: reported_at, max_late: 30d, class: label, refers_to: {payment: payment_id}}
            aggregates: {terminal: {frauds: {from: fraud, count: true, windows: [24h]}}}
            vectors: {risk@1: {purpose: fraud, features: [term_frauds_24h]}}
            """)
        let (_, rows, report) = try Self.replay(
            """
            id,time,terminal_id,amount,amount_currency,fraud,reported_at
            p1,2025-10-09T08:00:00Z,t1,1,XQQ,1,2025-10-09T08:00:00Z
            p2,2025-10-09T08:00:00Z,t1,1,EUR,0,
            p2,2025-10-09T08:00:00Z,t1,2,EUR,1,2025-10-09T08:00:00Z
            p3,2025-10-09T08:00:00Z,t1,1,EUR,1,2025-13-01T00:00:00Z
            p4,2025-10-09T08:00:00Z,t1,1,EUR,1,
            p5,2025-10-09T08:00:00Z,t1,1,EUR,1,2025-10-09T08:30:00Z
            p5,2025-10-09T08:00:00Z,t1,1,EUR,1,2025-10-09T08:30:00Z
            p6,2025-10-09T09:00:00Z,t1,1,EUR,0,
            """, definitions: set, vector: "risk"
        ) {
            $0.eventType = "payment"
            $0.label = CSVOptions.Label(column: "fraud", eventType: "fraud")
        }
        #expect(rows.map { $0[1] } == ["0", "0", "0", "0", "0", "1"])
        #expect(report.labels == 1 && report.rejectedLabels == 2)
        #expect(report.quarantined == 1 && report.conflicts == 1 && report.duplicates == 1)
        #expect(report.problems.map(\.line) == [2, 4, 5, 6])
        #expect(report.ignoredColumns.isEmpty)
    }

    @Test("a label that names its payment counts at the payment's time, behind the lag")
    func delayedLabels() throws {
        let text = """
            format: assay.features/1
            package: labels
            owner: test
            description: Labels of terminals.
            sensitivity: low
            purposes: [fraud]
            base_currency: EUR
            entities: {terminal: {short: term, key: terminal_id}}
            events:
              payment:
                {id: payment_id, time: at, entities: {terminal: terminal_id}, fields: {amount: money}}
              fraud: {id: label_id, time: reported_at, class: label, refers_to: {payment: payment_id}}
            aggregates:
              terminal:
                fraud_cnt: {from: fraud, count: true, at: payment.at, windows: [1d], lag: 7d}
                fraud_rate: {from: fraud, count: true, at: payment.at, per: payment, windows: [1d], lag: 7d}
            vectors: {risk@1: {purpose: fraud, features: [term_fraud_cnt_1d_lag7d, term_fraud_rate_1d_lag7d]}}
            """
        let set = try DefinitionCompiler.compile([DefinitionParser.parse(text, file: "l.yaml")])
        let rows = """
            payment_id,at,terminal_id,amount,fraud
            p1,2025-10-01T08:00:00Z,t1,1,1
            p2,2025-10-01T09:00:00Z,t1,1,0
            p3,2025-10-07T09:00:00Z,t1,1,0
            p4,2025-10-08T12:00:00Z,t1,1,0
            p5,2025-10-10T12:00:00Z,t1,1,0
            """
        let (_, result, report) = try Self.replay(rows, definitions: set, vector: "risk") {
            $0.eventType = "payment"
            $0.label = CSVOptions.Label(column: "fraud", eventType: "fraud")
        }
        #expect(result.map { $0[1] } == ["0", "0", "0", "1", "0"])
        #expect(result.map { $0[2] } == ["0", "0", "0", "0.5", "0"])
        #expect(report.labels == 1 && report.rejectedLabels == 0)
        // The same with the label as a row of its own, which names its payment.
        let typed = """
            type,payment_id,at,label_id,reported_at,terminal_id
            payment,p1,2025-10-01T08:00:00Z,,,t1
            payment,p2,2025-10-01T09:00:00Z,,,t1
            fraud,p1,,l1,2025-10-03T00:00:00Z,
            payment,p4,2025-10-08T12:00:00Z,,,t1
            """
        let own = try Self.replay(typed, definitions: set, vector: "risk") { _ in }
        #expect(own.rows.map { $0[2] } == ["0", "0", "0", "0.5"])
    }
}
