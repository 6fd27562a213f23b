import AssayMessages
import Observability
import RPC
import RPCTransport
import ServiceRuntime
import TLS

/// The two services that an assessment calls.
struct Upstreams {
    let features: RPCClient
    let models: RPCClient
    private let config: ServiceConfigFile?

    init(
        _ options: AssayRisk, _ environment: ServiceEnvironment, _ observability: Observability
    ) throws {
        let config = try options.serviceConfig.map {
            try ServiceConfigFile(path: $0, methods: PolicyTable.all)
        }
        self.config = config
        func client(
            _ target: String, _ service: String, _ balancing: LoadBalancing
        ) throws -> RPCClient {
            let context = try environment.certificates?
                .clientContext(expecting: [SPIFFEID.service(service)])
            return try RPCClient(
                target, tls: context, profile: .mesh,
                policy: ClientPolicy(balancing: balancing, healthService: ""),
                serviceConfig: config?.slot,
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

    /// Reads the service config again whenever it changes; nil if there is none.
    func watchConfig(_ environment: ServiceEnvironment) -> Task<Void, Never>? {
        config?.watch(environment.logger)
    }

    func close() async {
        await features.close()
        await models.close()
    }
}
