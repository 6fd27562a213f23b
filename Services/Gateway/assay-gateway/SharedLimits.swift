import Foundation
import GatewayCore
import NIOCore
import Redis
import ServiceRuntime
import TLS

/// The limits of this process: its own, or those that it keeps with other replicas in the Redis that
/// the configuration names.
///
/// The process starts, and is ready, whether or not Redis is there. Which Redis it is, and how many
/// replicas there are before that is known, is read at the start alone.
struct SharedLimits {
    let limits: GatewayLimits
    private let client: RedisClient?
    private let heartbeat: ReplicaHeartbeat?
    private let beats: Task<Void, Never>?

    init(
        _ configuration: GatewayConfiguration, config: String, _ environment: ServiceEnvironment
    ) throws {
        let replicas = ReplicaCount(configured: configuration.replicas)
        let clock = GatewayClock.system
        var settings = RateLimiter.Configuration()
        // The metric is there without a store, too.
        settings.observe = Self.observer(environment.metrics)
        var store: RedisRateLimitStore?
        if let configured = configuration.store {
            let client = try Self.connect(configured, configuration, config: config, environment)
            store = RedisRateLimitStore(client, now: clock.now)
            settings.budget = configured.budget.nanoseconds
            let name =
                "\(ProcessInfo.processInfo.processIdentifier)-\(UInt64.random(in: 0 ... .max))"
            let heartbeat = ReplicaHeartbeat(client, name: name, replicas: replicas)
            self.client = client
            self.heartbeat = heartbeat
            beats = Task {
                // The first one counts as soon as it can.
                try? await client.connected()
                while !Task.isCancelled {
                    await heartbeat.beat()
                    try? await Task.sleep(for: ReplicaHeartbeat.interval)
                }
            }
        } else {
            (client, heartbeat, beats) = (nil, nil, nil)
        }
        let seed = UInt64.random(in: 0 ... .max)
        limits = GatewayLimits(
            rates: RateLimiter(
                store: store, table: RateLimitTable(seed: seed), replicas: replicas, seed: seed,
                configuration: settings,
                clock: { Int64(clamping: clock.now().nanoseconds) }),
            addresses: AddressLimiter(seed: seed &+ 1))
    }

    /// How long the store takes, and how often it does not answer.
    private static func observer(
        _ metrics: MetricsRegistry
    ) -> @Sendable (Int64, StoreFault?) -> Void {
        let seconds = metrics.histogram(
            "assay_gateway_limit_seconds", help: "What a decision of the store took.",
            bounds: [0.0001, 0.0002, 0.0003, 0.0005, 0.00075, 0.001, 0.0015, 0.002, 0.003, 0.005])
        let help = "Decisions of the store that did not come."
        let name = "assay_gateway_store_faults_total"
        let late = metrics.counter(name, help: help, labels: ["kind": "late"])
        let failed = metrics.counter(name, help: help, labels: ["kind": "failed"])
        return { nanoseconds, fault in
            switch fault {
            case nil: seconds.observe(Duration.nanoseconds(nanoseconds))
            case .late: late.increment()
            case .failed: failed.increment()
            }
        }
    }

    /// The configuration has changed: without a store its count of replicas holds at once.
    func apply(_ configuration: GatewayConfiguration) {
        limits.rates.replicas.configured(configuration.replicas)
    }

    /// The other replicas may have this one's share.
    func close() async {
        beats?.cancel()
        await heartbeat?.leave()
        await client?.close()
        // It may have waited for a connection until just now.
        await beats?.value
    }

    private static func connect(
        _ store: GatewayConfiguration.Store, _ configuration: GatewayConfiguration,
        config: String, _ environment: ServiceEnvironment
    ) throws -> RedisClient {
        let url: RedisURL
        do {
            url = try RedisURL(store.url)
        } catch {
            throw ConfigurationError(file: config, message: "store.url: \(error)")
        }
        var connection = url.configuration(
            tls: try context(url, store, configuration, config: config))
        connection.username = store.username
        if let file = store.passwordFile {
            let path = GatewayLoader.resolve(file, besides: config)
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw ConfigurationError(file: path, message: "the store's password cannot be read")
            }
            connection.password = text.trimmingCharacters(in: .newlines)
        }
        let loops = environment.group.makeIterator().reduce(0) { count, _ in count + 1 }
        return RedisClient(
            RedisRateLimitStore.configured(connection, connections: loops),
            group: environment.group)
    }

    private static func context(
        _ url: RedisURL, _ store: GatewayConfiguration.Store,
        _ configuration: GatewayConfiguration, config: String
    ) throws -> TLSContext? {
        guard url.isEncrypted else { return nil }
        guard let authorities = store.authorities ?? configuration.mesh?.bundle else {
            throw ConfigurationError(
                file: config, message: "store.ca is missing: rediss:// needs it, or mesh.bundle")
        }
        let path = GatewayLoader.resolve(authorities, besides: config)
        return try TLSContext.client(
            trust: TLSTrust(file: path), identity: nil, serverName: url.host, versions: .edge,
            alpn: [])
    }

    /// Adds what the limits have decided to the admin port's metrics.
    func collectMetrics(_ metrics: MetricsRegistry) {
        let (rates, hasStore) = (limits.rates, client != nil)
        metrics.collect { text in
            text.header(
                "assay_gateway_limit_total", help: "Decisions of the limits.", kind: .counter)
            for count in rates.counters.all {
                text.sample(
                    "assay_gateway_limit_total",
                    labels: [
                        ("rule", count.rule), ("result", count.result), ("source", count.source),
                    ], Double(count.count))
            }
            text.header(
                "assay_gateway_replicas", help: "Gateways that share the limits.", kind: .gauge)
            text.sample("assay_gateway_replicas", Double(rates.replicas.value))
            guard hasStore else { return }
            text.header(
                "assay_gateway_store_state",
                help: "The store of the limits is asked (0), left alone (1), tried again (2).",
                kind: .gauge)
            text.sample("assay_gateway_store_state", Double(rates.storeState))
        }
    }
}

extension Duration {
    /// Those of a budget are few.
    fileprivate var nanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
