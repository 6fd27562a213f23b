import AssayMessages
import RuleLanguage
import Testing
import Wire

@testable import RiskCore

@Suite struct FeatureFactTests {
    static let catalogue = FactBindingTests.catalogue
    static let features = FeatureFacts(catalogue)

    /// A vector in which all is absent but what is given: value and status byte by feature.
    static func vector(_ given: [String: (Double, UInt8)]) -> AssayFeaturesV1.Vector {
        let names = features.names
        return AssayFeaturesV1.Vector(
            ref: FeatureFacts.vector, asOf: .blank(),
            values: names.map { given[$0]?.0 ?? .nan }, status: names.map { given[$0]?.1 ?? 2 })
    }

    static func sheet(_ given: [String: (Double, UInt8)]) -> FactSheet {
        var sheet = FactSheet(catalogue: catalogue)
        features.fill(&sheet, from: vector(given))
        return sheet
    }

    func fact(_ name: String, _ sheet: FactSheet) throws -> (Constant?, FactStatus) {
        let slot = try #require(Self.catalogue.schema.slot(of: name))
        return (sheet.frame.value(at: slot), sheet.statuses[slot])
    }

    @Test("values become facts of the declared type, exactly")
    func values() throws {
        let sheet = Self.sheet([
            "acct_txn_cnt_1h": (7, 0), "acct_txn_sum_24h": (0x1p53, 0),
            "cust_secs_since_mfa_change": (7_199, 0), "acct_txn_cnt_30d": (72, 0),
            "cust_txn_cnt_ever": (0, 1), "cust_kyc_verified": (1, 0),
            "acct_month_sum_avg_6m": (1_234.5, 0), "acct_age_days": (0x1p60, 0),
        ])
        #expect(try fact("vel.acct_cnt_1h", sheet) == (.int(7), .present))
        #expect(try fact("vel.acct_sum_24h", sheet) == (.int(1 << 53), .present))
        #expect(try fact("acct.hours_since_mfa_change", sheet) == (.int(1), .present))
        #expect(try fact("base.cnt_per_hour", sheet) == (.double(0.1), .present))
        #expect(try fact("agg.cnt_30d", sheet) == (.int(72), .present))
        #expect(try fact("tx.is_first", sheet) == (.bool(true), .empty))
        #expect(try fact("kyc.verified", sheet) == (.bool(true), .present))
        #expect(try fact("agg.avg_month_sum_6m", sheet) == (.int(1_234), .present))
        #expect(try fact("acct.age_days", sheet) == (nil, .error))
    }

    @Test("what never happened has its value; what nobody knows is missing, and why is kept")
    func missing() throws {
        let sheet = Self.sheet([
            "cust_secs_since_pwd_change": (.nan, 1), "card_hours_since_first_seen": (.nan, 1),
            "acct_age_days": (.nan, 1), "dti": (0.4, 3), "acct_fan_in_24h": (0, 4),
            "amt_z_log_cust_30d": (0, 5), "acct_txn_cnt_7d": (.infinity, 0),
        ])
        let never = Constant.int(9_007_199_254_740_991)
        #expect(try fact("acct.hours_since_password_reset", sheet) == (never, .empty))
        #expect(try fact("card.age_hours", sheet) == (.int(0), .empty))
        #expect(try fact("acct.age_days", sheet) == (nil, .absent))
        #expect(try fact("loan.dti", sheet) == (nil, .unavailable))
        #expect(try fact("graph.fan_in_24h", sheet) == (nil, .withheld))
        #expect(try fact("base.amount_z", sheet) == (nil, .error))
        #expect(try fact("vel.acct_cnt_7d", sheet) == (nil, .error))
        #expect(try fact("acct.dormant_days", sheet) == (nil, .absent))
        #expect(try fact("graph.chain_hops_24h", sheet) == (nil, .absent))
    }

    @Test("flagged values are used and listed")
    func flags() {
        let sheet = Self.sheet([
            "acct_txn_cnt_1h": (7, 0x08), "ip_txn_cnt_1h": (3, 0x20), "acct_txn_cnt_24h": (0, 0x41),
            "dti": (0, 0x0A),
        ])
        #expect(sheet.staleFacts == ["vel.acct_cnt_1h", "vel.acct_cnt_24h"])
        let slots = ["vel.acct_cnt_1h", "vel.acct_cnt_24h", "vel.ip_cnt_1h"]
            .compactMap { Self.catalogue.schema.slot(of: $0) }
        #expect(slots.map(sheet.isStale) == [true, true, false])
    }

    @Test("a vector of another length is an error as a whole")
    func length() throws {
        var sheet = FactSheet(catalogue: Self.catalogue)
        var vector = Self.vector(["acct_txn_cnt_1h": (7, 0)])
        vector.values.removeLast()
        Self.features.fill(&sheet, from: vector)
        #expect(try fact("vel.acct_cnt_1h", sheet) == (nil, .error))
    }

    @Test("a fact is a feature, a quotient of it, or its comparison with a number")
    func expressions() {
        #expect(FeatureExpression("a")?.operation == .value)
        #expect(FeatureExpression("a / 3600")?.operation == .dividedBy(3_600))
        #expect(FeatureExpression("a == 0")?.operation == .equals(0))
        for wrong in ["", "a / 0", "a * 2", "a / b", "a b", "a / inf"] {
            #expect(FeatureExpression(wrong) == nil, "\(wrong)")
        }
    }
}

@Suite struct StaleFactTests {
    @Test("a rule may ask that stale facts count as missing; others use them")
    func missing() throws {
        var sources = try RuleSources(directory: Repository.rules)
        let velocity = try #require(sources.packs.firstIndex { $0.text.contains("VEL-001") })
        sources.packs[velocity].text.replace(
            "name: high_velocity\n", with: "name: high_velocity\n    stale: missing\n",
            maxReplacements: 1)
        var loader = RuleSetLoader(sources)
        let strict = try loader.load()
        let sheet = FeatureFactTests.sheet([
            "acct_txn_cnt_1h": (9, 0x08), "acct_txn_cnt_30d": (5_040, 0),
        ])
        func verdict(_ rules: RuleSet) -> RuleVerdict? {
            var evaluator = Evaluator()
            let run = rules.run(
                over: sheet, industry: "default", at: 0, expects: { _ in true },
                evaluator: &evaluator)
            return run.entries.first { rules.rules[$0.rule].id == "VEL-001" }?.verdict
        }
        #expect(verdict(strict) == .notEvaluated)
        #expect(verdict(try Repository.shippedRules()) == .hit)
    }
}
