import AssayMessages
import RPC
import Testing

@testable import GatewayCore

@Suite("The gateway's own services")
struct FrontHandlerTests {
    private static let clock = GatewayClock(
        now: { Instant(nanoseconds: 2_000_000) }, unixMilliseconds: { 2_000_000 })

    private static func authorizer(_ limits: GatewayLimits? = nil) throws -> APIKeyAuthorizer {
        APIKeyAuthorizer(
            serving: try Fixtures.serving(),
            limits: limits ?? GatewayLimits(capacity: 16, seed: 1), clock: clock)
    }

    private static func method(_ scope: String) -> MethodDescriptor {
        MethodDescriptor(
            path: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            kind: .bidirectional, access: .scope(scope, mutualTLS: false))
    }

    private static func refusal(
        _ head: RequestHead, scope: String = "assay.reflection"
    ) throws -> RPCError? {
        let authorizer = try authorizer()
        do throws(RPCError) {
            _ = try authorizer.authorize(method(scope), head, from: Fixtures.peer)
            return nil
        } catch {
            return error
        }
    }

    @Test("reflection needs an API key with its scope")
    func scope() throws {
        let head = Fixtures.head("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
        #expect(try Self.refusal(head)?.code == .permissionDenied)
        #expect(try Self.refusal(head, scope: "risk.assess") == nil)
        #expect(try Self.refusal(Fixtures.head(key: nil))?.reason == "NO_CREDENTIALS")
        #expect(try Self.refusal(Fixtures.head(key: "assay1_x"))?.reason == "BAD_CREDENTIALS")
        for special in [Fixtures.Special.expired, .early, .revoked] {
            let head = Fixtures.head(key: Fixtures.key(special.rawValue).text)
            #expect(try Self.refusal(head, scope: "risk.assess")?.code == .unauthenticated)
        }
        let suspended = Fixtures.head(key: Fixtures.key(Fixtures.Special.suspended.rawValue).text)
        #expect(try Self.refusal(suspended, scope: "risk.assess")?.reason == "SUSPENDED")
        let strange = Fixtures.head(authority: "other.example")
        #expect(try Self.refusal(strange, scope: "risk.assess")?.code == .permissionDenied)
        // Identity headers of a client's own change nothing.
        let forged = Fixtures.head(
            key: nil, extra: [("assay-tenant", "bank"), ("assay-scopes", "assay.reflection")])
        #expect(try Self.refusal(forged)?.code == .unauthenticated)
    }

    /// A method that needs a scope, as reflection does.
    private struct Guarded: RPCService {
        static let path = "/grpc.test.v1.Guarded/Call"

        func register(in registry: inout MethodRegistry) {
            let method = MethodDescriptor(
                path: Self.path, kind: .unary, access: .scope("risk.assess", mutualTLS: false))
            registry.immediate(method) { (_: GRPCHealthV1.HealthCheckRequest, _) in
                GRPCHealthV1.HealthCheckResponse(status: .serving)
            }
        }
    }

    private static func front(_ limits: GatewayLimits) throws -> FrontHandler {
        let callers = try authorizer(limits)
        let gateway = GatewayHandler(
            serving: try Fixtures.serving(
                FakeUpstream { _ in RawReply(status: 200, headers: Metadata()) }),
            limits: limits, clock: clock, log: nil, counters: GatewayCounters(), seed: 7)
        return FrontHandler(
            own: ServiceRouter([Health(), Guarded()], authorizer: callers), callers: callers,
            gateway: gateway)
    }

    /// The reason of the refusal; "" if the call is let in, nil if that is not known yet.
    private static func reason(_ admission: Admission) -> String? {
        switch admission {
        case .accept: ""
        case .refuse(let reply, _): RPCError(trailers: reply.headers)?.reason ?? "?"
        case .wait: nil
        }
    }

    @Test("its calls count against the client's rate, beside those that are forwarded")
    func rate() throws {
        let front = try Self.front(GatewayLimits(capacity: 16, seed: 1))
        let own = Fixtures.head(Guarded.path)
        for number in 0..<100 {
            let head = number % 2 == 0 ? own : Fixtures.head()
            #expect(Self.reason(front.admit(head, from: Fixtures.peer)) == "")
        }
        guard case .refuse(let reply, _) = front.admit(own, from: Fixtures.peer) else {
            Issue.record("the 101st is refused")
            return
        }
        let refusal = RPCError(trailers: reply.headers)
        #expect(refusal?.reason == "RATE_LIMITED" && refusal?.retryAfter == .milliseconds(600))
    }

    @Test("with a store its calls are counted there, and wait for the answer")
    func store() async throws {
        let store = LimitFixtures.Store()
        store.isSlow.store(true, ordering: .relaxed)
        let limits = GatewayLimits(
            rates: RateLimiter(
                store: store, table: RateLimitTable(capacity: 64, seed: 1),
                replicas: ReplicaCount(configured: 1), seed: 1, clock: { 2_000_000 }),
            addresses: AddressLimiter(seed: 1))
        let front = try Self.front(limits)
        // From here and there, since an address has a limit of its own.
        func ask(_ number: Int) async throws -> String? {
            let peer = Peer(address: "192.0.2.\(number % 9 + 1):5", isEncrypted: true)
            guard case .wait(let pending) = front.admit(Fixtures.head(Guarded.path), from: peer)
            else { return nil }
            store.answerHeld()
            return Self.reason(await pending.decision())
        }
        for number in 0..<100 { #expect(try await ask(number) == "") }
        #expect(try await ask(100) == "RATE_LIMITED")
        #expect(store.orders.count == 101)
        let health = Fixtures.head("/grpc.health.v1.Health/Check", key: nil)
        #expect(Self.reason(front.admit(health, from: Fixtures.peer)) == "")
        #expect(store.orders.count == 101, "health is nobody's")
    }

    @Test("failed logins at its methods count to the address as all others do")
    func failedLogins() throws {
        let front = try Self.front(GatewayLimits(capacity: 16, seed: 1))
        let good = Fixtures.head(Guarded.path)
        #expect(Self.reason(front.admit(good, from: Fixtures.peer)) == "")
        let bad = Fixtures.head(Guarded.path, key: Fixtures.key(99).text)
        for _ in 0..<20 {
            #expect(Self.reason(front.admit(bad, from: Fixtures.peer)) == "BAD_CREDENTIALS")
        }
        let fresh = Fixtures.head(Guarded.path, key: Fixtures.key(2).text)
        for head in [bad, fresh, Fixtures.head(key: Fixtures.key(2).text)] {
            #expect(Self.reason(front.admit(head, from: Fixtures.peer)) == "FAILED_LOGINS")
        }
        #expect(Self.reason(front.admit(good, from: Fixtures.peer)) == "", "it was good just now")
        let health = Fixtures.head("/grpc.health.v1.Health/Check", key: nil)
        #expect(Self.reason(front.admit(health, from: Fixtures.peer)) == "")
    }

    /// A service of the package `grpc`.
    private struct Health: RPCService {
        func register(in registry: inout MethodRegistry) {
            registry.immediate(GRPCHealthV1.Health.check) {
                (_: GRPCHealthV1.HealthCheckRequest, _) in
                GRPCHealthV1.HealthCheckResponse(status: .serving)
            }
        }
    }

    @Test("paths of the package grpc are answered here, all others are the forwarder's")
    func front() throws {
        let front = try Self.front(GatewayLimits(capacity: 16, seed: 1))
        func status(_ path: String, key: String? = nil) -> String? {
            let head = Fixtures.head(path, key: key)
            guard case .refuse(let reply, _) = front.admit(head, from: Fixtures.peer) else {
                return nil
            }
            return reply.headers["grpc-status"]
        }
        #expect(status("/grpc.health.v1.Health/Check") == nil)
        #expect(status("/grpc.health.v1.Health/check") == "12")
        #expect(status("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo") == "12")
        #expect(status("/grpc") == "12")
        #expect(status(Fixtures.assess.path) == "16")
        #expect(status(Fixtures.assess.path, key: Fixtures.key(1).text) == nil)
        let head = Fixtures.head("/grpc.health.v1.Health/Check", key: nil)
        guard case .accept(let acceptance) = front.admit(head, from: Fixtures.peer) else {
            Issue.record("health is public")
            return
        }
        let body: [UInt8] = [0, 0, 0, 0, 0]
        let outcome = body.withUnsafeBytes {
            front.handle(
                InboundRequest(
                    head: head, acceptance: acceptance, peer: Fixtures.peer, body: $0))
        }
        guard case .reply(.message(_, let framed)) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(framed.dropFirst(5) == [8, 1])
    }
}
