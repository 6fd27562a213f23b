import Observability
import RPC
import RPCTransport
import ServiceRuntime
import TLS

/// The two services that an assessment calls.
struct Upstreams {
    let features: RPCClient
    let models: RPCClient

    init(
        _ options: AssayRisk, _ environment: ServiceEnvironment, _ observability: Observability
    ) throws {
        func client(
            _ target: String, _ service: String, _ balancing: LoadBalancing
        ) throws -> RPCClient {
            let context = try environment.meshFiles?
                .clientContext(expecting: [SPIFFEID.service(service)])
            return try RPCClient(
                target, tls: context, profile: .mesh, policy: ClientPolicy(balancing: balancing),
                claimedIdentity: SPIFFEID.service("assay-risk").description,
                telemetry: observability.telemetry, group: environment.group)
        }
        features = try client(options.features, "assay-features", .ringHash(spill: .next))
        models = try client(options.models, "assay-models", .p2c)
    }

    /// Before readiness, so that the first payment does not wait for two handshakes.
    func warmUp() async {
        await features.warmUp()
        await models.warmUp()
    }

    func close() async {
        await features.close()
        await models.close()
    }
}
