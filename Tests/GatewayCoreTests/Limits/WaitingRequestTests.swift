import RPC
import Synchronization
import Testing

@testable import GatewayCore

/// Requests whose limits are in a store that answers when the test says.
@Suite("A request that waits for the store of the limits")
struct WaitingRequestTests {
    private struct Scene {
        let store = LimitFixtures.Store()
        let handler: GatewayHandler
        let log = AccessLog()

        init(_ change: (String) -> String = { $0 }) throws {
            let snapshot = try Fixtures.loader(["/etc/gateway.yaml": change(Fixtures.yaml)])
                .load("/etc/gateway.yaml")
            let limits = GatewayLimits(
                rates: RateLimiter(
                    store: store, table: RateLimitTable(capacity: 64, seed: 1),
                    replicas: ReplicaCount(configured: 1), seed: 1, clock: { 2_000_000 }),
                addresses: AddressLimiter(seed: 1))
            let upstream = FakeUpstream { _ in RawReply(status: 200, headers: Metadata()) }
            handler = GatewayHandler(
                serving: ServingSlot(ServingState(snapshot: snapshot, upstreams: [upstream])),
                limits: limits,
                clock: GatewayClock(
                    now: { Instant(nanoseconds: 2_000_000) }, unixMilliseconds: { 2_000_000 }),
                log: log, counters: GatewayCounters(), seed: 7)
        }

        /// What becomes of a request once the store has answered.
        func admission(_ head: RequestHead) async -> Admission {
            var admission = handler.admit(head, from: Fixtures.peer)
            store.answerHeld()
            while case .wait(let pending) = admission { admission = await pending.decision() }
            return admission
        }

        func refusal(_ head: RequestHead) async throws -> RawReply {
            switch await admission(head) {
            case .refuse(let reply, _): return reply
            case .accept(let terms):
                // JSON is heard out first.
                let outcome = [UInt8]().withUnsafeBytes { bytes in
                    handler.handle(
                        InboundRequest(
                            head: head, acceptance: terms, peer: Fixtures.peer, body: bytes))
                }
                guard case .reply(.raw(let reply)) = outcome else { throw CancellationError() }
                return reply
            case .wait: throw CancellationError()
            }
        }
    }

    @Test("it waits for the answer, on the terms that it would have had at once")
    func admitted() async throws {
        let scene = try Scene()
        scene.store.isSlow.store(true, ordering: .relaxed)
        guard case .wait(let pending) = scene.handler.admit(Fixtures.head(), from: Fixtures.peer)
        else {
            Issue.record("the store was not asked")
            return
        }
        #expect(pending.deadline == Deadline(Instant(nanoseconds: 51_000_000)))
        scene.store.answerHeld()
        guard case .accept(let terms) = await pending.decision() else {
            Issue.record("not admitted")
            return
        }
        #expect(terms.maximumBytes == 4096 && terms.deadline == pending.deadline)
        #expect(scene.store.orders.first?.rules.count == 1)
    }

    @Test("the 101st is refused on both faces, with the rule's fields")
    func refused() async throws {
        let scene = try Scene()
        for _ in 0..<100 {
            guard case .accept = await scene.admission(Fixtures.head()) else {
                Issue.record("refused too early")
                return
            }
        }
        let grpc = try await scene.refusal(Fixtures.head())
        let error = try #require(RPCError(trailers: grpc.headers))
        #expect(grpc.status == 200 && error.reason == "RATE_LIMITED")
        #expect(error.retryAfter == .milliseconds(600))
        #expect(grpc.headers["ratelimit-policy"] == "\"client\";q=100;w=60")
        #expect(grpc.headers["ratelimit"] == "\"client\";r=0;t=60")
        let json = try await scene.refusal(Fixtures.head(type: "application/json"))
        #expect(json.status == 429 && json.headers["retry-after"] == "1")
        let log = String(decoding: scene.log.drain().bytes, as: UTF8.self)
        #expect(log.split(separator: "\n").count == 2 && log.contains("RATE_LIMITED"))
    }

    @Test("tenant, client and method are asked in one step, and the tightest is told")
    func levels() async throws {
        let scene = try Scene { yaml in
            yaml.replacing(
                "default: { client: { limit: 100, period: 60s, burst: 100 } }",
                with: """
                    default:
                            tenant: { limit: 500, period: 60s, burst: 500, counts: cost }
                            client: { limit: 100, period: 60s, burst: 100, per: client }
                            methods:
                              assay.risk.v1.RiskAssessment/AssessTransaction: { limit: 3, period: 60s, burst: 3 }
                    """)
        }
        for _ in 0..<3 { _ = await scene.admission(Fixtures.head()) }
        let order = try #require(scene.store.orders.first)
        #expect(
            order.rules.map { String(decoding: $0.key, as: UTF8.self).prefix(30) } == [
                "assay:rl1:{bank}:t", "assay:rl1:{bank}:c:payments",
                "assay:rl1:{bank}:c:payments:m:",
            ])
        // A call costs 5 of the tenant's.
        #expect(order.rules[0].step == 5 * order.rules[1].step * 100 / 500)
        let refused = try await scene.refusal(Fixtures.head())
        #expect(RPCError(trailers: refused.headers)?.message.contains("method") == true)
        #expect(refused.headers["ratelimit-policy"] == "\"method\";q=3;w=60")
    }

    @Test("a rule that denies without the store is UNAVAILABLE, 503 on the JSON face")
    func denied() async throws {
        let scene = try Scene { yaml in
            yaml.replacing(
                "default: { client: { limit: 100, period: 60s, burst: 100 } }",
                with:
                    "default: { client: { limit: 100, period: 60s, burst: 100, on_store_failure: deny } }"
            )
        }
        scene.store.isBroken.store(true, ordering: .relaxed)
        let grpc = try await scene.refusal(Fixtures.head())
        let error = try #require(RPCError(trailers: grpc.headers))
        #expect(error.code == .unavailable && error.reason == "LIMITER_UNAVAILABLE")
        let json = try await scene.refusal(Fixtures.head(type: "application/json"))
        #expect(json.status == 503)
    }
}
