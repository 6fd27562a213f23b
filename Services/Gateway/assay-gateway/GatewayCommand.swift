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

    @Option(help: "With --check: say what would change if --config took the place of this file.")
    var against: String?

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

    func validate() throws {
        guard against == nil || check else {
            throw ValidationError("--against compares configurations, and goes with --check")
        }
    }

    func run() async throws {
        let record = FileRecord(read: Self.contents)
        let identities = IdentityState(keySets: KeySetKeeper.directory())
        let snapshot: GatewaySnapshot
        let serviceConfig: ServiceConfigFile?
        do {
            snapshot = try Self.loader(record, identities).load(config)
            serviceConfig = try snapshot.configuration.serviceConfig.map {
                try ServiceConfigFile(
                    path: GatewayLoader.resolve($0, besides: config), methods: PolicyTable.all)
            }
            if check {
                try report(snapshot)
                return
            }
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            throw ExitCode(1)
        }
        let reloader = ConfigurationReloader(
            file: config, current: snapshot, record: record,
            makeLoader: { Self.loader($0, identities) })
        let gateway = try GatewayProcess(
            command: self, snapshot: snapshot, reloader: reloader, identities: identities,
            serviceConfig: serviceConfig)
        try await ServiceHarness(name: "gateway", options: gateway.options(), loops: loops).run {
            environment in try await gateway.start(environment)
        }
    }

    private func report(_ snapshot: GatewaySnapshot) throws {
        let report = ConfigurationCheckReport(file: config, snapshot: snapshot)
        try report.checkCertificates()
        print(report.summary)
        for warning in snapshot.configuration.warnings { print(warning) }
        guard let against else { return }
        let other = try Self.loader(FileRecord(read: Self.contents), IdentityState()).load(against)
        print(report.difference(against: other))
    }

    private static func loader(
        _ record: FileRecord, _ identities: IdentityState
    ) -> GatewayLoader {
        GatewayLoader(methods: PolicyTable.all, identities: identities) { try record.bytes($0) }
    }

    private static func contents(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else { throw UnreadableFile() }
        return Array(data)
    }
}

private struct UnreadableFile: Error, CustomStringConvertible {
    let description = "it is not there, or may not be read"
}
