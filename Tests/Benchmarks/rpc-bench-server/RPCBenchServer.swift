import ArgumentParser
import AssayMessages
import Foundation
import NIOPosix
import RPC
import RPCServices
import RPCTransport

@main
struct RPCBenchServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rpc-bench-server",
        abstract: "Serves bench.v1, for load generators and foreign clients.")

    @Option(help: "The port to listen on; 0 lets the system choose.")
    var port = 0

    @Option(help: "Event loops: one per core that the server may use.")
    var loops = 1

    @OptionGroup var tls: TLSOptions

    @Flag(help: "Count, log and trace calls as a service does, with a collector that is not there.")
    var observed = false

    @Flag(help: "Answer every method there is with what it was sent, instead of serving bench.v1.")
    var everyMethod = false

    @Flag(help: "Show the schemas of what is served by gRPC server reflection.")
    var reflection = false

    @Option(help: "Seconds after SIGTERM in which all is served.")
    var endpointDelay = 0

    @Option(help: "Seconds that calls in flight get to finish afterwards.")
    var grace = 30

    func validate() throws {
        guard (0...65_535).contains(port) else {
            throw ValidationError("--port must be 0 to 65535")
        }
        guard (1...1_024).contains(loops) else {
            throw ValidationError("--loops must be 1 to 1024")
        }
        guard endpointDelay >= 0, grace >= 0 else {
            throw ValidationError("--endpoint-delay and --grace are seconds, 0 or more")
        }
    }

    func run() async throws {
        let readiness = Readiness()
        let certificates = try tls.certificates()
        let server = RPCServer(
            listeners: [
                RPCListener(host: "127.0.0.1", port: port, tls: try certificates?.context())
            ],
            handler: handler(readiness), profile: .mesh, telemetry: observed ? telemetry : nil,
            group: MultiThreadedEventLoopGroup(numberOfThreads: loops))
        try await server.start()
        let times = DrainTimes(
            endpointDelay: .seconds(endpointDelay), grace: .seconds(grace))
        let termination = Termination(server, readiness: readiness, times: times)
        let line = "ready rpc-bench-server rpc=\(server.port)\n"
        try FileHandle.standardOutput.write(contentsOf: Data(line.utf8))
        let watch = Task { await certificates?.watch() }
        defer { watch.cancel() }
        try await server.run()
        withExtendedLifetime(termination) {}
    }

    private func handler(_ readiness: Readiness) -> any RequestHandler {
        if everyMethod { return EveryMethod() }
        return ServiceRouter(
            StandardServices.added(
                to: [EchoService(), StreamingService()], readiness: readiness,
                reflection: reflection),
            authorizer: ScopeAuthorizer(openScopes: [StandardServices.reflectionScope]),
            known: observed ? PolicyTable.all : [])
    }

    /// What a service has that exports traces and records none of these calls.
    private var telemetry: RPCTelemetry {
        RPCTelemetry(
            methods: PolicyTable.all, settings: RPCTelemetry.Settings(), log: Discard(),
            spans: SpanQueue())
    }

    /// A log that is read by nobody.
    private struct Discard: CallObserver {
        func callEnded(_ record: CallRecord) {}
    }
}
