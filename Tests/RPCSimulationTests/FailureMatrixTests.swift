import RPC
import RPCSimulator
import Testing

/// Rows of the failure matrix (rpc.md §16) as scenarios. All of them keep what every simulation keeps:
/// each call ends once, and nothing is left of it.
@Suite("Failure matrix, simulated")
struct SimulatedFailureMatrixTests {
    /// Calls of these kinds in turn, at even distances, in microseconds.
    static func calls(
        _ count: Int, _ kinds: [CallPlan.Kind], every distance: UInt32, from start: UInt32 = 0,
        _ change: (inout CallPlan, Int) -> Void = { _, _ in }
    ) -> [CallPlan] {
        (0..<count).map { index in
            var plan = CallPlan()
            plan.kind = kinds[index % kinds.count]
            plan.at = start + UInt32(index) * distance
            plan.requestBytes = 100
            plan.replyBytes = 100
            plan.replies = 3
            plan.messages = 3
            change(&plan, index)
            return plan
        }
    }

    /// Runs a scenario with some seeds; `judge` gets each report.
    static func run(
        _ scenario: Scenario, seeds: ClosedRange<UInt64> = 1...5,
        _ judge: (SimulationReport) -> Void
    ) {
        for seed in seeds {
            let report = Simulation(seed: seed, scenario).run()
            #expect(report.isGood, "\(report.failure)")
            judge(report)
        }
    }

    @Test("row 1: a server is killed mid-unary: reads go elsewhere once, writes fail at once")
    func row1() {
        var scenario = Scenario()
        scenario.servers = 2
        scenario.calls = Self.calls(40, [.read, .write], every: 100, from: 500_000) { plan, _ in
            plan.handlerPause = 1_000_000
        }
        // These open the connections.
        scenario.calls += Self.calls(40, [.read], every: 10_000)
        scenario.events = [(1_000_000, .kill(0))]
        Self.run(scenario) { report in
            for call in report.outcomes where call.servers.first == 0 && call.ended! > Self.killed {
                if call.kind == .read {
                    #expect(call.code == .ok && call.servers == [0, 1], "seed \(report.seed)")
                } else {
                    #expect(call.code == .unavailable && call.servers == [0], "seed \(report.seed)")
                    #expect(call.took! < .milliseconds(510), "seed \(report.seed)")
                }
            }
            #expect(report.outcomes.contains { $0.servers == [0, 1] }, "seed \(report.seed)")
        }
    }

    private static let killed = Instant(nanoseconds: 2_000_000_000)

    @Test("row 3: a server stands still: out of rotation in 5 s, its calls end at their deadlines")
    func row3() {
        var scenario = Scenario()
        scenario.calls = Self.calls(600, [.write], every: 20_000) { plan, _ in
            plan.deadline = 3_000_000
        }
        scenario.events = [(2_000_000, .block(0, up: true, down: true))]
        scenario.calmAt = 13_000_000
        Self.run(scenario) { report in
            for (index, call) in report.outcomes.enumerated() {
                let at = Double(index) * 0.02
                #expect(call.took! <= .milliseconds(3_002), "seed \(report.seed)")
                if at > 7 { #expect(call.code == .ok, "seed \(report.seed), call \(index)") }
                if call.code == .ok {
                    #expect(call.took! < .milliseconds(50), "seed \(report.seed), call \(index)")
                }
            }
        }
    }

    @Test("row 4: replies are lost, requests arrive: the client's deadline, and no handler is left")
    func row4() {
        var scenario = Scenario()
        scenario.servers = 1
        scenario.calls = Self.calls(30, [.write, .read, .watch], every: 10_000, from: 1_000_000) {
            plan, _ in plan.deadline = 1_500_000
        }
        scenario.events = [(990_000, .block(0, up: false, down: true))]
        scenario.clientProfile.keepaliveInterval = nil
        // The first call opens the connection.
        scenario.calls += Self.calls(1, [.read], every: 1)
        Self.run(scenario) { report in
            for call in report.outcomes.dropFirst() {
                #expect(call.code == .deadlineExceeded, "seed \(report.seed)")
                #expect(call.took! <= .milliseconds(1_502), "seed \(report.seed)")
                #expect(call.servers == [0], "seed \(report.seed)")
            }
        }
    }

    @Test("row 4: replies are lost, then the connection: a key makes repeats count once")
    func keyed() {
        var scenario = Scenario()
        scenario.servers = 2
        scenario.policy.balancing = .roundRobin
        scenario.calls = Self.calls(60, [.pay], every: 10_000, from: 1_000_000) { plan, _ in
            plan.handlerPause = 2_000
        }
        // These open the connections.
        scenario.calls += Self.calls(20, [.read], every: 10_000)
        scenario.events = [
            (990_000, .block(0, up: false, down: true)), (1_600_000, .reset(0)),
        ]
        Self.run(scenario) { report in
            let calls = report.outcomes.filter { $0.kind == .pay }
            for call in calls {
                #expect(call.code == .ok && call.effects == 1, "seed \(report.seed)")
            }
            let repeated = calls.count { $0.servers.count > 1 }
            #expect(repeated > 5, "seed \(report.seed): \(repeated) were repeated")
        }
    }

    @Test("row 4: whatever happens to the network, a call with a key has one effect, or none")
    func keyedInAnyWeather() {
        for seed in UInt64(1)...40 {
            var scenario = Scenario.random(seed: seed)
            for index in scenario.calls.indices { scenario.calls[index].kind = .pay }
            let report = Simulation(seed: seed, scenario).run()
            #expect(report.isGood, "\(report.failure)")
            #expect(report.outcomes.allSatisfy { $0.effects <= 1 })
        }
    }

    @Test("row 5: all calls fail for ten seconds: few attempts more than calls")
    func failing() {
        var scenario = Scenario()
        scenario.calls = Self.calls(3_000, [.read], every: 5_000) { plan, index in
            if index < 2_000 { plan.status = .unavailable }
        }
        scenario.calmAt = 16_000_000
        Self.run(scenario, seeds: 1...2) { report in
            #expect(report.attempts <= report.calls + 50, "seed \(report.seed)")
            #expect(report.retries > 20, "seed \(report.seed): \(report.retries)")
        }
    }

    @Test("row 5: the budget holds where no throttle does: a fifth of the calls, and 10 per second")
    func budget() {
        var scenario = Scenario()
        scenario.throttling = RetryThrottling(maximumTokens: 1_000_000)
        scenario.calls = Self.calls(3_000, [.read], every: 5_000) { plan, _ in
            plan.status = .unavailable
        }
        scenario.calmAt = 16_000_000
        Self.run(scenario, seeds: 1...2) { report in
            // Fifteen seconds and what follows are two windows of ten.
            #expect(report.retries <= 600 + 200, "seed \(report.seed): \(report.retries)")
            #expect(report.retries >= 600, "seed \(report.seed): \(report.retries)")
        }
    }

    @Test("hedging: one of three servers is slow: the first reply counts, the other handler ends")
    func hedging() {
        var scenario = Scenario()
        scenario.policy.balancing = .roundRobin
        scenario.policy.hedging = HedgingPolicy(delay: .milliseconds(5))
        scenario.calls = Self.calls(600, [.read], every: 5_000) { plan, index in
            // Longer than the delay, so the first attempt and the second run side by side.
            if index % 30 == 0 { plan.handlerPause = 50_000 }
        }
        Self.run(scenario) { report in
            #expect(report.outcomes.allSatisfy { $0.code == .ok }, "seed \(report.seed)")
            #expect(report.hedges > 10, "seed \(report.seed): \(report.hedges)")
            #expect(report.hedges <= 31, "seed \(report.seed): \(report.hedges)")
        }
    }

    @Test("row 5: a partition both ways heals: full rate in 10 s, few attempts more than calls")
    func row5() {
        var scenario = Scenario()
        scenario.calls = Self.calls(2_000, [.read], every: 15_000) { plan, _ in
            plan.deadline = 1_000_000
        }
        for server in 0..<3 {
            scenario.events.append((5_000_000, .block(server, up: true, down: true)))
            scenario.events.append((12_000_000, .heal(server)))
        }
        scenario.calmAt = 31_000_000
        Self.run(scenario, seeds: 1...3) { report in
            let late = report.outcomes.filter { $0.began.nanoseconds > 23_000_000_000 }
            #expect(late.allSatisfy { $0.code == .ok }, "seed \(report.seed)")
            #expect(Double(report.attempts) <= 1.1 * Double(report.calls), "seed \(report.seed)")
        }
    }

    @Test("row 6: one of three servers is 200 ms slower: a tenth of the calls at most in 5 s")
    func row6() {
        var scenario = Scenario()
        scenario.calls = Self.calls(1_500, [.read], every: 10_000)
        scenario.events = [(2_000_000, .slow(1, by: 100_000))]
        scenario.calmAt = 16_000_000
        Self.run(scenario, seeds: 1...3) { report in
            let late = report.outcomes.filter { $0.began.nanoseconds > 8_000_000_000 }
            let slow = late.count { $0.servers.first == 1 }
            #expect(slow * 10 < late.count, "seed \(report.seed): \(slow) of \(late.count)")
        }
    }

    @Test("row 8: one byte per segment: the same results")
    func row8() {
        var scenario = Scenario()
        scenario.calls = Self.calls(
            25, [.read, .write, .watch, .collect, .converse], every: 20_000)
        scenario.weather.segment = 1
        Self.run(scenario, seeds: 1...3) { report in
            #expect(report.outcomes.allSatisfy { $0.code == .ok }, "seed \(report.seed)")
        }
    }

    @Test(
        "row 9: reset and close at every byte of a call: the right status, never half a success",
        arguments: [CallPlan.Kind.read, .write, .watch, .converse])
    func row9(kind: CallPlan.Kind) {
        for isDown in [false, true] {
            for how in SimulatedNetwork.Cut.How.allCases {
                for offset in 0..<700 {
                    var scenario = Scenario()
                    scenario.servers = 1
                    scenario.calls = Self.calls(1, [kind], every: 1)
                    scenario.calmAt = 10
                    scenario.cut = SimulatedNetwork.Cut(how, isDown: isDown, behind: offset)
                    let report = Simulation(seed: 1, scenario).run()
                    #expect(report.isGood, "offset \(offset), down \(isDown): \(report.failure)")
                    let code = report.outcomes[0].code
                    #expect(code == .ok || code == .unavailable, "offset \(offset): \(code!)")
                    if report.connections == 1, code == .ok { break }
                }
            }
        }
    }

    @Test("row 10: bits flip on the way: an error at worst, and every call ends")
    func row10() {
        for seed in UInt64(1)...12 {
            var scenario = Scenario()
            scenario.servers = 2
            scenario.calls = Self.calls(
                30, [.read, .write, .watch, .collect, .converse], every: 20_000)
            scenario.weather.segmentsPerFlip = 300
            let report = Simulation(seed: seed, scenario).run()
            #expect(report.isGood, "\(report.failure)")
        }
    }

    @Test(
        "row 10: many bits flip: a run still comes to its end",
        arguments: [50, 20, 5, 1])
    func manyFlips(segmentsPerFlip: Int) {
        for seed in UInt64(1)...60 {
            var scenario = Scenario()
            scenario.servers = 2
            scenario.calls = Self.calls(
                30, [.read, .write, .watch, .collect, .converse], every: 20_000)
            scenario.weather.segmentsPerFlip = segmentsPerFlip
            let report = Simulation(seed: seed, scenario).run()
            #expect(report.isGood, "\(report.failure)")
        }
    }

    @Test("row 11: half of all calls are cancelled: nothing is left, no connection ends")
    func row11() {
        var scenario = Scenario()
        scenario.calls = Self.calls(
            600, [.read, .write, .watch, .collect, .converse], every: 3_000
        ) { plan, index in
            plan.handlerPause = 2_000
            if index % 2 == 0 { plan.cancelAfter = UInt32(index) * 37 % 9_000 }
        }
        Self.run(scenario) { report in
            #expect(report.connections == 3, "seed \(report.seed)")
            #expect(report.connectionsAtRest == 3, "seed \(report.seed)")
            let cancelled = report.outcomes.count { $0.code == .cancelled }
            #expect(cancelled > 100, "seed \(report.seed)")
        }
    }

    @Test("row 11: a body that comes behind the deadline starts no handler")
    func expired() {
        var scenario = Scenario()
        scenario.servers = 1
        scenario.weather.delay = 20_000...20_000
        scenario.weather.segment = 400
        scenario.weather.lostPerMille = 400
        scenario.calls = Self.calls(1, [.read], every: 1)
        scenario.calls += Self.calls(60, [.write], every: 20_000, from: 2_000_000) { plan, _ in
            plan.requestBytes = 20_000
            plan.deadline = 150_000
        }
        Self.run(scenario, seeds: 1...20) { report in
            let started = report.outcomes.count { !$0.servers.isEmpty }
            #expect(started < report.calls, "seed \(report.seed)")
        }
    }
}
