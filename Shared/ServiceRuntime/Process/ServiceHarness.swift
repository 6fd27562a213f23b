public import Logging
internal import NIOCore
public import NIOPosix
public import RPC
public import TLS

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What a service's main gets to build its object graph from.
public struct ServiceEnvironment: Sendable {
    /// `features`
    public let name: String
    public let logger: Logger
    public let metrics: MetricsRegistry
    public let health: Health
    /// The event loops that serve calls.
    public let group: MultiThreadedEventLoopGroup
    /// This service's certificates in the mesh; nil without TLS.
    public let certificates: CertificateStore?
    /// Loads and watches further certificates.
    public let certificateWatch: CertificateWatch
    /// For the listeners.
    public let handshakes: HandshakeLog
    /// Further pages of the admin port go here.
    public let pages: AdminPages
    /// The event loop of the admin port, which serves no calls.
    public let adminGroup: MultiThreadedEventLoopGroup
    public let telemetry: TelemetryOptions
}

/// A service that serves.
public struct RunningService: Sendable {
    /// The real port of its listener.
    public let port: Int
    let run: @Sendable () async throws -> Void
    let shutdown: @Sendable (DrainTimes) async -> Void
    let hurry: @Sendable () -> Void

    /// - Parameters:
    ///   - run: returns when the service has ended, after `shutdown` or by itself; an error ends the process.
    ///   - shutdown: serves everything for the endpoint delay; then takes no new work, finishes what it
    ///     has within the grace, and makes `run` return.
    ///   - hurry: a shutdown that is under way waits for nobody any more.
    public init(
        port: Int, run: @escaping @Sendable () async throws -> Void,
        shutdown: @escaping @Sendable (DrainTimes) async -> Void,
        hurry: @escaping @Sendable () -> Void = {}
    ) {
        self.port = port
        self.run = run
        self.shutdown = shutdown
        self.hurry = hurry
    }
}

/// The life of a service process: logging, admin port, signals, the `ready` line, an orderly end.
///
/// ```swift
/// try await ServiceHarness(name: "features", options: service).run { environment in
///     let server = try await makeServer(environment)
///     return RunningService(
///         port: server.port, run: server.run, shutdown: server.shutdown, hurry: server.hurry)
/// }
/// ```
public struct ServiceHarness: Sendable {
    private let name: String
    private let adminAddress: ListenAddress
    private let drain: DrainTimes
    private let certificateFiles: CertificateStore.Files?
    private let loops: Int
    private let logLevel: Logger.Level
    private let telemetry: TelemetryOptions

    /// - Parameters:
    ///   - adminPort: used, on loopback, if the command line says nothing.
    ///   - loops: event loops; the machine's cores if nil.
    public init(name: String, options: ServiceOptions, adminPort: Int = 0, loops: Int? = nil) {
        self.name = name
        adminAddress = options.admin ?? ListenAddress(host: "127.0.0.1", port: adminPort)
        drain = DrainTimes(
            endpointDelay: .seconds(options.endpointDelay), grace: .seconds(options.grace))
        certificateFiles = options.certificateFiles
        self.loops = max(1, loops ?? System.coreCount)
        logLevel = options.logLevel
        telemetry = options.telemetry
    }

    /// Runs the service until SIGTERM, SIGINT, or its own end. A second signal cuts off the calls in
    /// flight, a third one ends the process at once.
    ///
    /// - Parameter build: makes the service; when it returns, the process is ready.
    public func run(
        _ build: (ServiceEnvironment) async throws -> RunningService
    ) async throws {
        try await run(
            signals: TerminationSignals.stream(), hangups: TerminationSignals.hangups(),
            output: .standardOutput, build)
    }

    /// The same with signals and standard output of a test's own.
    package func run(
        signals: AsyncStream<Int32>, hangups: AsyncStream<Void> = AsyncStream { $0.finish() },
        output: LogOutput,
        _ build: (ServiceEnvironment) async throws -> RunningService
    ) async throws {
        let environment = try makeEnvironment()
        let watch = Task { await environment.certificateWatch.run(hangups: hangups) }
        defer { watch.cancel() }
        environment.metrics.collectProcessMetrics()
        let serving = environment.health.component(name)
        let adminGroup = environment.adminGroup
        let admin = try await AdminServer.start(
            on: adminAddress, health: environment.health, metrics: environment.metrics,
            pages: environment.pages, loops: environment.group, group: adminGroup)
        let service = try await build(environment)
        serving.markReady()
        announce(service, admin, environment.logger, on: output)
        try await serve(service, until: signals, environment)
        await admin.close()
        try await environment.group.shutdownGracefully()
        try await adminGroup.shutdownGracefully()
        environment.logger.info("stopped")
    }

    private func makeEnvironment() throws(TLSError) -> ServiceEnvironment {
        let level = logLevel
        let label = "assay-\(name)"
        let logger = Logger(label: label) { JSONLogHandler(label: $0, level: level) }
        let metrics = MetricsRegistry()
        let watch = CertificateWatch(logger: logger, metrics: metrics)
        var certificates: CertificateStore?
        if let certificateFiles {
            certificates = try watch.store(certificateFiles, named: "mesh")
        }
        return ServiceEnvironment(
            name: name, logger: logger, metrics: metrics, health: Health(),
            group: MultiThreadedEventLoopGroup(numberOfThreads: loops), certificates: certificates,
            certificateWatch: watch, handshakes: HandshakeLog(logger: logger, metrics: metrics),
            pages: AdminPages(), adminGroup: MultiThreadedEventLoopGroup(numberOfThreads: 1),
            telemetry: telemetry)
    }

    /// The line `assay up` and the tests wait for; the only thing on standard output.
    private func announce(
        _ service: RunningService, _ admin: AdminServer, _ logger: Logger, on output: LogOutput
    ) {
        let line = "ready \(name) rpc=\(service.port) admin=\(admin.port)\n"
        output.write(Array(line.utf8))
        logger.info(
            "ready",
            metadata: [
                "rpc_port": .stringConvertible(service.port),
                "admin_port": .stringConvertible(admin.port),
                "tls": .stringConvertible(certificateFiles != nil),
            ])
    }

    private enum Event: Sendable {
        case ended
        case signal(Int32)
    }

    /// Waits for the service's own end, or for a signal and then the orderly end.
    private func serve(
        _ service: RunningService, until signals: AsyncStream<Int32>,
        _ environment: ServiceEnvironment
    ) async throws {
        try await withThrowingTaskGroup(of: Event.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                try await service.run()
                return .ended
            }
            group.addTask {
                for await number in signals { return .signal(number) }
                return .ended
            }
            guard case .signal(let number) = try await group.next() else { return }
            environment.health.startDraining()
            environment.logger.info(
                "stopping", metadata: ["signal": "\(TerminationSignals.name(of: number))"])
            group.addTask {
                var isHurried = false
                for await number in signals {
                    if isHurried { exit(TerminationSignals.exitStatus(of: number)) }
                    isHurried = true
                    service.hurry()
                }
                return .ended
            }
            group.addTask { await endInTime(environment.logger) }
            await service.shutdown(drain)
            _ = try await group.next()
        }
    }

    /// What does not end within its time and a little more is ended.
    private func endInTime(_ logger: Logger) async -> Event {
        let limit = drain.endpointDelay + drain.grace + .seconds(5)
        do {
            try await Task.sleep(for: limit)
        } catch {
            return .ended
        }
        logger.error("did not stop in time", metadata: ["limit": "\(limit)"])
        exit(1)
    }
}
