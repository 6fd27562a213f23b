import GatewayCore
import NIOCore
import Observability
import RPC
import RPCTransport
import ServiceRuntime
import Synchronization
import TLS

/// The connections to services, by what the configuration says of each. A new configuration goes on
/// with those that it leaves as they are; what it leaves out ends with its last call.
final class UpstreamClients: Sendable {
    private let config: String
    private let isInsecure: Bool
    private let serviceConfig: ServiceConfigFile?
    private let environment: ServiceEnvironment
    private let observability: Observability
    private let clients = Mutex<[GatewayConfiguration.Upstream: RPCClient]>([:])

    /// - Parameters:
    ///   - config: The configuration's name, for complaints.
    ///   - isInsecure: Reaches services without TLS, on loopback addresses only.
    init(
        config: String, isInsecure: Bool, serviceConfig: ServiceConfigFile?,
        environment: ServiceEnvironment, observability: Observability
    ) {
        self.config = config
        self.isInsecure = isInsecure
        self.serviceConfig = serviceConfig
        self.environment = environment
        self.observability = observability
    }

    /// The state that serves by a snapshot, connected as far as its services can be reached now.
    func state(for snapshot: GatewaySnapshot) async throws -> ServingState {
        let upstreams = snapshot.configuration.upstreams
        let known = clients.withLock { $0 }
        var all: [RPCClient] = []
        for upstream in upstreams {
            if let client = known[upstream] {
                all.append(client)
                continue
            }
            let client = try make(upstream)
            await client.warmUp()
            all.append(client)
        }
        let next = Dictionary(zip(upstreams, all)) { first, _ in first }
        clients.withLock { $0 = next }
        observability.watch(clients: all)
        return ServingState(snapshot: snapshot, upstreams: all)
    }

    /// The names of those that must be there and have no endpoint.
    func unreached(witness: any EventLoopGroup) async -> [String] {
        var missing: [String] = []
        for (upstream, client) in clients.withLock({ $0 }) where upstream.isRequired {
            let states = await client.totals(witness: witness).endpointStates
            if states["ready"] == nil { missing.append(upstream.name) }
        }
        return missing
    }

    /// Tries those with these names again, as far as their pauses are over.
    func connect(to names: [String]) async {
        for (upstream, client) in clients.withLock({ $0 }) where names.contains(upstream.name) {
            await client.warmUp()
        }
    }

    func close() async {
        for client in clients.withLock({ Array($0.values) }) { await client.close() }
    }

    private func make(_ upstream: GatewayConfiguration.Upstream) throws -> RPCClient {
        guard let mesh = environment.certificates else {
            guard upstream.isLoopback else {
                throw GatewayCore.ConfigurationError(
                    file: config,
                    message:
                        "upstream \(upstream.name): --insecure reaches loopback addresses only, "
                        + "not \(upstream.target)")
            }
            return try RPCClient(
                upstream.target, profile: .upstream, policy: upstream.policy,
                serviceConfig: serviceConfig?.slot, telemetry: observability.telemetry,
                group: environment.group)
        }
        let expected = try upstream.expect.map { text in
            guard let id = SPIFFEID(text) else {
                throw GatewayCore.ConfigurationError(
                    file: config, message: "\(upstream.name): \(text) is no SPIFFE ID")
            }
            return id
        }
        return try RPCClient(
            upstream.target, tls: try mesh.clientContext(expecting: expected), profile: .upstream,
            policy: upstream.policy, serviceConfig: serviceConfig?.slot,
            telemetry: observability.telemetry, group: environment.group)
    }
}
