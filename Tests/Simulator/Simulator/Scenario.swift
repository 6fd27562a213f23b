package import HTTP2
package import RPC
package import RPCTransport

/// What a simulation is to go through. Everything is data, so a scenario can be printed and changed.
package struct Scenario: Sendable {
    /// Something that happens to the servers, the network or the names.
    package enum Event: Sendable {
        case kill(Int)
        case start(Int)
        /// In microseconds.
        case drain(Int, grace: UInt32)
        case reset(Int)
        case block(Int, up: Bool, down: Bool)
        case heal(Int)
        case names([Int])
        case namesFail, namesSilent
        case weather(Weather)
        /// A longer way, in microseconds.
        case slow(Int, by: UInt32)
        /// New SETTINGS on all connections.
        case settings(Int, streams: UInt32, window: Int32)
    }

    package var servers = 3
    package var weather = Weather()
    package var calls: [CallPlan] = []
    /// With their times, in microseconds.
    package var events: [(at: UInt32, event: Event)] = []
    package var cut: SimulatedNetwork.Cut?
    package var serverProfile = HTTP2Profile.mesh
    package var clientProfile = RPCProfile.mesh
    package var policy = ClientPolicy.standard
    /// Nil: as a client has it by itself.
    package var throttling: RetryThrottling?
    /// When all faults end, in microseconds: from then on every call must come to its end.
    package var calmAt: UInt32 = 6_000_000

    package init() {}

    /// Any scenario at all.
    package static func random(seed: UInt64) -> Scenario {
        var generator = SeededGenerator(seed: seed)
        var scenario = Scenario()
        scenario.servers = 1 + generator.index(below: 4)
        scenario.choosePolicy(&generator)
        scenario.chooseWindows(&generator)
        scenario.weather = .random(&generator)
        let time: UInt32 = generator.index(below: 2) == 0 ? 500_000 : 5_000_000
        for _ in 0..<(10 + generator.index(below: 50)) {
            scenario.calls.append(.random(&generator, within: time))
        }
        scenario.chooseEvents(&generator, within: time)
        if generator.index(below: 20) == 0 { scenario.addFailing(&generator, within: time) }
        if generator.index(below: 12) == 0 { scenario.sliceFinely() }
        return scenario
    }

    /// A few bytes per segment, and little to carry.
    private mutating func sliceFinely() {
        weather.segment = 5
        for index in calls.indices {
            calls[index].requestBytes %= 1_000
            calls[index].replyBytes %= 1_000
        }
    }

    /// Many small calls, most of which fail: what retries are allowed shows.
    private mutating func addFailing(_ generator: inout SeededGenerator, within time: UInt32) {
        for _ in 0..<200 {
            var plan = CallPlan()
            plan.at = UInt32(generator.index(below: Int(time)))
            if generator.index(below: 4) > 0 { plan.status = .unavailable }
            calls.append(plan)
        }
    }

    private mutating func choosePolicy(_ generator: inout SeededGenerator) {
        let policies: [LoadBalancing] = [
            .p2c, .p2c, .roundRobin, .pickFirst, .ringHash(spill: .next), .ringHash(spill: .never),
        ]
        policy.balancing = policies[generator.index(below: policies.count)]
        if generator.index(below: 4) == 0 {
            policy.hedging = HedgingPolicy(
                maximumAttempts: 2 + generator.index(below: 3),
                delay: generator.index(below: 2) == 0
                    ? .microseconds(generator.index(below: 20_000)) : nil)
        }
        if generator.index(below: 3) == 0 { clientProfile.keepaliveInterval = nil }
        if generator.index(below: 4) == 0 { clientProfile.idleTimeout = .milliseconds(700) }
    }

    private mutating func chooseWindows(_ generator: inout SeededGenerator) {
        let windows: [Int32] = [1_024, 16_384, 65_535, 262_144]
        serverProfile.streamWindow = windows[generator.index(below: 4)]
        clientProfile.http2.streamWindow = windows[generator.index(below: 4)]
        let whole: [Int32] = [65_535, 100_000, 1 << 20]
        serverProfile.connectionWindow = whole[generator.index(below: 3)]
        clientProfile.http2.connectionWindow = whole[generator.index(below: 3)]
        let streams: [UInt32] = [1, 3, 100, 1_000]
        serverProfile.maximumConcurrentStreams = streams[generator.index(below: 4)]
    }

    private mutating func chooseEvents(_ generator: inout SeededGenerator, within time: UInt32) {
        func some(_ probability: Int) -> Bool { generator.index(below: 100) < probability }
        func moment() -> UInt32 { UInt32(generator.index(below: Int(time))) }
        for server in 0..<servers {
            if some(20) {
                let at = moment()
                events.append((at, .kill(server)))
                if some(70) { events.append((at + moment(), .start(server))) }
            }
            if some(25) {
                let at = moment()
                events.append((at, .drain(server, grace: 1_000 + moment())))
                if some(70) { events.append((at + moment(), .start(server))) }
            }
            if some(20) {
                let at = moment()
                let direction = generator.index(below: 3)
                events.append((at, .block(server, up: direction != 0, down: direction != 1)))
                if some(70) { events.append((at + moment(), .heal(server))) }
            }
            while some(25) { events.append((moment(), .reset(server))) }
            while some(25) {
                let streams: [UInt32] = [1, 3, 100, 1_000]
                let windows: [Int32] = [0, 100, 1_024, 65_535, 262_144]
                events.append(
                    (
                        moment(),
                        .settings(
                            server, streams: streams[generator.index(below: 4)],
                            window: windows[generator.index(below: 5)])
                    ))
            }
        }
        if some(15) { events.append((moment(), .names((0..<servers).filter { _ in some(60) }))) }
        if some(10) {
            events.append((some(30) ? 0 : moment(), some(50) ? .namesFail : .namesSilent))
        }
        if some(15) { events.append((moment(), .weather(.random(&generator)))) }
    }
}

extension Weather {
    /// Any weather at all.
    static func random(_ generator: inout SeededGenerator) -> Weather {
        var weather = Weather()
        let delays: [ClosedRange<UInt64>] = [
            10_000...10_000, 50_000...500_000, 1_000_000...5_000_000, 1_000...100_000_000,
        ]
        weather.delay = delays[generator.index(below: 4)]
        if generator.index(below: 3) == 0 { weather.lostPerMille = generator.index(below: 100) }
        let segments = [1 << 20, 64 << 10, 1_400, 1_400, 300]
        weather.segment = segments[generator.index(below: 5)]
        if generator.index(below: 10) == 0 {
            weather.segmentsPerFlip = 1 + generator.index(below: 500)
        }
        if generator.index(below: 3) == 0 {
            weather.capacity = 1 << (8 + generator.index(below: 10))
        }
        return weather
    }

    /// None of the faults.
    var calm: Weather {
        var weather = self
        weather.lostPerMille = 0
        weather.segmentsPerFlip = 0
        weather.segment = max(weather.segment, 1_400)
        return weather
    }
}
