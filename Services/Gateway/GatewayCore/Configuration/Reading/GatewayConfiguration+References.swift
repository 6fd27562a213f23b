extension GatewayConfiguration {
    /// Names that one part of the file gives and another must know.
    func checkReferences() throws(ConfigurationError) {
        let names = Set(listeners.map(\.name))
        for route in routes {
            for name in route.listeners ?? [] where !names.contains(name) {
                throw error(
                    at: route.place,
                    "there is no listener \"\(name)\", only \(Self.enumerated(names))")
            }
            try checkCertificates(route)
        }
        for rule in authentication.certificates {
            try checkTenant(rule.tenant, at: rule.place)
            for role in rule.roles where roles[role] == nil {
                throw error(at: rule.place, "there is no role \"\(role)\"")
            }
        }
        for issuer in authentication.issuers {
            for tenant in issuer.tenants { try checkTenant(tenant, at: issuer.place) }
        }
        for (name, client) in clients.sorted(by: { $0.key < $1.key }) {
            try checkTenant(String(name.prefix { $0 != "/" }), at: client.place)
        }
    }

    private func checkTenant(_ name: String, at place: SourcePlace) throws(ConfigurationError) {
        guard tenants[name] == nil else { return }
        throw error(at: place, "there is no tenant \"\(name)\" under authorization.tenants")
    }

    /// A route that wants certificates is of no use on a listener that asks for none.
    private func checkCertificates(_ route: Route) throws(ConfigurationError) {
        let settings = [route.settings] + route.methods.sorted { $0.key < $1.key }.map(\.value)
        for setting in settings where setting.clientCertificate == .required {
            for listener in listeners {
                guard route.listeners?.contains(listener.name) ?? true,
                    listener.tls?.clientAuthorities == nil
                else { continue }
                throw error(
                    at: setting.place,
                    "client_certificate: required needs tls.client_ca at the listener "
                        + "\"\(listener.name)\", or listeners: here without it")
            }
        }
    }

    static func enumerated(_ names: Set<String>) -> String {
        names.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
    }
}
