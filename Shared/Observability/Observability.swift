internal import AssayMessages
internal import Logging
internal import NIOCore
public import RPC
public import RPCTransport
public import ServiceRuntime
internal import Synchronization
internal import TLS

/// Joins what a process's servers and clients tell of their calls with its admin port, its log and a
/// collector of traces.
///
/// ```swift
/// let observability = try Observability(environment)
/// let server = RPCServer(..., telemetry: observability.telemetry)
/// observability.watch(server)
/// ```
public final class Observability: Sendable {
    /// To be given to each server and client of the process.
    public let telemetry: RPCTelemetry

    struct Watched {
        var servers: [RPCServer] = []
        var clients: [RPCClient] = []
    }

    let environment: ServiceEnvironment
    let watched = Mutex(Watched())
    /// What the last scrape saw.
    let seen = Mutex(Sighting())
    private let log: LogQueue
    private let exporter: SpanExporter?

    /// Adds `/debug/rpc` and the metrics of calls to the admin port, and starts to export traces if there
    /// is a collector.
    ///
    /// - Parameter namesTraces: gives every call that comes without a trace one, recorded or not.
    public init(_ environment: ServiceEnvironment, namesTraces: Bool = false) throws {
        self.environment = environment
        let options = environment.telemetry
        var settings = RPCTelemetry.Settings()
        settings.namesTraces = namesTraces
        settings.rootSampling = options.rootSampling
        settings.log = CallLogPolicy(
            successEvery: options.logOneIn, slow: .milliseconds(options.slowCall),
            linesPerSecond: options.logLines)
        let log = LogQueue()
        let level = environment.logger.logLevel
        let logger = Logger(label: "assay-\(environment.name)") {
            JSONLogHandler(label: $0, level: level, output: log.input)
        }
        self.log = log
        let spans = options.collector == nil ? nil : SpanQueue()
        let telemetry = RPCTelemetry(
            methods: PolicyTable.all, settings: settings, log: CallLog(logger), spans: spans)
        self.telemetry = telemetry
        exporter = try options.collector.map {
            try SpanExporter(
                endpoint: $0, service: "assay-\(environment.name)", telemetry: telemetry,
                environment: environment)
        }
        exporter?.start()
        environment.pages.add("/debug/rpc") { [weak self] in
            await self?.debugPage($0) ?? .text("the process ends\n", status: 503)
        }
        environment.metrics.refresh { [weak self] in await self?.look() }
        environment.metrics.collect { [weak self] in self?.writeMetrics(&$0) }
    }

    /// Shows a server, and clients, on the pages of the admin port.
    public func watch(_ server: RPCServer, _ clients: [RPCClient] = []) {
        watched.withLock { watched in
            watched.servers.append(server)
            watched.clients += clients
        }
    }

    /// Shows these clients, and none of before: a process may give some up while it runs.
    public func watch(clients: [RPCClient]) {
        watched.withLock { $0.clients = clients }
    }

    /// Exports and writes what is left. To be called when the last call has ended.
    public func close() async {
        watched.withLock { $0 = Watched() }
        await exporter?.close()
        await log.flush()
    }

    /// Looks at what only the event loops know, for the gauges.
    private func look() async {
        let (servers, clients) = watched.withLock { ($0.servers, $0.clients) }
        var sighting = Sighting()
        for server in servers {
            sighting.servers.append(await server.totals(witness: environment.adminGroup))
        }
        for client in clients {
            sighting.clients.append(await client.totals(witness: environment.adminGroup))
        }
        sighting.loops = await LoopSnapshot.all(
            of: environment.group, witness: environment.adminGroup)
        let dropped = log.takeDropped()
        if dropped > 0 {
            telemetry.events.count(.logLinesDropped, "full", by: dropped)
        }
        let found = sighting
        seen.withLock { $0 = found }
    }

    private func debugPage(_ request: AdminRequest) async -> AdminResponse {
        let (servers, clients) = watched.withLock { ($0.servers, $0.clients) }
        var sighting = Sighting()
        for server in servers {
            sighting.servers.append(await server.snapshot(witness: environment.adminGroup))
        }
        for client in clients {
            sighting.clients.append(await client.snapshot(witness: environment.adminGroup))
        }
        sighting.loops = await LoopSnapshot.all(
            of: environment.group, witness: environment.adminGroup)
        let page = DebugPage(
            process: "assay-\(environment.name)", takenAt: WallClockTime.now, sighting: sighting)
        return page.response(to: request)
    }
}

/// What was seen of the servers, clients and event loops of a process.
struct Sighting: Sendable {
    var servers: [ServerSnapshot] = []
    var clients: [ClientSnapshot] = []
    var loops: [LoopSnapshot] = []
}
