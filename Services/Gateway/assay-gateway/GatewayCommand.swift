import ArgumentParser
import AssayMessages
import Foundation
import GatewayCore
import Logging
import ServiceRuntime

/// The only process that clients reach: decides who calls, whether they may and how often, and
/// forwards bytes.
@main
struct GatewayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "assay-gateway",
        abstract: "Authenticates, limits and forwards calls to the services behind it.")

    @Option(help: "YAML file that says everything else.")
    var config: String

    @Flag(help: "Read the configuration and all files it names, say what is wrong, and end.")
    var check = false

    @Option(
        help:
            "HOST:PORT for clients, in place of the configuration's; port 0 lets the system choose."
    )
    var listen: ListenAddress?

    @Option(help: "HOST:PORT of the admin port, in place of the configuration's.")
    var admin: ListenAddress?

    @Option(help: "File that the access log is appended to; - is standard error.")
    var accessLog: String?

    @Flag(help: "Reach services without TLS, on loopback addresses only.")
    var insecure = false

    @OptionGroup var telemetry: TelemetryOptions

    @Option(help: "Least severe level that is logged.")
    var logLevel = Logger.Level.info

    @Option(
        help: "Seconds after SIGTERM in which all is served, while load balancers learn of the end."
    )
    var endpointDelay = 8

    @Option(help: "Seconds that calls in flight get to finish afterwards.")
    var grace = 30

    @Option(help: "Event loops; the machine's cores if absent.")
    var loops: Int?

    func run() async throws {
        let identities = IdentityState()
        let loader = GatewayLoader(methods: PolicyTable.all, identities: identities) { path in
            guard let data = FileManager.default.contents(atPath: path) else {
                throw UnreadableFile()
            }
            return Array(data)
        }
        let snapshot: GatewaySnapshot
        let serviceConfig: ServiceConfigFile?
        do {
            snapshot = try loader.load(config)
            serviceConfig = try snapshot.configuration.serviceConfig.map {
                try ServiceConfigFile(
                    path: GatewayLoader.resolve($0, besides: config), methods: PolicyTable.all)
            }
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            throw ExitCode(1)
        }
        if check {
            print(summary(snapshot))
            return
        }
        let gateway = try GatewayProcess(
            command: self, snapshot: snapshot, identities: identities,
            serviceConfig: serviceConfig)
        try await ServiceHarness(name: "gateway", options: gateway.options(), loops: loops).run {
            environment in try await gateway.start(environment)
        }
    }

    private func summary(_ snapshot: GatewaySnapshot) -> String {
        let routes = snapshot.routes.routes
        return "\(config): \(routes.count) methods on "
            + "\(snapshot.configuration.upstreams.count) upstreams, "
            + "\(snapshot.plans.count) plans, \(snapshot.scopes.names.count) scopes"
    }
}

private struct UnreadableFile: Error, CustomStringConvertible {
    let description = "it is not there, or may not be read"
}
