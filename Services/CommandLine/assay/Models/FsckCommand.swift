import ArgumentParser
import Foundation
import ModelCore
import NIOPosix
import Redis
import Storage
import TLS

/// Looks at every row and file of a registry.
struct FsckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fsck",
        abstract: "Checks every row and file of a registry that nobody changes meanwhile.",
        discussion: """
            Every event's seal and place in its chain, every row against the event that wrote it, \
            every model file against its hash. Names what is not as it was written, and ends with 1 \
            if there is any.
            """)

    @Option(help: "The --data of assay-models, or a workspace; no service may have it open.")
    var data: String?

    @Option(
        help: "The --registry-redis of assay-models, instead of --data.",
        transform: { try RedisURL($0) })
    var registryRedis: RedisURL?

    @Option(help: "PEM file with the authorities of that server's certificate (rediss://).")
    var registryRedisTLSTrust: String?

    @Option(help: "Folder of model files, if not below --data.")
    var artifacts: String?

    func validate() throws {
        guard (data == nil) != (registryRedis == nil) else {
            throw ValidationError("give --data or --registry-redis")
        }
        if registryRedis != nil, artifacts == nil {
            throw ValidationError("--artifacts is needed with --registry-redis")
        }
        if registryRedis?.isEncrypted == true, registryRedisTLSTrust == nil {
            throw ValidationError("--registry-redis-tls-trust is needed with rediss://")
        }
    }

    func run() async throws {
        let report: InspectionReport
        if let registryRedis {
            report = try await inspectShared(registryRedis)
        } else {
            report = try await inspectFolder()
        }
        for file in report.unreferenced { print("unreferenced: \(file)") }
        for finding in report.findings { print("damaged: \(finding)") }
        print(
            "\(report.chains) chains, \(report.rows) rows, \(report.events) events, "
                + "\(report.artifacts) model files: "
                + (report.findings.isEmpty
                    ? "all as they were written" : "\(report.findings.count) damaged"))
        if !report.findings.isEmpty { throw ExitCode(1) }
    }

    private func inspectFolder() async throws -> InspectionReport {
        let folder = try Self.folder(data ?? "")
        let files = try Self.files(artifacts ?? "\(folder)/artifacts")
        let store = try Self.open("\(folder)/registry")
        let report = await RegistryInspection(store: store, artifacts: files).run()
        store.close()
        return report
    }

    private static func open(_ directory: String) throws -> RocksDBStore {
        do {
            return try RocksDBStore(directory: directory, families: ModelRegistry.allFamilies)
        } catch {
            if error.code == .locked {
                throw Complaint("\(directory): a service has it open; stop it first")
            }
            throw Complaint("\(directory) cannot be opened: \(error)")
        }
    }

    private func inspectShared(_ url: RedisURL) async throws -> InspectionReport {
        let files = try Self.files(artifacts ?? "")
        var connection = url.configuration(tls: try tlsContext(url))
        if let password = ProcessInfo.processInfo.environment["ASSAY_REGISTRY_REDIS_PASSWORD"] {
            connection.password = password
        }
        RedisRegistryStore.prepare(&connection)
        let client = RedisClient(
            RedisClient.Configuration(connection), group: MultiThreadedEventLoopGroup.singleton)
        let result: Result<InspectionReport, any Error>
        do {
            result = .success(try await Self.inspect(client, files))
        } catch {
            result = .failure(Complaint("\(url): \(error)"))
        }
        await client.close()
        return try result.get()
    }

    private func tlsContext(_ url: RedisURL) throws -> TLSContext? {
        guard url.isEncrypted, let registryRedisTLSTrust else { return nil }
        return try TLSContext.client(
            trust: TLSTrust(file: registryRedisTLSTrust), serverName: url.host, versions: .edge,
            alpn: [])
    }

    private static func inspect(
        _ client: RedisClient, _ files: ArtifactFolder
    ) async throws -> InspectionReport {
        try await client.connected(within: .seconds(10))
        var configuration = RedisRegistryStore.Configuration()
        configuration.timeout = .seconds(60)
        configuration.allowsVolatile = true
        let store = try await RedisRegistryStore(client, configuration: configuration)
        return await RegistryInspection(store, files).run()
    }

    /// A folder that is not there is a mistake, and none is made here.
    private static func folder(_ path: String) throws -> String {
        for folder in [path, "\(path)/data/models"] {
            if FileManager.default.fileExists(atPath: "\(folder)/registry/CURRENT") {
                return folder
            }
        }
        throw Complaint("\(path) holds no registry: expected \(path)/registry")
    }

    private static func files(_ path: String) throws -> ArtifactFolder {
        guard FileManager.default.fileExists(atPath: "\(path)/sha256") else {
            throw Complaint("\(path) holds no model files: expected \(path)/sha256")
        }
        // Nothing is removed from it.
        return ArtifactFolder(existing: path)
    }
}
