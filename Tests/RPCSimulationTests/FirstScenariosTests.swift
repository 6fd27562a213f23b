import RPC
import RPCSimulator
import Testing

/// Bugs that other stacks had (rpc.md §17).
@Suite("Scenarios that broke others")
struct FirstScenariosTests {
    private static func one(_ change: (inout Scenario) -> Void) -> Scenario {
        var scenario = Scenario()
        scenario.servers = 1
        change(&scenario)
        return scenario
    }

    private static func calls(
        _ count: Int, _ kinds: [CallPlan.Kind], every distance: UInt32,
        _ change: (inout CallPlan, Int) -> Void = { _, _ in }
    ) -> [CallPlan] {
        SimulatedFailureMatrixTests.calls(count, kinds, every: distance, from: 0, change)
    }

    private static func run(_ scenario: Scenario, _ judge: (SimulationReport) -> Void) {
        SimulatedFailureMatrixTests.run(scenario, judge)
    }

    @Test("a call that takes long is no reason to end a connection whose PINGs are answered")
    func keepalive() {
        let scenario = Self.one {
            $0.calls = Self.calls(3, [.read], every: 17_000_000) { plan, _ in
                plan.handlerPause = 15_000_000
            }
            $0.calmAt = 60_000_000
        }
        Self.run(scenario) { report in
            #expect(report.outcomes.allSatisfy { $0.code == .ok }, "seed \(report.seed)")
            #expect(report.connections == 1, "seed \(report.seed)")
        }
    }

    @Test("an idle client closes, and connects again for the next call")
    func idle() {
        let scenario = Self.one {
            $0.clientProfile.idleTimeout = .milliseconds(500)
            $0.calls = Self.calls(5, [.read, .watch, .converse], every: 2_000_000)
            $0.calmAt = 11_000_000
        }
        Self.run(scenario) { report in
            #expect(report.outcomes.allSatisfy { $0.code == .ok }, "seed \(report.seed)")
            #expect(report.connections == 5, "seed \(report.seed)")
        }
    }

    @Test("a GOAWAY arrives before its connection closes: a restart at once fails no call")
    func goAway() {
        let scenario = Self.one {
            $0.calls = Self.calls(100, [.read, .write], every: 10_000)
            $0.events = [(500_000, .drain(0, grace: 2_000_000)), (500_000, .start(0))]
        }
        Self.run(scenario) { report in
            for call in report.outcomes {
                #expect(call.code == .ok, "seed \(report.seed): \(call.message)")
            }
        }
    }

    @Test("calls that wait for an endpoint wake up when there is one")
    func waiters() {
        let scenario = Self.one {
            $0.calls = Self.calls(20, [.read, .write, .watch], every: 1_000) { plan, _ in
                plan.waitsForReady = true
                plan.deadline = 8_000_000
            }
            $0.events = [(0, .kill(0)), (2_000_000, .start(0))]
        }
        Self.run(scenario) { report in
            for call in report.outcomes {
                #expect(call.code == .ok, "seed \(report.seed): \(call.message)")
                #expect(call.took! < .seconds(4), "seed \(report.seed)")
            }
        }
    }

    @Test("calls that wait for a stream go as soon as one ends, until none is left")
    func queue() {
        let scenario = Self.one {
            $0.serverProfile.maximumConcurrentStreams = 1
            $0.calls = Self.calls(80, [.read, .write, .watch, .collect], every: 1) { plan, _ in
                plan.handlerPause = 2_000
            }
        }
        Self.run(scenario) { report in
            for call in report.outcomes {
                #expect(call.code == .ok, "seed \(report.seed): \(call.message)")
                // Twenty on each of four connections; a stream of messages takes three pauses.
                #expect(call.took! < .milliseconds(500), "seed \(report.seed): \(call.took!)")
            }
        }
    }

    @Test("connections that a burst has opened are given back when fewer would do")
    func surplus() {
        let scenario = Self.one {
            $0.serverProfile.maximumConcurrentStreams = 4
            $0.calls = Self.calls(100, [.read, .write], every: 1) { plan, _ in
                plan.handlerPause = 5_000
            }
            $0.calls += Self.calls(90, [.read, .write], every: 500_000) { plan, _ in
                plan.at += 500_000
            }
            $0.calmAt = 46_000_000
        }
        Self.run(scenario) { report in
            #expect(report.outcomes.allSatisfy { $0.code == .ok }, "seed \(report.seed)")
            #expect(report.connections == 4, "seed \(report.seed): \(report.connections)")
            #expect(report.connectionsAtRest == 1, "seed \(report.seed)")
        }
    }

    @Test("calls that wait for an endpoint have the names asked for again: not in half a minute")
    func waitersForNames() {
        let scenario = Self.one {
            $0.calls = Self.calls(1, [.read], every: 1) { plan, _ in plan.waitsForReady = true }
            $0.events = [(0, .namesFail)]
        }
        Self.run(scenario) { report in
            #expect(report.outcomes[0].code == .ok, "seed \(report.seed)")
            // The names are there again after six seconds; they are asked for every two.
            #expect(report.outcomes[0].took! < .milliseconds(8_100), "seed \(report.seed)")
        }
    }

    @Test("what was written before a close arrives: no reply is cut short")
    func writesBeforeClose() {
        let scenario = Self.one {
            $0.weather.capacity = 4_096
            $0.weather.segment = 1_400
            $0.calls = Self.calls(20, [.read, .watch], every: 1_000) { plan, _ in
                plan.replyBytes = 60_000
            }
            $0.events = [(12_000, .drain(0, grace: 1_500_000))]
        }
        Self.run(scenario) { report in
            let finished = report.outcomes.count { $0.code == .ok }
            #expect(finished > 5, "seed \(report.seed): \(finished)")
        }
    }

    @Test("SETTINGS while calls are sent: windows shrink and grow, fewer streams, then more")
    func settings() {
        let scenario = Self.one {
            $0.weather.capacity = 8_192
            $0.weather.segment = 1_400
            $0.calls = Self.calls(
                150, [.read, .collect, .converse, .watch], every: 700
            ) { plan, index in
                plan.requestBytes = index % 3 == 0 ? 40_000 : 500
                plan.replyBytes = index % 5 == 0 ? 40_000 : 500
                plan.handlerPause = 700
            }
            for step in UInt32(0)..<40 {
                // Lowered once: what crosses it is refused, and sent once more.
                let streams: UInt32 = step < 5 ? 1_000 : step < 20 ? 1 : step
                let window: Int32 = [0, 65_535, 100, 262_144, 16_384][Int(step % 5)]
                $0.events.append(
                    (3_000 + step * 2_500, .settings(0, streams: streams, window: window)))
            }
        }
        Self.run(scenario) { report in
            for call in report.outcomes {
                #expect(call.code == .ok, "seed \(report.seed): \(call.message)")
            }
        }
    }

    @Test("SETTINGS that lower the stream limit again and again: what was refused twice never ran")
    func manySettings() {
        let scenario = Self.one {
            $0.serverProfile.maximumConcurrentStreams = 1
            $0.calls = Self.calls(60, [.read, .write, .watch], every: 200) { plan, _ in
                plan.handlerPause = 2_000
            }
            for moment in UInt32(0)..<20 {
                $0.events.append(
                    (
                        2_000 + 3_000 * moment,
                        .settings(0, streams: moment % 2 == 0 ? 5 : 1, window: 65_535)
                    ))
            }
        }
        Self.run(scenario) { report in
            for call in report.outcomes where call.code != .ok {
                #expect(call.code == .unavailable, "seed \(report.seed): \(call.message)")
                #expect(call.message.hasSuffix("refused the stream"), "seed \(report.seed)")
                #expect(call.servers.isEmpty, "seed \(report.seed): \(call.message)")
            }
            let failed = report.outcomes.count { $0.code != .ok }
            #expect(report.resends >= failed, "seed \(report.seed): \(failed)")
        }
    }
}
