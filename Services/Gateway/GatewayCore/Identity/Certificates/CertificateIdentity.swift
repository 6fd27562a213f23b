internal import RPC

/// Which client a verified certificate stands for.
struct CertificateIdentity: Sendable {
    enum Outcome: Sendable {
        /// The configuration knows nothing of it: it may accompany another credential.
        case unknown
        case principal(Principal)
        /// It has names of several clients.
        case ambiguous
    }

    private var workloads: [String: Principal] = [:]
    private var hosts: [String: Principal] = [:]
    private var thumbprints: [[UInt8]: Principal] = [:]

    init(
        _ rules: [GatewayConfiguration.CertificateRule], _ resolver: PrincipalResolver
    ) {
        for rule in rules {
            let grant = PrincipalResolver.Grant(
                tenant: rule.tenant, client: rule.client, scopes: rule.scopes, roles: rule.roles,
                credential: .certificate)
            // The configuration was checked: the tenant is there.
            guard let principal = resolver.principal(grant) else { continue }
            switch rule.subject {
            case .spiffe(let id): workloads[id] = principal
            case .dns(let name): hosts[name] = principal
            case .thumbprint(let digits):
                if let bytes = APIKeyFile.thumbprint(digits) { thumbprints[bytes] = principal }
            }
        }
    }

    func find(_ certificate: PeerCertificate) -> Outcome {
        var found = thumbprints[certificate.thumbprint]
        if let other = certificate.spiffeID.flatMap({ workloads[$0] }) {
            guard Self.agree(found, other) else { return .ambiguous }
            found = found ?? other
        }
        if !hosts.isEmpty {
            for name in certificate.dnsNames {
                guard let other = hosts[name.lowercased()] else { continue }
                guard Self.agree(found, other) else { return .ambiguous }
                found = found ?? other
            }
        }
        guard var principal = found else { return .unknown }
        principal.expires = certificate.expiresAt
        return .principal(principal)
    }

    private static func agree(_ left: Principal?, _ right: Principal) -> Bool {
        left?.isSameClient(as: right) ?? true
    }
}
