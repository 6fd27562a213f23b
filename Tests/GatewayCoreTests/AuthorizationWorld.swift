import RPC

@testable import GatewayCore

/// A made-up gateway's tenants, roles, clients, keys and routes: as YAML for the gateway, and as plain
/// sets of names for an oracle that shares no code with it.
struct AuthorizationWorld {
    struct Tenant {
        var isActive: Bool
        var scopes: [String]
    }

    struct Key {
        var number: UInt8
        var tenant: String
        var client: String
        var scopes: [String]
        var roles: [String]
        var isRevoked: Bool
        var expires: Int64?
    }

    struct Route {
        var service: String
        var listeners: [Int]?
        var wantsCertificate: Bool?
        /// By the method's name.
        var methods: [String: Bool]
    }

    var roles: [String: [String]] = [:]
    var tenants: [String: Tenant] = [:]
    /// "tenant/client".
    var suspended: Set<String> = []
    var keys: [Key] = []
    var routes: [Route] = []

    static let wallClock: Int64 = 2_000

    /// Why the call is refused; "" if it is not.
    func verdict(
        _ method: MethodDescriptor, key number: UInt8?, listener: Int, hasCertificate: Bool,
        forwards kinds: Set<MethodKind>
    ) -> String {
        let parts = method.path.split(separator: "/").map(String.init)
        guard let route = routes.first(where: { $0.service == parts[0] }),
            kinds.contains(method.kind), route.listeners?.contains(listener) ?? true
        else { return "UNKNOWN_METHOD" }
        let wantsCertificate = route.methods[parts[1]] ?? route.wantsCertificate ?? false
        guard case .scope(let needed, _) = method.access else {
            return wantsCertificate && !hasCertificate ? "MTLS_REQUIRED" : ""
        }
        guard let number else { return "NO_CREDENTIALS" }
        guard let key = keys.first(where: { $0.number == number }) else { return "BAD_CREDENTIALS" }
        if key.isRevoked { return "BAD_CREDENTIALS" }
        if let expires = key.expires, expires <= Self.wallClock { return "EXPIRED" }
        if wantsCertificate && !hasCertificate { return "MTLS_REQUIRED" }
        guard let tenant = tenants[key.tenant] else { return "no such tenant" }
        if !tenant.isActive || suspended.contains("\(key.tenant)/\(key.client)") {
            return "SUSPENDED"
        }
        let granted = Set(key.scopes + key.roles.flatMap { roles[$0] ?? [] })
        return granted.contains(needed) && Set(tenant.scopes).contains(needed) ? "" : "SCOPE"
    }

    // MARK: As files

    var yaml: String {
        var text = """
            version: 1
            listeners:
              - { name: l0, port: 1, tls: { certificate: a, key: b, client_ca: c } }
              - { name: l1, port: 2, tls: { certificate: a, key: b, client_ca: c } }
            admin: { port: 3 }
            authentication: { api_keys: { file: keys.yaml, peppers: { 1: pepper-1 } } }
            authorization:
              roles: {\(lines(roles.mapValues { "[\($0.joined(separator: ", "))]" }))}
              tenants:

            """
        for (name, tenant) in tenants.sorted(by: { $0.key < $1.key }) {
            let scopes = tenant.scopes.joined(separator: ", ")
            text += "    \(name): { active: \(tenant.isActive), scopes: [\(scopes)] }\n"
        }
        text += "clients: {"
        text += suspended.sorted().map { "\($0): { suspended: true }" }.joined(separator: ", ")
        text += "}\nlimits: { plans: { default: { client: "
        text += "{ limit: 1000000, period: 1s, burst: 1000000 } } } }\nroutes:\n"
        for route in routes { text += "  - \(line(route))\n" }
        return text + "upstreams: { all: { target: \"127.0.0.1:1\" } }\n"
    }

    private func lines(_ entries: [String: String]) -> String {
        entries.sorted { $0.key < $1.key }.map { " \($0.key): \($0.value)" }.joined(separator: ",")
    }

    private func line(_ route: Route) -> String {
        var text = "{ service: \(route.service), upstream: all"
        if let listeners = route.listeners {
            text += ", listeners: [\(listeners.map { "l\($0)" }.joined(separator: ", "))]"
        }
        func word(_ isWanted: Bool) -> String { isWanted ? "required" : "optional" }
        if let wanted = route.wantsCertificate { text += ", client_certificate: \(word(wanted))" }
        let methods = route.methods.mapValues { "{ client_certificate: \(word($0)) }" }
        return text + ", methods: {\(lines(methods))} }"
    }

    var keyFile: String {
        APIKeyFile(
            entries: keys.map { key in
                let secret = Fixtures.key(key.number)
                let pepper = Pepper(version: 1, secret: Fixtures.pepperSecret)
                return APIKeyFile.Entry(
                    id: secret.id, tenant: key.tenant, client: key.client, plan: nil,
                    scopes: key.scopes, roles: key.roles, mac: pepper?.mac(of: secret) ?? [],
                    pepper: 1, expires: key.expires, state: key.isRevoked ? .revoked : .active)
            }
        ).yaml
    }

    func snapshot(_ methods: [MethodDescriptor]) throws -> GatewaySnapshot {
        let files = [
            "/etc/gateway.yaml": yaml, "/etc/keys.yaml": keyFile,
            "/etc/pepper-1": String(decoding: Fixtures.pepperSecret, as: UTF8.self),
        ]
        return try GatewayLoader(methods: methods) { name in
            guard let text = files[name] else { throw Fixtures.MissingFile(name: name) }
            return Array(text.utf8)
        }.load("/etc/gateway.yaml")
    }

    // MARK: By chance

    /// - Parameters:
    ///   - services: Of which some are routed.
    ///   - scopes: Of which tenants, roles and keys have some.
    static func random(
        services: [String: [String]], scopes: [String], using random: inout TestRandom
    ) -> AuthorizationWorld {
        func some(_ all: [String], _ share: Double, _ random: inout TestRandom) -> [String] {
            all.filter { _ in Double.random(in: 0..<1, using: &random) < share }
        }
        func chance(_ share: Double, _ random: inout TestRandom) -> Bool {
            Double.random(in: 0..<1, using: &random) < share
        }
        var world = AuthorizationWorld()
        for name in ["r1", "r2", "r3"] { world.roles[name] = some(scopes, 0.3, &random) }
        for name in ["t1", "t2", "t3"] {
            world.tenants[name] = Tenant(
                isActive: chance(0.8, &random), scopes: some(scopes, 0.6, &random))
            for client in ["c1", "c2"] where chance(0.2, &random) {
                world.suspended.insert("\(name)/\(client)")
            }
        }
        for number in UInt8(1)...8 {
            world.keys.append(
                Key(
                    number: number, tenant: "t\(Int.random(in: 1...3, using: &random))",
                    client: "c\(Int.random(in: 1...2, using: &random))",
                    scopes: some(scopes, 0.4, &random),
                    roles: some(["r1", "r2", "r3"], 0.3, &random),
                    isRevoked: chance(0.1, &random),
                    expires: chance(0.3, &random)
                        ? Int64.random(in: 1_998...2_002, using: &random) : nil))
        }
        for (service, methods) in services.sorted(by: { $0.key < $1.key })
        where chance(0.7, &random) {
            var route = Route(service: service, methods: [:])
            if chance(0.4, &random) {
                route.listeners = [[0], [1], [0, 1]].randomElement(using: &random)
            }
            if chance(0.4, &random) { route.wantsCertificate = chance(0.5, &random) }
            for method in methods where chance(0.2, &random) {
                route.methods[method] = chance(0.5, &random)
            }
            world.routes.append(route)
        }
        return world
    }
}
