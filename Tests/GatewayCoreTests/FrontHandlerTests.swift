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

    @Test("its streams count against the client's rate")
    func rate() throws {
        let authorizer = try Self.authorizer()
        var refusal: RPCError?
        for _ in 0..<101 {
            do throws(RPCError) {
                _ = try authorizer.authorize(
                    Self.method("risk.assess"), Fixtures.head(), from: Fixtures.peer)
            } catch {
                refusal = error
            }
        }
        #expect(refusal?.reason == "RATE_LIMITED")
        #expect(refusal?.retryAfter != nil)
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
        let gateway = GatewayHandler(
            serving: try Fixtures.serving(
                FakeUpstream { _ in RawReply(status: 200, headers: Metadata()) }),
            limits: GatewayLimits(capacity: 16, seed: 1),
            clock: Self.clock, log: nil, counters: GatewayCounters(), seed: 7)
        let front = FrontHandler(
            own: ServiceRouter([Health()], authorizer: try Self.authorizer()), gateway: gateway)
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
