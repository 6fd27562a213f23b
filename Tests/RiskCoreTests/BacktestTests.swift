import AssayMessages
import RuleLanguage
import Testing
import Wire

@testable import RiskCore

@Suite struct BacktestTests {
    private static let lower = BacktestFixture.lowerHourlyLimit

    private func backtest(
        live: RuleSet? = nil, candidate: RuleSet, examples: Int = 10
    ) throws -> Backtest {
        Backtest(
            live: try BacktestFixture.side(live ?? BacktestFixture.rules()),
            candidate: try BacktestFixture.side(candidate), examples: examples)
    }

    private func run(
        _ backtest: Backtest, _ events: [BacktestEvent], threads: Int = 1
    ) throws -> Backtest.Result {
        try backtest.run(over: EventList(events), threads: threads) { _, _ in true }
    }

    @Test("a lower limit shows which rule changed, what it gains, and for whom")
    func changedParameter() throws {
        let live = try BacktestFixture.rules()
        let candidate = try BacktestFixture.rules(Self.lower)
        let events = (0..<10).map {
            BacktestFixture.event(
                $0, ["vel.acct_cnt_1h": .int(Int64($0)), "tx.amount": .int(1_000)], rules: live)
        }
        let report = try run(try backtest(live: live, candidate: candidate), events).report
        #expect(report.decisions == 10 && report.leftOut == 0 && report.drifted == 0)
        let changes = report.rules.filter { $0.change != "same" }
        #expect(changes.map(\.rule) == ["VEL-001"] && changes.map(\.change) == ["changed"])
        let rule = try #require(changes.first)
        #expect(rule.hitsBefore == 4 && rule.hitsAfter == 6)
        #expect(rule.amountAfter == 6_000 && rule.subjects == 6)
        // Ten minutes apart: not yet a day, so it counts as one.
        #expect(rule.dailyBefore == 4_000 && rule.dailyAfter == 6_000)
        let gained = report.cells.flatMap(\.examples).filter { $0.gained == ["VEL-001"] }
        #expect(Set(gained.map(\.transactionID)) == ["t-4", "t-5"])
        #expect(gained.allSatisfy { $0.lost.isEmpty && $0.scoreAfter > $0.scoreBefore })
    }

    @Test("rules that are alike run once, and each side decides as if it ran alone")
    func sides() throws {
        let live = try BacktestFixture.rules()
        let candidate = try BacktestFixture.rules(
            Self.lower + [
                ("packs/velocity.yaml", "id: VEL-004", "id: VEL-099"),
                ("packs/network.yaml", "score: 15", "score: 45"),
            ])
        let plan = BacktestPlan(
            live: try BacktestFixture.side(live), candidate: try BacktestFixture.side(candidate))
        let changes = Dictionary(grouping: zip(plan.ids, plan.changes), by: \.1.rawValue)
        #expect(changes["removed"]?.map(\.0) == ["VEL-004"])
        #expect(changes["added"]?.map(\.0) == ["VEL-099"])
        #expect(changes["changed"]?.map(\.0).contains("VEL-001") == true)
        var judge = BacktestJudge(plan)
        var evaluator = Evaluator()
        for event in BacktestFixture.random(400, seed: 7, rules: live) {
            let (before, after) = judge.judge(event)
            for (side, verdict) in [(plan.live, before), (plan.candidate, after)] {
                var alone = event.live
                alone.run = side.rules.run(
                    over: alone.sheet, industry: alone.industry, at: event.second,
                    expects: { event.expected.contains($0) }, evaluator: &evaluator)
                let weighed = OutcomeBuilder(rules: side.rules, policy: side.policy).weigh(alone)
                #expect(weighed.decision.status == verdict.status)
                #expect(weighed.decision.score == verdict.score)
                #expect(weighed.firing.map(\.rule) == verdict.firing)
                #expect(alone.run.noHits == verdict.run.noHits)
            }
        }
    }

    @Test("the same events give the same bytes on any number of threads")
    func deterministic() throws {
        let live = try BacktestFixture.rules()
        let backtest = try backtest(live: live, candidate: BacktestFixture.rules(Self.lower))
        let events = BacktestFixture.random(600, seed: 11, rules: live)
        let first = try run(backtest, events).report
        #expect(first.leftOut == 14 && first.leftOutReasons["for the test"] == 14)
        #expect(first.cells.map(\.count).reduce(0, +) == first.decisions)
        #expect(first.cells.allSatisfy { $0.examples.count <= 10 })
        for threads in [2, 5] {
            #expect(try run(backtest, events, threads: threads).report.encoded() == first.encoded())
        }
        let mixed = try run(backtest, events.reversed().map { $0 }).report
        #expect(mixed.violations().isEmpty)
    }

    @Test("what the replay decides otherwise than the record is counted as drift")
    func drift() throws {
        let live = try BacktestFixture.rules()
        let backtest = try backtest(live: live, candidate: live)
        var judge = BacktestJudge(backtest.plan)
        let events = BacktestFixture.random(100, seed: 3, rules: live).enumerated().map {
            index, event in
            var event = event
            let before = judge.judge(event).before
            event.recorded = BacktestEvent.Recorded(
                status: before.status, score: before.score + (index < 12 ? 1 : 0),
                rules: before.firing.map { live.rules[$0] }.filter { $0.outcome != .alert }
                    .map(\.id))
            return event
        }
        let report = try run(backtest, events).report
        #expect(report.drifted == 12 && report.changed == 0)
    }

    @Test("facts that were not recorded then are named, with the rules that wanted them")
    func unrecorded() throws {
        let live = try BacktestFixture.rules()
        var event = BacktestFixture.event(1, ["tx.amount": .int(100)], rules: live)
        event.unrecorded = ["vel.acct_cnt_1h"]
        event.expected = ExpectedFacts([])
        let report = try run(try backtest(live: live, candidate: live), [event]).report
        #expect(report.unrecordedFacts.map(\.key) == ["vel.acct_cnt_1h"])
        let rules = report.unrecordedFacts["vel.acct_cnt_1h"] ?? ""
        #expect(rules.contains("VEL-001"))
        for rule in report.rules {
            #expect(rule.notEvaluated == (rules.contains(rule.rule) ? 1 : 0))
        }
    }

    @Test("a backtest ends when it is told to")
    func cancelled() throws {
        let live = try BacktestFixture.rules()
        let events = BacktestFixture.random(500, seed: 5, rules: live)
        #expect(throws: CancellationError.self) {
            try backtest(live: live, candidate: live).run(over: EventList(events), threads: 2) {
                done, total in
                #expect(total == 500)
                return done < 100
            }
        }
    }

    @Test("the live rule whose hits are most alike is named with its Jaccard index")
    func overlap() throws {
        let live = try BacktestFixture.rules()
        let plan = BacktestPlan(
            live: try BacktestFixture.side(live), candidate: try BacktestFixture.side(live))
        var overlap = RuleOverlap(plan)
        for _ in 0..<3 { overlap.add(after: [0], before: [0, 1, 2]) }
        overlap.add(after: [0], before: [0, 2])
        var hits = [UInt64](repeating: 0, count: plan.ids.count)
        (hits[0], hits[1], hits[2]) = (4, 3, 8)
        let nearest = try #require(overlap.nearest(to: 0, hits: 4, liveHits: hits))
        #expect(nearest == (1, 750))
        #expect(overlap.nearest(to: 5, hits: 0, liveHits: hits) == nil)
    }
}
