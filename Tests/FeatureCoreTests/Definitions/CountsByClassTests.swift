import FeatureCore
import FeatureEngine
import Testing

@Suite struct CountsByClassTests {
    private static func sections(_ counts: String) -> String {
        """
        enums: {kind: [other, web, shop]}
        entities: {card: {short: card, key: card_id}}
        events:
          payment: {id: id, time: time, max_late: 30d, entities: {card: card_id}, fields: {kind: kind}}
          label: {class: label, refers_to: {payment: payment_id}}
        aggregates: {card: {kinds: {\(counts)}}}

        """
    }

    @Test("a lag keeps the newest classes out")
    func lag() throws {
        let set = try SmallDefinitions.compile(
            Self.sections("from: payment, count_by: kind, windows: [1d], lag: 7d") + """
                derived: {web: {type: double, default: -1, expr: 'share(card_kinds_1d_lag7d, 1)'}}
                vectors: {v@1: {purpose: fraud, features: [web]}}
                """)
        let (_, rows, _) = try CSVReplayTests.replay(
            """
            id,time,card_id,kind
            1,2025-10-01T12:00:00Z,c1,web
            2,2025-10-07T12:00:00Z,c1,shop
            3,2025-10-08T18:00:00Z,c1,shop
            4,2025-10-09T18:00:00Z,c1,shop
            """, definitions: set, vector: "v")
        #expect(rows.map { $0[1] } == ["-1", "-1", "1", "-1"])
    }

    @Test("labels counted by class where they cannot be known yet are a leak")
    func leak() throws {
        func refusals(_ counts: String) throws -> [String] {
            DefinitionPlan(from: nil, to: try SmallDefinitions.compile(Self.sections(counts)))
                .refusals.map(\.subject)
        }
        let counts = "from: label, count_by: payment.kind, at: payment.time, windows: [30d]"
        #expect(try refusals(counts) == ["feature card_kinds_30d"])
        #expect(try refusals(counts + ", lag: 7d").isEmpty)
    }

    @Test("counts by class have neither the event at hand nor a default")
    func refused() {
        let counts = "from: payment, count_by: kind, windows: [1d]"
        #expect(
            SmallDefinitions.problems(Self.sections(counts + ", self: include"))
                == ["counts by class never contain the event at hand"])
        #expect(
            SmallDefinitions.problems(Self.sections(counts + ", default: missing"))
                == ["counts by class have no default; what reads them has"])
    }
}
