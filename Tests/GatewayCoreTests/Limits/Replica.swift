import NIOCore
import NIOPosix
import RPC
import Redis
import Synchronization
import TestSupport

@testable import GatewayCore

/// One gateway's limiter with a connection, an event loop and a memory of its own.
final class Replica: Sendable {
    /// A decision, and when it was asked for and known, in nanoseconds.
    struct Outcome: Sendable {
        var decision: RateLimitDecision
        var start: Int64
        var end: Int64

        var isAdmitted: Bool { decision.isAdmitted }
        var duration: Duration { .nanoseconds(end - start) }
    }

    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let client: RedisClient
    let limiter: RateLimiter
    let replicas: ReplicaCount

    static var now: Int64 { Int64(NIODeadline.now().uptimeNanoseconds) }

    /// - Parameter budget: longer than a busy machine ever takes, unless time is what a test is about.
    init(
        port: Int, replicas: Int = 1, budget: Duration = .milliseconds(500), leases: Bool = true
    ) {
        let connection = RedisConnection.Configuration(host: "127.0.0.1", port: port)
        client = RedisClient(
            RedisRateLimitStore.configured(connection, connections: 1), group: group)
        self.replicas = ReplicaCount(configured: replicas)
        var configuration = RateLimiter.Configuration()
        configuration.budget = Int64(budget / .nanoseconds(1))
        configuration.leases = leases
        let store = RedisRateLimitStore(client) { Instant(nanoseconds: UInt64(Self.now)) }
        limiter = RateLimiter(
            store: store, table: RateLimitTable(capacity: 65_536, seed: 3), replicas: self.replicas,
            seed: 5, configuration: configuration, clock: { Self.now })
    }

    func connected() async throws { try await client.connected(within: .seconds(20)) }

    /// Asks on the loop, as a connection does.
    func decide(_ question: LimitQuestion) async -> Outcome {
        let loop = group.next()
        return await withCheckedContinuation { continuation in
            loop.execute { [self] in
                let start = Self.now
                let decided = limiter.decide(question, now: start) { decision in
                    continuation.resume(
                        returning: Outcome(decision: decision, start: start, end: Self.now))
                }
                if let decided {
                    continuation.resume(
                        returning: Outcome(decision: decided, start: start, end: Self.now))
                }
            }
        }
    }

    func close() async {
        await client.close()
        try? await group.shutdownGracefully()
    }
}

extension WindowBound {
    init(rate: RateLimit) { self.init(limit: rate.limit, per: rate.period, burst: rate.burst) }

    /// A call was charged at some time between its start and its end, or up to `ahead` before if its
    /// token was taken with others.
    func violation(_ outcomes: [Replica.Outcome], ahead: Int64 = 0, extra: Int = 0) -> String? {
        violation(
            of: outcomes.filter(\.isAdmitted).map { Charge(earliest: $0.start, latest: $0.end) },
            ahead: ahead, extra: extra)
    }
}
