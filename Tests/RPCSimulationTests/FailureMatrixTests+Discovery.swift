import RPC
import RPCSimulator
import Testing

/// Rows about finding endpoints, about drains, and about limits that change.
extension SimulatedFailureMatrixTests {
    @Test("row 12: the resolver fails, is silent, or answers nothing: the last good set is kept")
    func row12() {
        for event in [Scenario.Event.namesFail, .namesSilent, .names([])] {
            var scenario = Scenario()
            scenario.calls = Self.calls(100, [.read, .write], every: 1_000_000)
            scenario.events = [(500_000, event)]
            // Each drain has the client ask again.
            scenario.events.append((10_000_000, .drain(0, grace: 1_000_000)))
            scenario.events.append((12_000_000, .start(0)))
            scenario.calmAt = 101_000_000
            Self.run(scenario, seeds: 1...3) { report in
                #expect(
                    report.outcomes.allSatisfy { $0.code == .ok }, "seed \(report.seed), \(event)")
            }
        }
    }

    @Test("row 12: one dead address and two good ones: the dead one is skipped")
    func deadAddress() {
        var scenario = Scenario()
        scenario.calls = Self.calls(200, [.read, .write], every: 10_000)
        scenario.events = [(0, .block(2, up: true, down: true))]
        Self.run(scenario) { report in
            #expect(report.outcomes.allSatisfy { $0.code == .ok }, "seed \(report.seed)")
            #expect(
                report.outcomes.allSatisfy { $0.took! < .milliseconds(2_050) },
                "seed \(report.seed)")
            #expect(report.outcomes.allSatisfy { $0.servers.last != 2 })
        }
    }

    @Test("row 13: all endpoints fail: ejections are ignored, and calls are still tried")
    func row13() {
        var scenario = Scenario()
        scenario.servers = 6
        scenario.calls = Self.calls(3_000, [.write], every: 10_000) { plan, index in
            if index < 2_500 { plan.status = .unavailable }
        }
        scenario.calmAt = 31_000_000
        Self.run(scenario, seeds: 1...2) { report in
            #expect(
                report.outcomes.allSatisfy { $0.servers.count == 1 },
                "seed \(report.seed): a call was not tried")
            #expect(report.outcomes.suffix(500).allSatisfy { $0.code == .ok })
        }
    }

    @Test("row 15: GOAWAY while streams are open, at any moment: no call notices")
    func row15() {
        for moment in 0..<120 {
            var scenario = Scenario()
            scenario.servers = 2
            scenario.calls = Self.calls(
                40, [.read, .write, .watch, .collect, .converse], every: 500, from: 1_000
            ) { plan, _ in
                plan.handlerPause = 300
                plan.callerPause = 200
            }
            scenario.events = [(UInt32(moment) * 200, .drain(0, grace: 20_000_000))]
            scenario.calmAt = 1_000_000
            Self.run(scenario, seeds: 1...1) { report in
                for call in report.outcomes {
                    #expect(
                        call.code == .ok,
                        "drain at \(moment * 200) µs: \(call.kind) \(call.message)")
                }
            }
        }
    }

    @Test("row 15: a server ends at once, at any moment: what it never served goes elsewhere")
    func endAtOnce() {
        for moment in UInt32(0)..<40 {
            var scenario = Scenario()
            scenario.servers = 2
            scenario.weather.delay = 500_000...500_000
            scenario.calls = Self.calls(60, [.write, .watch, .collect], every: 100, from: 10_000)
            // These open the connections.
            scenario.calls += Self.calls(8, [.read], every: 500)
            scenario.events = [(11_000 + moment * 50, .drain(0, grace: 1))]
            scenario.calmAt = 1_000_000
            Self.run(scenario, seeds: 1...1) { report in
                for call in report.outcomes where call.code != .ok {
                    #expect(
                        !call.servers.isEmpty, "drain \(moment): \(call.kind) \(call.message)")
                }
            }
        }
    }

    @Test("row 16: one stream at a time from now on: calls wait, none fails")
    func fewerStreams() {
        var scenario = Scenario()
        scenario.servers = 1
        scenario.calls = Self.calls(
            80, [.read, .write, .watch, .collect, .converse], every: 1_000
        ) { plan, _ in plan.handlerPause = 1_000 }
        scenario.events = [(20_000, .settings(0, streams: 1, window: 262_144))]
        Self.run(scenario) { report in
            for call in report.outcomes {
                #expect(call.code == .ok, "seed \(report.seed): \(call.message)")
            }
        }
    }

    @Test(
        "row 16: a window smaller than what is in flight: it is negative for a while, that is all")
    func smallerWindow() {
        var scenario = Scenario()
        scenario.servers = 1
        scenario.calls = Self.calls(20, [.collect, .converse], every: 1_000) { plan, _ in
            plan.requestBytes = 60_000
            plan.messages = 6
            plan.handlerPause = 3_000
        }
        for moment in 0..<10 {
            scenario.events.append(
                (
                    UInt32(5_000 + moment * 4_000),
                    .settings(0, streams: 1_000, window: moment % 2 == 0 ? 100 : 65_535)
                ))
        }
        Self.run(scenario) { report in
            for call in report.outcomes {
                #expect(call.code == .ok, "seed \(report.seed): \(call.message)")
            }
        }
    }
}
