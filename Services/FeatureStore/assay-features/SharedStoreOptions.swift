import ArgumentParser
import FeatureCore
import Foundation
import NIOPosix
import Redis
import TLS

/// What a process does with a shared store.
enum ServiceRole: String, ExpressibleByArgument, CaseIterable {
    case server, keeper
}

/// Where the shared store is, and what is asked of it.
struct SharedStoreOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The Redis or Valkey server that holds states and events, instead of --data.",
            discussion: """
                redis://[USER@]HOST:PORT, or rediss:// for TLS. The password comes from \
                --redis-password-file or the environment variable ASSAY_REDIS_PASSWORD: on the \
                command line everybody on the machine could read it.
                """, valueName: "url"), transform: { try RedisURL($0) })
    var redis: RedisURL?

    @Option(help: "File with the password of the shared store.")
    var redisPasswordFile: String?

    @Option(help: "PEM file with the authorities of the shared store's certificate (rediss://).")
    var redisTLSTrust: String?

    @Option(help: "PEM file with the certificate to show to the shared store, if it asks for one.")
    var redisTLSCertificate: String?

    @Option(help: "PEM file with the key of that certificate.")
    var redisTLSKey: String?

    @Option(help: "Replicas that must confirm an event within 50 ms for its receipt to say so.")
    var redisReplicas = 0

    @Option(help: "Milliseconds that a round trip to the shared store may take; a call needs two.")
    var redisTimeout = 20

    @Flag(help: "Accept a shared store that loses everything at its end.")
    var allowVolatile = false

    func validate() throws {
        guard (1...10_000).contains(redisTimeout) else {
            throw ValidationError("--redis-timeout must be 1 to 10000 milliseconds")
        }
        guard (0...8).contains(redisReplicas) else {
            throw ValidationError("--redis-replicas must be 0 to 8")
        }
        guard let redis else { return }
        if redis.password != nil, redisPasswordFile != nil {
            throw ValidationError("--redis has a password, and so has --redis-password-file")
        }
        if redis.isEncrypted, redisTLSTrust == nil {
            throw ValidationError("--redis-tls-trust is needed with rediss://")
        }
        if !redis.isEncrypted, redisTLSTrust != nil || redisTLSCertificate != nil {
            throw ValidationError("--redis says redis://, which is not encrypted: use rediss://")
        }
        guard (redisTLSCertificate == nil) == (redisTLSKey == nil) else {
            throw ValidationError("--redis-tls-certificate and --redis-tls-key belong together")
        }
    }

    var configuration: SharedStoreConfiguration {
        var configuration = SharedStoreConfiguration()
        configuration.roundTrip = .milliseconds(redisTimeout)
        configuration.replicas = redisReplicas
        configuration.allowsVolatile = allowVolatile
        return configuration
    }

    /// Connects, or throws what a person can do about it.
    func connect(
        to url: RedisURL, connections: Int, _ group: MultiThreadedEventLoopGroup
    ) async throws -> RedisClient {
        var connection = url.configuration(tls: try tlsContext(url))
        if let password = try password() { connection.password = password }
        connection.scripts = SharedScripts.all
        connection.maximumInFlight = 16_384
        // A blob has at most a megabyte, and the keeper reads many rows at once.
        connection.maximumCommandBytes = 4 << 20
        connection.replyLimits.replyBytes = 64 << 20
        connection.replyLimits.replyElements = 1 << 20
        var configuration = RedisClient.Configuration(connection)
        configuration.connections = connections
        let client = RedisClient(configuration, group: group)
        do {
            try await client.connected(within: .seconds(10))
        } catch {
            await client.close()
            throw NotConnected(url: url, error: error)
        }
        return client
    }

    private func password() throws -> String? {
        guard let redisPasswordFile else {
            return ProcessInfo.processInfo.environment["ASSAY_REDIS_PASSWORD"]
        }
        guard let text = try? String(contentsOfFile: redisPasswordFile, encoding: .utf8) else {
            throw ValidationError("--redis-password-file: \(redisPasswordFile) cannot be read")
        }
        return text.trimmingCharacters(in: .newlines)
    }

    private func tlsContext(_ url: RedisURL) throws -> TLSContext? {
        guard url.isEncrypted, let redisTLSTrust else { return nil }
        var identity: TLSIdentity?
        if let redisTLSCertificate, let redisTLSKey {
            identity = try TLSIdentity(certificateFile: redisTLSCertificate, keyFile: redisTLSKey)
        }
        return try TLSContext.client(
            trust: TLSTrust(file: redisTLSTrust), identity: identity, serverName: url.host,
            versions: .edge, alpn: [])
    }
}

/// Why a process with a shared store does not start.
private struct NotConnected: Error, CustomStringConvertible {
    let url: RedisURL
    let error: any Error

    var description: String {
        guard (error as? RedisError)?.isRefusal == true else {
            return "the shared store at \(url) cannot be reached: \(error). Is it running, and is"
                + " --redis its address?"
        }
        return
            "the shared store at \(url) does not let us in: \(error). The user stands in --redis,"
            + " the password in --redis-password-file or ASSAY_REDIS_PASSWORD."
    }
}
