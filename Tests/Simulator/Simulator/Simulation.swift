package import RPC
internal import RPCTransport

/// What became of a simulation.
package struct SimulationReport: Sendable {
    package let seed: UInt64
    package var calls = 0
    package var succeeded = 0
    package var attempts = 0
    package var codes: [StatusCode: Int] = [:]
    /// Attempts behind failed ones, and beside others.
    package var retries = 0
    /// Attempts behind ones of which the server did nothing.
    package var resends = 0
    package var hedges = 0
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
    let ledger: Ledger
    private let clientTelemetry: RPCTelemetry
    private var serverTelemetry: [RPCTelemetry] = []
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
        ledger = Ledger(scenario.promises)
        context = LoopContext.current(on: loop)
        var generator = SeededGenerator(seed: seed ^ 0xA55A)
        network = SimulatedNetwork(loop, seed: generator.next())
        network.weather = scenario.weather
        network.cut = scenario.cut
        network.whenSpoiled = { [ledger] in ledger.isSpoiled = true }
        network.whenWrong = { [ledger] in ledger.spoiled($0) }
        clientTelemetry = RPCTelemetry(
            methods: SimulatedService.methods, settings: .init(seed: generator.next()))
        let clock = SimulatedClock(loop)
        names = SimulatedNames(
            .endpoints((0..<scenario.servers).map(Self.endpoint)), network)
        let client = RPCClient(
            "simulation", source: names, dialer: network, profile: scenario.clientProfile,
            policy: scenario.policy,
            serviceConfig: ServiceConfigSlot(ServiceConfig(throttling: scenario.throttling)),
            telemetry: clientTelemetry, group: loop, seed: generator.next())
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
            serverTelemetry.append(telemetry)
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
            for connection in network.connections(to: server.address) {
                connection.server?.change(
                    maximumStreams: scenario.serverProfile.maximumConcurrentStreams,
                    streamWindow: scenario.serverProfile.streamWindow)
            }
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
        judgeCounts()
        judgeAttempts()
    }

    /// What began has ended, once: as the meters of both sides have it.
    private func judgeCounts() {
        let clients = clientTelemetry.clientMeters.values.flatMap(\.self).map(\.calls)
        let servers = serverTelemetry.flatMap { $0.serverMeters.map(\.calls) }
        for (side, meters) in [("client", clients), ("servers", servers)] {
            let totals = CallMeter.total(meters)
            let began = totals.counts.filter { $0.key.instrument == 0 }.values.reduce(0, +)
            let ended = totals.histograms.filter { $0.key.instrument == 0 }.values
                .reduce(0) { $0 + $1.count }
            if began != ended { fail("\(side): \(began) calls began, \(ended) ended") }
        }
    }

    private func events(_ family: RuntimeEvents.Family, _ label: String) -> Int {
        clientTelemetry.events.all.filter { $0.key.family == family && $0.key.first == label }
            .values.reduce(0) { $0 + Int($1) }
    }

    /// R5, R6 and R9: what fails is not multiplied. No call is open for longer than 30 seconds.
    private func judgeAttempts() {
        let (calls, runs) = (ledger.calls.count, ledger.attempts)
        let (retries, hedges) = (events(.retries, "policy"), events(.hedges, "sent"))
        if scenario.throttling == nil, runs > calls + calls / 10 + 50 + hedges {
            fail("\(runs) handlers ran for \(calls) calls")
        }
        if retries > calls / 5 + 300 { fail("\(retries) retries of \(calls) calls") }
        if hedges > calls / 20 + 3 { fail("\(hedges) hedges of \(calls) calls") }
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
        report.retries = events(.retries, "policy")
        report.resends = events(.retries, "transparent")
        report.hedges = events(.hedges, "sent")
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
            if let running = connection.server?.audit?.running,
                running > ledger.promises.maximumStreams
            {
                ledger.violation("\(running) handlers run on connection \(connection.number)")
            }
        }
    }
}
