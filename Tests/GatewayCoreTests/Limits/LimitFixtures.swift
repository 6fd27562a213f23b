import Synchronization
import Testing

@testable import GatewayCore

/// Limits in small, and a store that answers what a test says.
enum LimitFixtures {
    static func rule(
        _ limit: Int, _ seconds: Int64 = 60, burst: Int? = nil,
        level: LimitRule.Level = .client, counts cost: Bool = false, isShadow: Bool = false,
        failure: LimitRule.StoreFailure = .localShare
    ) -> LimitRule {
        guard
            let rate = RateLimit(limit: limit, period: .seconds(seconds), burst: burst ?? limit)
        else { preconditionFailure("a rate in range") }
        return LimitRule(
            level: level, rate: rate, countsCost: cost, isShadow: isShadow,
            onStoreFailure: failure)
    }

    static func question(
        _ rules: [LimitRule], caller: String = "key1", tenant: String = "bank", cost: Int = 1,
        method: UInt32 = 7
    ) -> LimitQuestion {
        let set = LimitRuleSet(rules)
        return LimitQuestion(
            rules: rules, fingerprint: set.fingerprint, tenant: tenant, caller: caller,
            isClient: false, method: method, cost: cost)
    }

    /// The store's rules in exact integers, or a failure, decided when the test says.
    final class Store: RateLimitStore {
        private struct State {
            var oracle = ScriptOracle()
            var orders: [StoreOrder] = []
            var budgets: [Int64] = []
            var held: [(StoreOrder, @Sendable (Result<StoreReply, StoreFault>) -> Void)] = []
        }

        private let state = Mutex(State())
        /// Microseconds of the store's own clock.
        let time = Atomic<Int64>(1_000_000_000)
        let isBroken = Atomic<Bool>(false)
        let isSlow = Atomic<Bool>(false)
        let isConnected = Atomic<Bool>(true)

        var isReady: Bool { isConnected.load(ordering: .relaxed) }
        var orders: [StoreOrder] { state.withLock(\.orders) }
        var budgets: [Int64] { state.withLock(\.budgets) }

        func take(
            _ order: StoreOrder, within budget: Int64,
            _ done: @escaping @Sendable (Result<StoreReply, StoreFault>) -> Void
        ) {
            let isHeld = state.withLock { state in
                state.orders.append(order)
                state.budgets.append(budget)
                if isSlow.load(ordering: .relaxed) { state.held.append((order, done)) }
                return isSlow.load(ordering: .relaxed)
            }
            if !isHeld { done(answer(order)) }
        }

        private func answer(_ order: StoreOrder) -> Result<StoreReply, StoreFault> {
            if isBroken.load(ordering: .relaxed) { return .failure(.late) }
            let now = Int128(time.load(ordering: .relaxed))
            return .success(state.withLock { $0.oracle.take(order, at: now) })
        }

        /// Answers what was held back.
        func answerHeld() {
            let held = state.withLock { state in
                defer { state.held = [] }
                return state.held
            }
            for (order, done) in held { done(answer(order)) }
        }
    }

    /// A limiter whose clock and store a test moves together.
    final class Scene: Sendable {
        let store = Store()
        let clock = Atomic<Int64>(1_000_000_000_000)
        let replicas: ReplicaCount
        private let box: Mutex<RateLimiter?> = Mutex(nil)

        init(replicas: Int = 1, leases: Bool = false) {
            self.replicas = ReplicaCount(configured: replicas)
            var configuration = RateLimiter.Configuration()
            configuration.leases = leases
            let limiter = RateLimiter(
                store: store, table: RateLimitTable(capacity: 1024, seed: 3),
                replicas: self.replicas, seed: 5, configuration: configuration,
                clock: { [weak self] in self?.now ?? 0 })
            box.withLock { $0 = limiter }
        }

        var limiter: RateLimiter {
            guard let limiter = box.withLock({ $0 }) else { preconditionFailure("made above") }
            return limiter
        }
        var now: Int64 { clock.load(ordering: .relaxed) }

        func pass(_ nanoseconds: Int64) {
            clock.add(nanoseconds, ordering: .relaxed)
            store.time.add(nanoseconds / 1_000, ordering: .relaxed)
        }

        /// A decision that does not wait for the test.
        func decide(_ question: LimitQuestion) throws -> RateLimitDecision {
            let later = Mutex<RateLimitDecision?>(nil)
            let now = limiter.decide(question, now: now) { decision in
                later.withLock { $0 = decision }
            }
            return try #require(now ?? later.withLock { $0 })
        }

        func admitted(_ question: LimitQuestion, of count: Int) throws -> Int {
            try (0..<count).count { _ in try decide(question).isAdmitted }
        }
    }
}
