import FeatureEngine
import RuleLanguage
import Testing

@Suite struct DerivedFeatureTests {
    static let start: Int64 = 1_760_000_000_000

    /// A card with three payments, a customer with a profile and three documents.
    static func bench() -> DerivedBench {
        var bench = DerivedBench()
        bench.apply(DerivedWorld.profile(at: start, business: "gambling", limit: 50_000))
        bench.apply(DerivedWorld.document("id", at: start, status: 1, expires: start + 1_000))
        bench.apply(DerivedWorld.document("tax", at: start + 1, status: 0, expires: start + 9_000))
        bench.apply(DerivedWorld.payment(at: start + 1_000, amount: 1_000, payee: "alice"))
        bench.apply(DerivedWorld.payment(at: start + 2_000, amount: 3_000, payee: "carol"))
        bench.apply(
            DerivedWorld.payment(at: start + 3_000, amount: 5_000, channel: 2, payee: "alice"))
        return bench
    }

    static func payment(_ amount: Int64? = 6_000, payee: String? = "alice") -> EventInput {
        DerivedWorld.payment(at: start + 10_000, amount: amount, payee: payee)
    }

    @Test(
        "an expression reads the event, features, registers, tables, lists and counts",
        arguments: [
            ("ratio(tx.amount, card_avg_24h)", 2), ("card_cnt_1h * 24", 72),
            ("card_sum_24h - tx.amount", 3_000), ("seconds_since(last_payment.time)", 7),
            ("last_payment.amount", 5_000),
            ("payees[tx.payee_id].amount_sum", 6_000), ("payees[tx.payee_id].last_amount", 5_000),
            ("size(documents.filter(d, d.status == \"verified\"))", 1),
            ("size(documents.filter(d, d.expires_at < t))", 2),
            ("size(payments.filter(p, p.amount > P.large))", 0),
            ("size(payments.filter(p, p.payee_id == tx.payee_id))", 2),
            ("newest(payments, 1)[0].amount", 5_000), ("payments[0].amount", 1_000),
            ("share(channels, code(tx.channel))", 2.0 / 3),
            ("smoothed_share(channels, code(tx.channel))", 3.0 / 6),
            ("share(channel_counts, 2)", 1.0 / 3), ("size(channel_counts)", 2),
            ("tx.payee_id in L.payees", 1), ("P.risk[profile.business]", 1),
            ("profile.business == \"gambling\"", 1), ("last_payment.payee_id == tx.payee_id", 1),
            ("last_payment.payee_id in L.payees", 1), ("card_is_new_payee", 0),
            ("payment.kind == \"\"", FeatureValue.missing), ("card_max_24h > 4000", 1),
        ] as [(String, Double)])
    func readsEverything(_ text: String, _ expected: Double) throws {
        let bench = Self.bench()
        var found: FeatureValue?
        for type in [ValueType.double, .bool, .int] where found == nil {
            found = try? bench.value(type, text, Self.payment())
        }
        if found == nil {
            var builder = DerivedWorld.builder()
            builder.add(DerivedBench.derived("f", .int, text, unit: .money))
            _ = builder.build()
            Issue.record("\(text): \(builder.problems)")
        }
        #expect(
            found?.number.bitPattern == expected.bitPattern, "\(text): \(String(describing: found))"
        )
    }

    @Test("what a fact is missing makes the value absent, what is empty makes it empty")
    func statuses() throws {
        let bench = Self.bench()
        let ratio = "ratio(tx.amount, card_avg_24h)"
        let absent = try bench.value(.double, ratio, Self.payment(nil))
        #expect(absent == FeatureValue(FeatureValue.missing, Status(.absent)))
        let noCard = try bench.value(.double, ratio, Self.payment(), entities: [1])
        #expect(noCard == FeatureValue(FeatureValue.missing, Status(.absent)))
        let newCard = try DerivedBench().value(.double, ratio, Self.payment())
        #expect(newCard == FeatureValue(FeatureValue.missing, Status(.empty)))
        let zero = try DerivedBench().value(.double, "double(card_cnt_1h + 1)", Self.payment())
        #expect(zero == FeatureValue(1, Status(.empty)))
        let noProfile = try DerivedBench().value(
            .double, "P.risk[profile.business]", Self.payment())
        #expect(noProfile == FeatureValue(FeatureValue.missing, Status(.absent)))
        let unknownPayee = try bench.value(
            .double, "double(payees[tx.payee_id].amount_sum)", Self.payment(payee: "dora"))
        #expect(unknownPayee == FeatureValue(FeatureValue.missing, Status(.empty)))
    }

    @Test("an error is told only where everything was there")
    func errors() throws {
        let bench = Self.bench()
        let zero = try bench.value(.double, "ratio(card_cnt_1h, tx.amount)", Self.payment(0))
        #expect(zero == FeatureValue(FeatureValue.missing, Status(.error)))
        let negative = try bench.value(.double, "ln(tx.amount)", Self.payment(-5))
        #expect(negative.status == Status(.error))
        let infinite = try bench.value(
            .double, "double(tx.amount) * 1e308 * 10.0", Self.payment())
        #expect(infinite == FeatureValue(FeatureValue.missing, Status(.error)))
        let overflow = try bench.value(
            .int, "int(tx.amount) * 9223372036854775807", Self.payment())
        #expect(overflow.status == Status(.error))
    }

    @Test("where its condition is false a value is empty, not an error")
    func conditions() throws {
        let bench = Self.bench()
        func value(
            _ text: String, when condition: String, _ input: EventInput = Self.payment(),
            entities: Set<Int> = [0, 1]
        ) throws -> FeatureValue {
            var builder = DerivedWorld.builder()
            builder.add(DerivedBench.derived("f", .double, text, when: condition, defaultValue: 7))
            let set = builder.build()
            try #require(builder.problems.isEmpty, "\(builder.problems)")
            let plan = VectorPlan(
                [[VectorColumn(name: "f", feature: try #require(set.feature(named: "f")))]],
                of: set, groups: DerivedWorld.groups, touches: DerivedWorld.touches)
            let vector = bench.read(plan, input, entities: entities)
            var status = Status(.present)
            status.byte = vector.status[0]
            return FeatureValue(vector.values[0], status)
        }
        let ratio = "ratio(tx.amount, card_cnt_1h)"
        let byZero = "ratio(tx.amount, tx.amount - tx.amount)"
        let empty = FeatureValue(7, Status(.empty))
        let error = FeatureValue(7, Status(.error))
        let present = try value(ratio, when: "card_cnt_1h > 2")
        #expect(present == FeatureValue(2_000, Status(.present)))
        let nothing = try value(ratio, when: "card_cnt_1h > 3")
        #expect(nothing == empty)
        // It is not computed: what would be an error is none.
        let untried = try value(byZero, when: "card_cnt_1h > 3")
        #expect(untried == empty)
        let tried = try value(byZero, when: "card_cnt_1h > 2")
        #expect(tried == error)
        // What the condition reads is an input like any other.
        let absent = try value(ratio, when: "profile.limit > 100", entities: [0])
        #expect(absent == FeatureValue(7, Status(.absent)))
        let asked = try value(
            ratio, when: "has(profile.limit) && profile.limit > 100", entities: [0])
        #expect(asked == empty)
        let undecided = try value("1.0", when: "\(byZero) > 1.0")
        #expect(undecided == error)
        let late = DerivedWorld.payment(at: Self.start + 31 * DerivedWorld.day)
        let stale = try value("1.0", when: "profile.limit > 90000", late)
        #expect(stale == FeatureValue(7, Status(.empty, .stale)))
    }

    @Test("a value that does not depend on what is absent is present")
    func guarded() throws {
        let bench = Self.bench()
        let known = try bench.value(
            .bool, "tx.amount > 0 || profile.limit > 0", Self.payment(), entities: [0])
        #expect(known == FeatureValue(1, Status(.present)))
        let guarded = try bench.value(
            .bool, "has(tx.place) && km(tx.place, last_payment.place) > 1.0", Self.payment())
        #expect(guarded == FeatureValue(0, Status(.present)))
        let hour = try bench.value(.int, "local_hour(tx.time)", Self.payment())
        #expect(hour.status == Status(.present))
    }

    @Test("what the store cannot give is not guessed around")
    func unavailable() throws {
        let plan = try DerivedBench.plan(
            [(.bool, "tx.amount > 0 || profile.limit > 0"), (.bool, "tx.amount > 0")])
        let bench = Self.bench()
        let vector = plan.read { reading in
            reading.begin(Self.payment())
            reading.read(bench.card, touches: 1)
            reading.mark(touches: 2, .unavailable)
            return reading.finish()[0]
        }
        #expect(vector.status == [Status(.unavailable).byte, Status(.present).byte])
        #expect(vector.values[0].isNaN)
        #expect(vector.isDegraded)
    }

    @Test("flags of what is read go on to what is computed")
    func flags() throws {
        let bench = Self.bench()
        let eventual = try bench.value(
            .double, "double(card_cnt_1h)", Self.payment(), flags: .eventual)
        #expect(eventual == FeatureValue(3, Status(.present, .eventual)))
        let late = DerivedWorld.payment(at: Self.start + 31 * DerivedWorld.day)
        let stale = try bench.value(.double, "P.risk[profile.business]", late)
        #expect(stale == FeatureValue(1, Status(.present, .stale)))
    }

    @Test("the sum of a row is incomplete if the table was full when it came")
    func givenUp() throws {
        var bench = Self.bench()
        let sum = "double(newest(payees, 1)[0].amount_sum)"
        func pay(_ payee: String, _ seconds: Int64) {
            bench.apply(
                DerivedWorld.payment(
                    at: Self.start + seconds * 1_000, amount: 1_000, payee: payee))
        }
        for index in 0..<6 { pay("payee\(index)", 10 + Int64(index)) }
        // Full, but nothing was given up so far.
        #expect(try bench.value(.double, sum, Self.payment()).status == Status(.present))
        pay("another", 20)
        let came = try bench.value(.double, sum, Self.payment())
        #expect(came == FeatureValue(1_000, Status(.present, .incomplete)))
        // The first of them had paid before and is given up by now.
        pay("carol", 21)
        let back = try bench.value(.double, sum, Self.payment())
        #expect(back == FeatureValue(1_000, Status(.present, .incomplete)))
        // One that was there all along is whole.
        pay("payee5", 22)
        let whole = try bench.value(.double, sum, Self.payment())
        #expect(whole == FeatureValue(2_000, Status(.present)))
    }

    @Test("a full list is incomplete where all its rows count, not where the newest do")
    func bounds() throws {
        var bench = Self.bench()
        bench.apply(DerivedWorld.payment(at: Self.start + 4_000, amount: 7_000))
        let all = try bench.value(.int, "size(payments)", Self.payment())
        #expect(all == FeatureValue(4, Status(.present, .incomplete)))
        let newest = try bench.value(
            .int, "size(newest(payments, 2).filter(p, p.amount > 0))", Self.payment())
        #expect(newest == FeatureValue(2, Status(.present)))
        let older = try bench.value(.int, "size(newest(payments, 9))", Self.payment())
        #expect(older == FeatureValue(4, Status(.present, .incomplete)))
    }

    @Test("derived features read each other, whatever their order")
    func chains() throws {
        var builder = DerivedWorld.builder()
        builder.add(DerivedBench.derived("third", .int, "second + 1"))
        builder.add(DerivedBench.derived("second", .int, "first * 2"))
        builder.add(DerivedBench.derived("first", .int, "card_cnt_1h + 1"))
        let set = builder.build()
        #expect(builder.problems.isEmpty)
        let plan = VectorPlan(
            [[VectorColumn(name: "x", feature: set.feature(named: "third") ?? -1)]], of: set,
            groups: DerivedWorld.groups, touches: DerivedWorld.touches)
        #expect(Self.bench().read(plan, Self.payment()).values == [9])
        #expect(plan.entities == [EntityRole(DerivedWorld.card)])
        let features = ["first", "second", "third"].compactMap { set.feature(named: $0) }
        #expect(features.allSatisfy { set.entities(of: $0) == [EntityRole(DerivedWorld.card)] })
    }

    @Test("the time of reading is the latest clock of the states an expression reads")
    func readTime() throws {
        let bench = Self.bench()
        let early = DerivedWorld.payment(at: Self.start + 500)
        let plan = try DerivedBench.plan([
            (.int, "seconds_since(last_payment.time)"), (.int, "days_between(tx.time, t)"),
            (.int, "size(documents.filter(d, d.expires_at < t))"),
        ])
        let vector = bench.read(plan, early)
        // The card's clock stands at 3,000 ms, and so does the customer's.
        #expect(vector.values == [0, 0, 1])
        #expect(vector.time == Self.start + 3_000)
    }

    @Test("a vector scales money, publishes codes and overrides defaults")
    func columns() throws {
        var builder = DerivedWorld.builder()
        builder.add(DerivedBench.derived("amount", .int, "tx.amount", unit: .money))
        builder.add(DerivedBench.derived("channel", .int, "tx.channel"))
        builder.add(DerivedBench.derived("limit", .int, "profile.limit", unit: .money))
        let set = builder.build()
        #expect(builder.problems.isEmpty, "\(builder.problems)")
        func column(_ name: String, _ divisor: Double = 1, _ defaultValue: Double? = nil)
            -> VectorColumn
        {
            VectorColumn(
                name: name, feature: set.feature(named: name) ?? -1, divisor: divisor,
                defaultValue: defaultValue)
        }
        let plan = VectorPlan(
            [
                [
                    column("amount", 100), column("channel"), column("limit", 100, 7),
                    column("card_avg_24h", 1, -1), column("card_is_new_payee", 1, 0),
                ],
                [column("limit"), column("card_cnt_24h")],
            ], of: set, groups: DerivedWorld.groups, touches: DerivedWorld.touches)
        let vectors = plan.read { reading in
            reading.begin(Self.payment(6_050))
            reading.read(DerivedBench().card, touches: 1)
            return reading.finish()
        }
        #expect(vectors[0].values == [60.5, 1, 7, -1, 1])
        #expect(vectors[1].values[0].isNaN)
        #expect(vectors[1].values[1] == 0)
        #expect(vectors[0].status == [0, 0, 2, 1, 1])
    }

    @Test("a feature with the event itself is read after it is applied")
    func includesSelf() throws {
        let plan = try DerivedBench.plan(
            [(.int, "card_cnt_with_self - card_cnt_24h")], and: ["card_cnt_with_self"])
        var bench = Self.bench()
        #expect(plan.readsAfterApply)
        let input = Self.payment()
        let vector = plan.read { reading in
            reading.begin(input)
            reading.read(bench.card, touches: 1)
            bench.apply(input)
            reading.readAfterApply(bench.card, touches: 1)
            return reading.finish()[0]
        }
        #expect(vector.values == [1, 4])
    }

    @Test("a state that is read again replaces what was read before")
    func readAgain() throws {
        let plan = try DerivedBench.plan([
            (.int, "size(documents)"), (.int, "payees[tx.payee_id].amount_sum > 0 ? 1 : 0"),
        ])
        let bench = Self.bench()
        let vector = plan.read { reading in
            reading.begin(Self.payment())
            reading.read(DerivedBench().customer, touches: 2)
            reading.read(bench.customer, touches: 2)
            return reading.finish()[0]
        }
        #expect(vector.values == [2, 1])
    }

    @Test("memory that is lent again holds nothing of the read before")
    func memory() throws {
        let plan = try DerivedBench.plan([
            (.int, "size(documents)"), (.bool, "tx.payee_id == \"alice\""),
            (.double, "P.risk[profile.business]"),
        ])
        let bench = Self.bench()
        let full = bench.read(plan, Self.payment())
        #expect(full.status == [0, 0, 0])
        let empty = bench.read(plan, Self.payment(payee: nil), entities: [])
        #expect(empty.status == [2, 2, 2])
        #expect(empty.values.allSatisfy { $0.isNaN })
        let again = bench.read(plan, Self.payment())
        #expect(again.values == full.values)
    }

    @Test("without an event the fields that are given count")
    func withoutEvent() throws {
        let plan = try DerivedBench.plan([
            (.bool, "tx.amount > P.large"), (.bool, "tx.payee_id == \"bob\""),
            (.int, "local_hour(tx.time)"),
        ])
        let vector = plan.read { reading in
            reading.begin(at: 3_600_000, fields: ["tx.amount": .int(20_000)])
            return reading.finish()[0]
        }
        #expect(vector.values[0] == 1)
        #expect(vector.status == [0, 2, 0])
        #expect(vector.values[2] == 1)
    }

    @Test("a feature of a role reads the entity in that role, others the first")
    func roles() throws {
        var builder = DerivedWorld.builder()
        builder.add(DerivedBench.derived("payee_cnt", .int, "card_cnt_1h + 100", role: "payee"))
        builder.add(DerivedBench.derived("both", .int, "payee_cnt - card_cnt_1h"))
        builder.add(
            DerivedBench.derived("last", .int, "last_payment.amount", unit: .money, role: "payee"))
        let set = builder.build()
        #expect(builder.problems.isEmpty, "\(builder.problems)")
        let names = ["card_cnt_1h", "payee_cnt", "both", "last"]
        let plan = VectorPlan(
            [names.map { VectorColumn(name: $0, feature: set.feature(named: $0) ?? -1) }], of: set,
            groups: DerivedWorld.groups, touches: DerivedWorld.touches)
        var other = DerivedBench()
        other.apply(DerivedWorld.payment(at: Self.start, amount: 77))
        let vector = plan.read { reading in
            reading.begin(Self.payment())
            reading.read(Self.bench().card, touches: 0b001)
            reading.read(other.card, touches: 0b100)
            return reading.finish()[0]
        }
        #expect(vector.values == [3, 101, 98, 77])
        // One key in both roles is one state.
        let same = plan.read { reading in
            reading.begin(Self.payment())
            reading.read(Self.bench().card, touches: 0b101)
            return reading.finish()[0]
        }
        #expect(same.values == [3, 103, 100, 5_000])
        // Where no first one is named, the next is.
        let next = plan.read { reading in
            reading.begin(Self.payment())
            reading.read(other.card, touches: 0b100)
            return reading.finish()[0]
        }
        #expect(next.values == [1, 101, 100, 77])
        let without = plan.read { reading in
            reading.begin(at: Self.start)
            reading.read(other.card, as: EntityRole(DerivedWorld.card, role: "payee"))
            return reading.finish()[0]
        }
        #expect(without.status.map { $0 & 7 } == [2, 0, 2, 0])
    }

    @Test("a histogram ranks a number among those of its magnitude")
    func histogram() throws {
        var bench = Self.bench()
        for amount in [10, 20, 6_000, 6_000] as [Int64] {
            bench.apply(DerivedWorld.payment(at: Self.start + 9_000, amount: amount))
        }
        // 10, 20, 1,000 and 3,000 are below; 5,000 and 6,000 are of one magnitude and count half.
        let rank = try bench.value(.double, "rank(tx.amount, amounts)", Self.payment(6_010))
        #expect(rank == FeatureValue(5.5 / 7, Status(.present)))
    }
}
