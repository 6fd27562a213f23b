import FeatureCore
import FeatureEngine
import Testing

@Suite struct DefinitionLanguageTests {
    func compile(_ text: String = LanguageExample.base) throws -> DefinitionSet {
        try DefinitionSources(["payments.yaml": text]).compile()
    }

    func problems(replacing old: String, with new: String) throws -> [String] {
        #expect(LanguageExample.base.contains(old), "\(old)")
        do {
            _ = try compile(LanguageExample.base.replacing(old, with: new))
            return []
        } catch let error as DefinitionError {
            return error.problems.map(\.description)
        }
    }

    func entity(_ name: String, of set: DefinitionSet) throws -> EntityDefinition {
        set.entities[try #require(set.entity(named: name))]
    }

    func event(_ name: String, of set: DefinitionSet) throws -> EventDefinition {
        set.events[try #require(set.event(named: name))]
    }

    @Test("every section compiles, and gives the features that the design names")
    func features() throws {
        let set = try compile()
        #expect(
            try entity("card", of: set).features.map(\.name) == [
                "card_burst_1m", "card_days_since_last_payment", "card_declined_cnt_1h",
                "card_declined_cnt_24h", "card_declined_cnt_7d", "card_secs_since_last_payment",
                "card_txn_avg_30d", "card_txn_avg_7d", "card_txn_cnt_1h", "card_txn_cnt_1m",
                "card_txn_cnt_24h", "card_txn_cnt_30d", "card_txn_cnt_7d", "card_txn_sum_24h",
                "card_xborder_cnt_24h",
            ])
        #expect(
            try entity("card", of: set).counts.map(\.name) == [
                "card_amounts_90d", "card_hours_90d",
            ])
        #expect(
            try entity("customer", of: set).features.map(\.name) == [
                "cust_days_since_first_seen_merch", "cust_distinct_merch_1h",
                "cust_distinct_merch_24h", "cust_distinct_merch_7d", "cust_first_seen_merch_1h",
                "cust_first_seen_merch_24h", "cust_first_seen_merch_7d", "cust_is_new_merch",
                "cust_secs_since_first_seen_merch", "cust_secs_since_last_seen_merch",
                "n_prior_txn_cust_merch",
            ])
        #expect(
            try entity("terminal", of: set).features.map(\.name) == [
                "term_fraud_rate_1d_lag7d", "term_fraud_rate_30d_lag7d",
                "term_fraud_rate_7d_lag7d",
            ])
        #expect(try entity("terminal", of: set).isRelaxed)
        #expect(
            set.vectors[0].columns.map(\.name) == [
                "amount", "velocity_1h", "average", "is_new_merch", "term_fraud_rate_7d_lag7d",
                "card_secs_since_last_payment",
            ])
        #expect(set.vectors[0].columns.map(\.divisor) == [100, 1, 100, 1, 1, 1])
        #expect(set.vectors[0].columns[2].defaultValue == 0)
    }

    @Test("features of the same events share a counter, and a count that of a required value")
    func sharedMeasures() throws {
        let card = try entity("card", of: compile()).group
        // txn_cnt, txn_sum, txn_avg and burst; declined; foreign; by hour; by magnitude.
        #expect(card.measures.count == 5)
        #expect(
            card.tiers.map(\.span)
                == [60, 3_600, 86_400, 604_800, 2_592_000, 7_776_000].map { $0 * 1_000 })
        #expect(card.measures.filter { $0.classes != nil }.map(\.classes) == [.magnitude, .code])
        let terminal = try entity("terminal", of: compile()).group
        #expect(terminal.tiers == [.lagged(reach: 37 * 86_400_000)])
        #expect(terminal.measures.count == 2)
    }

    @Test("an event has the fields that come by themselves, and those of what it refers to")
    func fields() throws {
        let set = try compile()
        let payment = try event("payment", of: set)
        #expect(
            payment.fields.map(\.name) == [
                "account_id", "amount", "amount_currency", "amount_original", "card_country",
                "card_id", "country", "customer_id", "hour", "industry", "location", "mcc",
                "merchant_id", "occurred_at", "payee_account_id", "payment_id", "terminal_id",
            ])
        #expect(payment.position(ofField: "time") == payment.position(ofField: "occurred_at"))
        #expect(payment.filters.map(\.canonical) == ["country!=card_country"])
        let outcome = try event("payment_outcome", of: set)
        #expect(outcome.touches.count == payment.touches.count)
        #expect(outcome.references[0].copies.count == payment.fields.count)
        for copy in outcome.references[0].copies {
            #expect(outcome.fields[copy.to].name == "payment.\(payment.fields[copy.from].name)")
        }
        #expect(outcome.fields.first { $0.name == "outcome" }?.type == .category)
        let profile = try event("customer_profile", of: set)
        #expect(profile.kind == .snapshot && profile.touches.count == 1)
        let customer = try entity("customer", of: set)
        #expect(customer.registers.map(\.name) == ["customer_profile"])
        #expect(
            customer.registers[0].fields.map(\.name) == [
                "business_type", "created_at", "kyc_verified",
            ])
        #expect(customer.tables.map(\.name).sorted() == ["documents", "merchants"])
    }

    @Test("what is wrong is said with its place, and all of it at once")
    func mistakes() throws {
        func first(_ old: String, _ new: String) throws -> String {
            try problems(replacing: old, with: new).first ?? "nothing"
        }
        #expect(
            try first("from: payment as destination", "from: payment").contains(
                "event type \"payment\" names account as origin or as destination"))
        let place = LanguageExample.base.split(separator: "\n", omittingEmptySubsequences: false)
        let line = try #require(place.firstIndex { $0.contains("from: payment as destination") })
        #expect(
            try first("from: payment as destination", "from: payment").hasPrefix(
                "payments.yaml:\(line + 1):29: "))
        #expect(
            try first("value: merchant_id", "value: merchant_ix").contains(
                "has no field \"merchant_ix\"; did you mean \"merchant_id\"?"))
        #expect(
            try first("sum: amount, windows: [24h]}", "sum: location, windows: [24h]}").contains(
                "this must be a field of a whole number or of money; \"location\" is place"))
        #expect(
            try first("count_by: hour", "count_by: country").contains(
                "of a category, an int or a bool; \"country\" is string"))
        #expect(try first("lag: 7d}", "lag: 100m}").contains("multiples of 3h"))
        #expect(
            try first("windows: [1h, 24h, 7d], remember: 400d", "windows: [1h], remember: 30m")
                .contains("longer than values are remembered"))
        #expect(
            try first("key: [customer_id, mcc]", "key: [customer_id, mcc, country]").contains(
                "has 3 parts, found 2"))
        #expect(
            try first(
                "refers_to: {payment: payment_id}, fields",
                "refers_to: {paymnt: payment_id}, fields"
            )
            .contains("no event type \"paymnt\"; did you mean \"payment\"?"))
        #expect(try first("outcome: outcome}", "outcome: outcom}").contains("unknown type"))
        #expect(
            try problems(replacing: "subject: self,  ", with: "subject: nobody,").contains {
                $0.contains("no entity \"nobody\"")
            })
        #expect(try first("USD: 0.9215", "EUR: 1.0").contains("base currency"))
        #expect(try first("USD: 0.9215", "USD: -1").contains("positive decimal"))
        #expect(try first("sketch: 1024", "sketch: 300").contains("256 or 1024"))
        #expect(try first("{as: major}", "{as: mayor}").contains("\"as\" must be minor or major"))
        #expect(try first("rows: 32", "rows: 100000").contains("must be 1 to 256"))
        let several = try problems(
            replacing: "windows: [24h]}\n    txn_avg:      {from: payment",
            with: "windows: [24h, 24h]}\n    txn_avg:      {from: paymnt")
        #expect(several.count == 2)
    }

    @Test("a feature without a description, a class or a purpose is refused")
    func documentation() throws {
        let found = try problems(
            replacing:
                "description: An example of everything.\nsensitivity: low\npurposes: [fraud, aml]\n",
            with: "")
        #expect(
            found.contains {
                $0.contains("\"txn_cnt\" has no description, no sensitivity, no purposes")
            })
        #expect(
            try problems(
                replacing: "sensitivity: low\npurposes: [fraud, aml]",
                with: "sensitivity: restricted\npurposes: [credit]"
            ).first?.contains("needs an \"approver\"") == true)
    }

    @Test("aliases, deep nesting and files that are too large are refused before they cost much")
    func sizes() throws {
        func problem(_ text: String) -> String {
            do {
                _ = try DefinitionParser.parse(text, file: "x.yaml")
                return "nothing"
            } catch { return error.problems[0].description }
        }
        #expect(problem("a: &a [1]\nb: [*a, *a]").hasPrefix("x.yaml:1:4: & starts an anchor"))
        #expect(problem("a: *b").contains("* starts an alias"))
        let deep = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        #expect(problem("a: \(deep)").contains("nested at most 16 deep"))
        #expect(problem(String(repeating: "a", count: 5 << 20)).contains("at most 4 MiB"))
        #expect(problem("{}").contains("\"format\" is missing"))
    }

    @Test(
        "a list comes from a file beside the definitions, and its entries change only its own hash")
    func lists() throws {
        let text = LanguageExample.base.replacing("[IR, KP]", with: "lists/risk.txt")
        func compile(_ list: String) throws -> DefinitionSet {
            try DefinitionSources(["payments.yaml": text, "lists/risk.txt": list]).compile()
        }
        let one = try compile("IR # comment\n\nKP\n")
        let same = try compile("KP\r\nIR")
        let other = try compile("KP")
        #expect(one.reference.lists["high_risk_countries"]?.contains("IR") == true)
        #expect(one.reference.lists["high_risk_countries"]?.count == 2)
        #expect(one.hash == same.hash && one.hash != other.hash)
        #expect(one.generation == other.generation)
        #expect(throws: DefinitionError.self) {
            try DefinitionSources(["payments.yaml": text]).compile()
        }
    }
}
