import AssayMessages
import RPC
import Testing

@testable import GatewayCore

/// Who may call what: every method of the schemas with every identity, on every listener, with and
/// without a certificate, against an oracle of sets of names.
@Suite struct AuthorizationMatrixTests {
    private static let methods = PolicyTable.all
    private static let certificate = PeerCertificate(
        thumbprint: [UInt8](repeating: 7, count: 32), expiresAt: .max)

    private static let scopes: [String] = {
        let names = methods.compactMap { method -> String? in
            guard case .scope(let name, _) = method.access else { return nil }
            return name
        }
        return Set(names).sorted()
    }()

    /// Those that can be routed.
    private static let services: [String: [String]] = {
        let grouped: [String: [MethodDescriptor]] = Dictionary(grouping: methods) { method in
            String(method.service)
        }
        var services: [String: [String]] = [:]
        for (name, offered) in grouped where offered.contains(where: { $0.kind == .unary }) {
            services[name] = offered.map { String($0.name) }
        }
        return services
    }()

    /// What the gateway says; "" if the body may be read.
    private func verdict(
        _ path: String, key: UInt8?, listener: Int, hasCertificate: Bool, caller: Int,
        _ snapshot: GatewaySnapshot, _ limits: GatewayLimits
    ) -> String {
        let head = Fixtures.head(path, authority: "any", key: key.map { Fixtures.key($0).text })
        let peer = Peer(
            // Each from an address of its own, so that failed logins do not add up.
            address: "10.\(caller >> 16 & 255).\(caller >> 8 & 255).\(caller & 255):5",
            isEncrypted: true, certificate: hasCertificate ? Self.certificate : nil,
            listener: listener)
        var pipeline = RequestPipeline(snapshot: snapshot, limits: limits)
        _ = pipeline.received(head, from: peer, Fixtures.surroundings())
        return pipeline.log.reason
    }

    /// How many calls were decided, and how many of them were let in.
    private func compare(_ world: AuthorizationWorld, seed: UInt64) throws -> (Int, Int) {
        let snapshot = try world.snapshot(Self.methods)
        let limits = GatewayLimits(capacity: 64, seed: seed)
        let kinds = Set(snapshot.routes.routes.map(\.method.kind))
        let keys: [UInt8?] = [nil, 99] + world.keys.map(\.number)
        var (asked, admitted) = (0, 0)
        for method in Self.methods {
            for key in keys {
                for listener in 0...1 {
                    for hasCertificate in [false, true] {
                        let expected = world.verdict(
                            method, key: key, listener: listener, hasCertificate: hasCertificate,
                            forwards: kinds)
                        let found = verdict(
                            method.path, key: key, listener: listener,
                            hasCertificate: hasCertificate, caller: asked, snapshot, limits)
                        asked += 1
                        admitted += found.isEmpty ? 1 : 0
                        guard found != expected else { continue }
                        Issue.record(
                            """
                            seed \(seed): \(method.path) key \(key.map(String.init) ?? "none") \
                            listener \(listener) certificate \(hasCertificate): \
                            \(found), expected \(expected)
                            """)
                    }
                }
            }
        }
        return (asked, admitted)
    }

    @Test("every method × every role equals the oracle")
    func everyRole() throws {
        var world = AuthorizationWorld()
        world.tenants["bank"] = .init(isActive: true, scopes: Self.scopes)
        world.tenants["closed"] = .init(isActive: false, scopes: Self.scopes)
        world.routes = Self.services.keys.sorted().map { .init(service: $0, methods: [:]) }
        // One role and key for each scope, then one with all, one of a closed tenant.
        for (index, scope) in Self.scopes.enumerated() {
            world.roles["only-\(index)"] = [scope]
            world.keys.append(
                .init(
                    number: UInt8(index + 1), tenant: "bank", client: "c\(index)", scopes: [],
                    roles: ["only-\(index)"], isRevoked: false))
        }
        world.roles["all"] = Self.scopes
        for (number, tenant) in [(UInt8(80), "bank"), (81, "closed")] {
            world.keys.append(
                .init(
                    number: number, tenant: tenant, client: "all", scopes: [], roles: ["all"],
                    isRevoked: false))
        }
        #expect(Self.scopes.count < 79 && Self.methods.count > 20)
        let (asked, admitted) = try compare(world, seed: 1)
        // With one scope a key may call what needs it; with all of them everything.
        #expect(asked == Self.methods.count * (world.keys.count + 2) * 4 && admitted > 0)
    }

    @Test("configurations by chance equal the oracle")
    func byChance() throws {
        var (asked, admitted) = (0, 0)
        for seed in UInt64(1)...12 {
            var random = TestRandom(state: seed)
            let world = AuthorizationWorld.random(
                services: Self.services, scopes: Self.scopes, using: &random)
            if world.routes.isEmpty { continue }
            let (some, passed) = try compare(world, seed: seed)
            asked += some
            admitted += passed
        }
        #expect(admitted > 100 && asked > admitted * 2, "\(admitted) of \(asked)")
    }

    @Test("who calls decides how much a call matters, else what is called, never the caller's word")
    func criticality() throws {
        let text = Fixtures.yaml
            .replacing(
                "upstream: risk }",
                with: "upstream: risk, criticality: sheddable, methods: "
                    + "{ AssessTransaction: { criticality: critical } } }"
            )
            .replacing("counts: cost } }", with: "counts: cost }, criticality: normal }")
        let snapshot = try Fixtures.loader(["/etc/gateway.yaml": text]).load("/etc/gateway.yaml")
        func criticality(_ method: MethodDescriptor, _ key: Fixtures.Special) -> Criticality {
            var pipeline = RequestPipeline(
                snapshot: snapshot, limits: GatewayLimits(capacity: 16, seed: 1))
            let head = Fixtures.head(
                method.path, key: Fixtures.key(key.rawValue).text,
                extra: [("assay-criticality", "critical")])
            _ = pipeline.received(head, from: Fixtures.peer, Fixtures.surroundings())
            return pipeline.criticality
        }
        #expect(criticality(Fixtures.assess, .normal) == .critical)
        #expect(criticality(Fixtures.read, .normal) == .sheddable)
        #expect(criticality(Fixtures.assess, .core) == .normal)
    }

    @Test("an upstream's longest call bounds what the caller and the method allow")
    func callTimeout() throws {
        let text = Fixtures.yaml.replacing(
            "target: \"127.0.0.1:7002\",",
            with: "target: \"127.0.0.1:7002\", timeouts: { call: 20ms },")
        let snapshot = try Fixtures.loader(["/etc/gateway.yaml": text]).load("/etc/gateway.yaml")
        var pipeline = RequestPipeline(
            snapshot: snapshot, limits: GatewayLimits(capacity: 16, seed: 1))
        _ = pipeline.received(Fixtures.head(), from: Fixtures.peer, Fixtures.surroundings())
        #expect(pipeline.callDeadline == Deadline(Instant(nanoseconds: 21_000_000)))
    }
}
