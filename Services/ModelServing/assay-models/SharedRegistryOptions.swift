import ArgumentParser
import Foundation
import ModelCore
import NIOPosix
import Redis
import TLS

/// Where a registry is that several processes share, and what is asked of it.
struct SharedRegistryOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The Redis or Valkey server that holds the registry, instead of --data.",
            discussion: """
                redis://[USER@]HOST:PORT, or rediss:// for TLS. The password comes from \
                --registry-redis-password-file or the environment variable \
                ASSAY_REGISTRY_REDIS_PASSWORD: on the command line everybody on the machine could \
                read it. Model files are not kept there: --artifacts names a folder that all \
                processes see.
                """, valueName: "url"), transform: { try RedisURL($0) })
    var registryRedis: RedisURL?

    @Option(help: "File with the password of the shared registry.")
    var registryRedisPasswordFile: String?

    @Option(help: "PEM file with the authorities of the shared registry's certificate (rediss://).")
    var registryRedisTLSTrust: String?

    @Option(
        help: "PEM file with the certificate to show to the shared registry, if it asks for one.")
    var registryRedisTLSCertificate: String?

    @Option(help: "PEM file with the key of that certificate.")
    var registryRedisTLSKey: String?

    @Option(help: "Replicas that must have a change before it is acknowledged.")
    var registryRedisReplicas = 0

    @Option(help: "Milliseconds that a round trip to the shared registry may take.")
    var registryRedisTimeout = 2_000

    @Flag(help: "Accept a shared registry that loses everything at its end.")
    var registryAllowVolatile = false

    @Option(help: "Folder of model files, if not below --data; one for all who share a registry.")
    var artifacts: String?

    func validate() throws {
        guard (1...60_000).contains(registryRedisTimeout) else {
            throw ValidationError("--registry-redis-timeout must be 1 to 60000 milliseconds")
        }
        guard (0...8).contains(registryRedisReplicas) else {
            throw ValidationError("--registry-redis-replicas must be 0 to 8")
        }
        guard let registryRedis else { return }
        guard artifacts != nil else {
            throw ValidationError(
                "--artifacts is needed with --registry-redis: a folder that all processes see")
        }
        if registryRedis.password != nil, registryRedisPasswordFile != nil {
            throw ValidationError(
                "--registry-redis has a password, and so has --registry-redis-password-file")
        }
        if registryRedis.isEncrypted, registryRedisTLSTrust == nil {
            throw ValidationError("--registry-redis-tls-trust is needed with rediss://")
        }
        if !registryRedis.isEncrypted,
            registryRedisTLSTrust != nil || registryRedisTLSCertificate != nil
        {
            throw ValidationError(
                "--registry-redis says redis://, which is not encrypted: use rediss://")
        }
        guard (registryRedisTLSCertificate == nil) == (registryRedisTLSKey == nil) else {
            throw ValidationError(
                "--registry-redis-tls-certificate and --registry-redis-tls-key belong together")
        }
    }

    /// The shared registry; nil if it is to be below --data. Throws what a person can do about it.
    func open(_ group: MultiThreadedEventLoopGroup) async throws -> SharedRegistry? {
        guard let registryRedis else { return nil }
        var connection = registryRedis.configuration(tls: try tlsContext(registryRedis))
        if let password = try password() { connection.password = password }
        RedisRegistryStore.prepare(&connection)
        let client = RedisClient(RedisClient.Configuration(connection), group: group)
        do {
            try await client.connected(within: .seconds(10))
            return SharedRegistry(client: client, store: try await store(client))
        } catch {
            await client.close()
            throw NotConnected(url: registryRedis, error: error)
        }
    }

    private func store(_ client: RedisClient) async throws -> RedisRegistryStore {
        var configuration = RedisRegistryStore.Configuration()
        configuration.replicas = registryRedisReplicas
        configuration.timeout = .milliseconds(registryRedisTimeout)
        configuration.allowsVolatile = registryAllowVolatile
        return try await RedisRegistryStore(client, configuration: configuration)
    }

    private func password() throws -> String? {
        guard let registryRedisPasswordFile else {
            return ProcessInfo.processInfo.environment["ASSAY_REGISTRY_REDIS_PASSWORD"]
        }
        guard let text = try? String(contentsOfFile: registryRedisPasswordFile, encoding: .utf8)
        else {
            throw ValidationError(
                "--registry-redis-password-file: \(registryRedisPasswordFile) cannot be read")
        }
        return text.trimmingCharacters(in: .newlines)
    }

    private func tlsContext(_ url: RedisURL) throws -> TLSContext? {
        guard url.isEncrypted, let registryRedisTLSTrust else { return nil }
        var identity: TLSIdentity?
        if let registryRedisTLSCertificate, let registryRedisTLSKey {
            identity = try TLSIdentity(
                certificateFile: registryRedisTLSCertificate, keyFile: registryRedisTLSKey)
        }
        return try TLSContext.client(
            trust: TLSTrust(file: registryRedisTLSTrust), identity: identity,
            serverName: url.host, versions: .edge, alpn: [])
    }
}

/// A registry that several processes share, and the connections to it.
struct SharedRegistry: Sendable {
    let client: RedisClient
    let store: RedisRegistryStore
}

/// Why a process with a shared registry does not start.
private struct NotConnected: Error, CustomStringConvertible {
    let url: RedisURL
    let error: any Error

    var description: String {
        if let error = error as? UnfitServer { return "the shared registry at \(url): \(error)" }
        guard (error as? RedisError)?.isRefusal == true else {
            return
                "the shared registry at \(url) cannot be reached: \(error). Is it running, and is"
                + " --registry-redis its address?"
        }
        return "the shared registry at \(url) does not let us in: \(error). The user stands in"
            + " --registry-redis, the password in --registry-redis-password-file or"
            + " ASSAY_REGISTRY_REDIS_PASSWORD."
    }
}
