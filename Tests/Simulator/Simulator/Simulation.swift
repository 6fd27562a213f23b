package import RPC
internal import RPCTransport

/// What became of a simulation.
package struct SimulationReport: Sendable {
    package let seed: UInt64
    package var calls = 0
    package var succeeded = 0
    package var attempts = 0
    package var codes: [StatusCode: Int] = [:]
    package var steps = 0
    package var seconds = 0.0
    package var transcript: UInt64 = 0
    /// In the order in which they began.
    package var outcomes: [CallOutcome] = []
    /// That were opened, and that were open when all calls had ended.
    package var connections = 0
    package var connectionsAtRest = 0
    package var violations: [String] = []

    package var isGood: Bool { violations.isEmpty }
}

/// One run of client, servers and network: real bytes between the real machines, and a clock, a network,
/// a resolver and a scheduler that one seed decides about.
package final class Simulation {
    private let seed: UInt64
    private let scenario: Scenario
    private let loop = SimulatedLoop()
    private let context: LoopContext
    let network: SimulatedNetwork
    let ledger = Ledger()
    private let names: SimulatedNames
    private var client: RPCClient?
    private let workload: Workload
    private var servers: [SimulatedServer] = []
    private var steps = 0
    private var connectionsAtRest = 0

    private static let maximumSteps = 500_000
    private static let second: UInt64 = 1_000_000_000

    /// - Parameter seed: decides about everything that the scenario leaves open.
    package init(seed: UInt64, _ scenario: Scenario) {
        self.seed = seed
        self.scenario = scenario
        context = LoopContext.current(on: loop)
        var generator = SeededGenerator(seed: seed ^ 0xA55A)
        network = SimulatedNetwork(loop, seed: generator.next())
        network.weather = scenario.weather
        network.cut = scenario.cut
        network.whenSpoiled = { [ledger] in ledger.isSpoiled = true }
        let clock = SimulatedClock(loop)
        names = SimulatedNames(
            .endpoints((0..<scenario.servers).map(Self.endpoint)), network)
        let client = RPCClient(
            "simulation", source: names, dialer: network, profile: scenario.clientProfile,
            policy: scenario.policy, group: loop, seed: generator.next())
        self.client = client
        workload = Workload(
            client, executor: context.executor, loop: loop, clock: clock, ledger: ledger)
        for index in 0..<scenario.servers {
            let service = SimulatedService(server: index, clock, ledger)
            let router = ServiceRouter(
                [service], authorizer: ScopeAuthorizer(trustsEveryPeer: true))
            var settings = RPCTelemetry.Settings.everything
            settings.seed = generator.next()
            let telemetry = RPCTelemetry(
                methods: router.methods, settings: settings, log: service)
            let server = SimulatedServer(
                Self.endpoint(index).description, handler: router,
                profile: scenario.serverProfile,
                telemetry: telemetry.server(routes: router.methods), context: context,
                network: network)
            servers.append(server)
            network.add(server)
        }
    }

    private static func endpoint(_ index: Int) -> Endpoint {
        Endpoint(.host("10.0.0.\(index + 1)", port: 7000))
    }

    package func run() -> SimulationReport {
        for call in scenario.calls { workload.schedule(call) }
        for (at, event) in scenario.events {
            loop.after(UInt64(at) * 1_000) { self.happen(event) }
        }
        let calmAt = loop.time + UInt64(scenario.calmAt) * 1_000
        advance(to: calmAt) { false }
        calmDown()
        advance(to: calmAt + 60 * Self.second) { self.workload.open == 0 }
        if workload.open > 0, ledger.violations.isEmpty {
            ledger.violation("\(workload.open) calls never end")
        }
        if ledger.violations.isEmpty { settle() }
        if ledger.violations.isEmpty { closeAll() }
        if ledger.violations.isEmpty { ledger.close() }
        return report()
    }

    // MARK: Time

    /// Runs until `end`, or earlier if that is enough.
    private func advance(to end: UInt64, _ isEnough: () -> Bool) {
        while !isEnough(), ledger.violations.isEmpty, loop.step(until: end) {
            steps += 1
            check()
            if steps == Self.maximumSteps { ledger.violation("it never comes to rest") }
        }
    }

    // MARK: Events

    private func happen(_ event: Scenario.Event) {
        switch event {
        case .kill(let index): servers[index].kill()
        case .start(let index): servers[index].start()
        case .drain(let index, let grace): servers[index].drain(grace: UInt64(grace) * 1_000)
        case .reset(let index):
            for connection in network.connections(to: servers[index].address) {
                connection.reset()
            }
        case .block(let index, let up, let down):
            network.block(servers[index].address, up: up, down: down)
        case .heal(let index): network.heal(servers[index].address)
        case .names(let indices): names.answer = .endpoints(indices.map(Self.endpoint))
        case .namesFail: names.answer = .failure("SERVFAIL")
        case .namesSilent: names.answer = .silence
        case .weather(let weather): network.weather = weather
        case .slow(let index, let delay):
            network.slow(servers[index].address, by: UInt64(delay) * 1_000)
        case .settings(let index, let streams, let window):
            for connection in network.connections(to: servers[index].address) {
                connection.server?.change(maximumStreams: streams, streamWindow: window)
            }
        }
    }

    /// All faults end.
    private func calmDown() {
        network.weather = network.weather.calm
        names.answer = .endpoints((0..<servers.count).map(Self.endpoint))
        for server in servers {
            network.heal(server.address)
            if !server.isUp || server.isDraining { server.start() }
        }
    }

    // MARK: The end

    /// Nobody calls any more: every window is balanced, and nothing is left of any call.
    private func settle() {
        connectionsAtRest = network.connections.count
        advance(to: loop.time + 30 * Self.second) { false }
        for connection in network.connections {
            for audit in [connection.client?.audit, connection.server?.audit] {
                guard let audit else { continue }
                for fault in audit.faultsAtRest {
                    fail("connection \(connection.number): \(fault)")
                }
            }
        }
        if let audit = client?.audit(on: loop) {
            for fault in audit.faultsAtRest { fail("client: \(fault)") }
        }
    }

    /// A connection whose bytes were changed may be out of step for ever; nothing else may.
    private func fail(_ text: String) { ledger.spoiled(text) }

    private func closeAll() {
        let client = self.client.take()
        Task(executorPreference: context.executor) { await client?.close() }
        advance(to: loop.time + Self.second) { false }
        for server in servers { server.drain(grace: Self.second) }
        advance(to: loop.time + 3_600 * Self.second) { false }
        if !network.connections.isEmpty {
            ledger.violation("\(network.connections.count) connections are left")
        }
    }

    private func report() -> SimulationReport {
        var report = SimulationReport(seed: seed)
        report.calls = ledger.calls.count
        report.succeeded = ledger.succeeded
        report.attempts = ledger.attempts
        report.codes = ledger.codes
        report.steps = steps
        report.seconds = Double(loop.time) / 1e9
        report.transcript = network.transcript.hash
        report.outcomes = ledger.calls
        report.connections = network.connectionCount
        report.connectionsAtRest = connectionsAtRest
        report.violations = ledger.violations
        return report
    }

    // MARK: Checks

    /// What must hold after every step.
    private func check() {
        for connection in network.connections {
            if let client = connection.client, let audit = client.audit, !audit.faults.isEmpty {
                ledger.violation("client of connection \(connection.number): \(audit.faults)")
            }
            if let server = connection.server, let audit = server.audit, !audit.faults.isEmpty {
                ledger.violation("server of connection \(connection.number): \(audit.faults)")
            }
        }
    }
}
