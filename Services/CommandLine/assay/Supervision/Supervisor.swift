import Foundation

/// Starts the four processes, starts again what dies, and ends all of them in order.
actor Supervisor {
    private struct Running {
        let process: ChildProcess
        let since: ContinuousClock.Instant
    }

    private let workspace: Workspace
    private let setup: DevelopmentSetup
    private let folder: String
    private let serviceArguments: [ServiceName: [String]]
    private var ports: ServicePorts
    private var running: [ServiceName: Running] = [:]
    private var policies: [ServiceName: RestartPolicy] = [:]
    private var watchers: [Task<Void, Never>] = []
    private var isStopping = false
    private let say: @Sendable (String) -> Void

    /// - Parameters:
    ///   - serviceArguments: Further arguments for a service, at the end of its command line.
    ///   - say: Prints a line for the person.
    init(
        _ workspace: Workspace, ports: ServicePorts,
        serviceArguments: [ServiceName: [String]] = [:], say: @escaping @Sendable (String) -> Void
    ) {
        self.workspace = workspace
        self.ports = ports
        self.serviceArguments = serviceArguments
        self.say = say
        setup = DevelopmentSetup(workspace: workspace)
        folder =
            URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().path
    }

    /// Returns when all four are ready; throws, with everything ended, if one does not get there.
    func start() async throws {
        do {
            try setup.prepare()
            for service in ServiceName.startOrder {
                let address = try await launch(service)
                say(
                    "\(service.executable.padding(toLength: 15, withPad: " ", startingAt: 0)) ready"
                        + "   rpc 127.0.0.1:\(address.port)   admin http://127.0.0.1:\(address.admin)"
                        + "   log \(workspace.log(service))")
            }
            try runFile().write(workspace)
        } catch {
            await stop()
            throw error
        }
        for service in ServiceName.allCases { watch(service) }
    }

    /// Ends the processes, callers before called, each within 15 s.
    func stop() async {
        isStopping = true
        for watcher in watchers { watcher.cancel() }
        for service in ServiceName.allCases {
            guard let process = running[service]?.process else { continue }
            process.send(SIGTERM)
            let reaper = Task {
                try await Task.sleep(for: .seconds(15))
                process.send(SIGKILL)
            }
            let end = await process.ended()
            reaper.cancel()
            running[service] = nil
            if end != .exited(0) { say("\(service.executable) ended with \(end)") }
        }
        try? FileManager.default.removeItem(atPath: workspace.runFile)
    }

    private func runFile() -> RunFile {
        var services: [String: ServiceAddress] = [:]
        for service in ServiceName.allCases {
            services[service.rawValue] = ServiceAddress(
                port: ports.serving[service] ?? 0, admin: ports.admin[service] ?? 0)
        }
        return RunFile(pid: getpid(), services: services)
    }

    // MARK: One service

    /// Starts a service and waits until it is ready. From then on its ports are fixed, so that a
    /// restart finds the others where they were.
    private func launch(_ service: ServiceName) async throws -> ServiceAddress {
        if service == .gateway {
            try setup.writeGatewayConfiguration(
                port: ports.serving[.gateway] ?? 0, adminPort: ports.admin[.gateway] ?? 0,
                upstreams: ports.serving)
        }
        let ready = ReadyLine()
        let earlier = logBytes(service)
        let process = try ChildProcess(
            executable: "\(folder)/\(service.executable)",
            arguments: try arguments(service), log: workspace.log(service)
        ) { line in ready.received(line) }
        running[service] = Running(process: process, since: .now)
        let impatience = Task {
            try await Task.sleep(for: .seconds(30))
            process.send(SIGKILL)
        }
        // The end of the process ends the wait for its line; nobody waits for the end itself.
        Task { ready.processEnded(await process.ended()) }
        defer { impatience.cancel() }
        let address: ServiceAddress
        switch try await ready.outcome() {
        case .ready(let found): address = found
        case .ended(let end):
            throw Complaint(
                "\(service.executable) ended with \(end) before it served:\n"
                    + tail(service, after: earlier))
        }
        ports.serving[service] = address.port
        ports.admin[service] = address.admin
        do {
            try await ReadinessProbe.wait(port: address.admin, upTo: .seconds(30))
        } catch {
            throw Complaint(
                "\(service.executable): \(error)\n\(tail(service, after: earlier))")
        }
        return address
    }

    /// Waits for a service's end, says so, and starts it again after a pause.
    private func watch(_ service: ServiceName) {
        watchers.append(
            Task {
                while !Task.isCancelled, let current = running[service] {
                    let end = await current.process.ended()
                    if isStopping || Task.isCancelled { return }
                    let lived = ContinuousClock.now - current.since
                    await restart(service, after: end, lived)
                }
            })
    }

    private func restart(
        _ service: ServiceName, after end: ChildProcess.End, _ lived: Duration
    ) async {
        say("\(service.executable) ended with \(end); starting it again")
        var lived = lived
        while !isStopping {
            let pause = policies[service, default: RestartPolicy()].pause(afterRunning: lived)
            do {
                try await Task.sleep(for: pause)
                if isStopping { return }
                _ = try await launch(service)
                say("\(service.executable) ready again")
                return
            } catch is CancellationError {
                return
            } catch {
                say("\(service.executable): \(error)")
                running[service]?.process.send(SIGKILL)
                lived = .zero
            }
        }
    }

    private nonisolated func logBytes(_ service: ServiceName) -> Int {
        (try? Data(contentsOf: URL(filePath: workspace.log(service))))?.count ?? 0
    }

    /// The last lines of what a service wrote in its present life.
    private nonisolated func tail(_ service: ServiceName, after earlier: Int) -> String {
        let log = (try? Data(contentsOf: URL(filePath: workspace.log(service)))) ?? Data()
        return String(decoding: log.dropFirst(earlier), as: UTF8.self)
            .split(separator: "\n").suffix(10).joined(separator: "\n")
    }

    private func arguments(_ service: ServiceName) throws -> [String] {
        let own = serviceArguments[service] ?? []
        let admin = "127.0.0.1:\(ports.admin[service] ?? 0)"
        let listen = "127.0.0.1:\(ports.serving[service] ?? 0)"
        // No load balancer has to learn that a service ends.
        let end = ["--endpoint-delay", "0", "--grace", "10"]
        if service == .gateway {
            return [
                "--config", workspace.gatewayConfiguration, "--listen", listen, "--admin", admin,
                "--access-log", workspace.path("logs", "access.log"),
            ] + end + own
        }
        let common =
            [
                "--listen", listen, "--admin", admin, "--data", workspace.state(service),
                "--tls-certificate", workspace.certificate(service.rawValue),
                "--tls-key", workspace.key(service.rawValue), "--tls-trust", workspace.authority,
            ] + end
        func address(_ other: ServiceName) -> String { "127.0.0.1:\(ports.serving[other] ?? 0)" }
        switch service {
        case .features:
            // What a checkout ships is what runs: a folder of definitions may be edited between starts.
            return common
                + ["--definitions", try workspace.shipped("definitions"), "--replace-definitions"]
                + own
        case .risk:
            return common + [
                "--rules", try workspace.shipped("rules"), "--reload-rules", "--features",
                address(.features),
                "--models", address(.models),
            ] + own
        case .models:
            return common + ["--alias-policies", try workspace.shipped("alias-policies")] + own
        case .gateway: return common + own
        }
    }
}
