internal import Synchronization

/// Decides whether a call is within its limits: by the store that all replicas share, within 2 ms, or
/// by what this process knows.
///
/// Each call asks the store once and in one step for all of its rules, unless what it is told already
/// is enough (`LeaseTable`), there is no store, or the store does not answer (`StoreBreaker`,
/// `LocalShare`). Nothing is taken for a call that is refused.
public final class RateLimiter: Sendable {
    public struct Configuration: Sendable {
        /// Nanoseconds that one call waits for the store.
        public var budget: Int64 = 2_000_000
        /// Whether busy callers take tokens ahead of their calls.
        public var leases = true
        /// Told how many nanoseconds the store took, whether or not it has answered.
        public var observe: (@Sendable (_ nanoseconds: Int64, StoreFault?) -> Void)?

        public init() {}
    }

    private let configuration: Configuration
    private let store: (any RateLimitStore)?
    let share: LocalShare
    let leases: LeaseTable
    private let clock: @Sendable () -> Int64
    private let breaker = Mutex(StoreBreaker())
    private let entropy: Atomic<UInt64>
    let seed: UInt64
    public let counters = LimitCounters()
    public let replicas: ReplicaCount

    /// - Parameters:
    ///   - store: nil counts in this process alone.
    ///   - table: what this process knows of its callers.
    ///   - seed: a random number, so that nobody can choose keys that fall together.
    ///   - clock: nanoseconds of a monotonic clock.
    public init(
        store: (any RateLimitStore)? = nil, table: RateLimitTable, replicas: ReplicaCount,
        seed: UInt64, configuration: Configuration = Configuration(),
        clock: @escaping @Sendable () -> Int64
    ) {
        self.store = store
        self.replicas = replicas
        self.seed = seed
        self.configuration = configuration
        self.clock = clock
        share = LocalShare(table: table, replicas: replicas)
        leases = LeaseTable()
        entropy = Atomic(seed)
    }

    /// For the metric: 0 closed, 1 open, 2 probing.
    public var storeState: Int { breaker.withLock(\.number) }

    /// Whether a decision may have to wait.
    public var hasStore: Bool { store != nil }

    /// Decides by what this process knows alone.
    public func decideHere(_ question: LimitQuestion, now: Int64) -> RateLimitDecision {
        counted(share.decide(question, now: now, isAlone: store == nil), question)
    }

    /// Decides at once if it can; else returns nil and calls `done` later, at the latest when the
    /// budget is over, on any thread.
    public func decide(
        _ question: LimitQuestion, now: Int64,
        _ done: @escaping @Sendable (RateLimitDecision) -> Void
    ) -> RateLimitDecision? {
        if question.rules.isEmpty { return .unlimited }
        guard let store else { return decideHere(question, now: now) }
        let waiter = LeaseTable.Waiter(
            question: question, deadline: now + configuration.budget, done: done)
        let key = question.wholeHash(seed)
        switch leases.begin(
            key, question, now: now, replicas: replicas.value, waiter: waiter)
        {
        case .decided(let decision): return counted(decision, question)
        case .waits: return nil
        case .ask(let want, let isLease):
            let want = configuration.leases ? want : 1
            let turn = breaker.withLock { $0.next(at: now, isReady: store.isReady) }
            guard case .ask(let epoch) = turn else {
                let decision = decideHere(question, now: now)
                if isLease { giveUp(key, question, decision, now) }
                return decision
            }
            ask(store, Asking(key: key, waiter: waiter, want: want, isLease: isLease), epoch, now)
            return nil
        }
    }

    // MARK: The store

    private struct Asking: Sendable {
        let key: UInt64
        let waiter: LeaseTable.Waiter
        let want: Int
        let isLease: Bool
    }

    private func ask(
        _ store: any RateLimitStore, _ asking: Asking, _ epoch: Int, _ sent: Int64
    ) {
        let question = asking.waiter.question
        // A timer of the loop is late by a little.
        let budget = max(0, asking.waiter.deadline - sent) / 10 * 9
        store.take(order(question, want: asking.want), within: budget) { [self] result in
            let now = clock()
            switch result {
            case .success(let reply):
                configuration.observe?(now - sent, nil)
                breaker.withLock { $0.succeeded(epoch) }
                answered(asking, reply, sent: sent, now)
            case .failure(let fault):
                configuration.observe?(now - sent, fault)
                let entropy = nextEntropy()
                breaker.withLock { $0.failed(epoch, at: now, entropy: entropy) }
                let decision = decideHere(question, now: now)
                asking.waiter.done(decision)
                if asking.isLease { giveUp(asking.key, question, decision, now) }
            }
        }
    }

    private func order(_ question: LimitQuestion, want: Int) -> StoreOrder {
        StoreOrder(
            rules: question.rules.map { rule in
                let units = max(0, rule.units(question.cost))
                var (step, isTooLarge) = Int64(units).multipliedReportingOverflow(by: rule.period)
                var limit = rule.limit
                if isTooLarge || step > StoreOrder.largestProduct {
                    // So dear that a microsecond does not matter: rounded up to whole ones.
                    let charge = (Int128(units) * Int128(rule.period) + Int128(limit) - 1)
                    step = min(Int64(clamping: charge / Int128(limit)), StoreOrder.largestProduct)
                    limit = 1
                }
                let charge = step / limit + (step % limit == 0 ? 0 : 1)
                return StoreOrder.Rule(
                    key: StoreKey.bytes(question, rule.level), step: step, limit: limit,
                    depth: max(rule.depth, charge), reach: rule.reach(question),
                    isEnforced: !rule.isShadow)
            }, want: want)
    }

    private func answered(_ asking: Asking, _ reply: StoreReply, sent: Int64, _ now: Int64) {
        let question = asking.waiter.question
        share.note(question, reply, now: now)
        let decision = decision(question, reply)
        if reply.refused != nil {
            // From when it was asked: earlier than the store said, never later.
            leases.refused(
                asking.key, decision, until: sent.saturating(adding: reply.wait * 1_000), now: now)
        }
        asking.waiter.done(counted(decision, question))
        guard asking.isLease else { return }
        let granted = reply.refused == nil ? reply.granted - 1 : nil
        let settlement = leases.settle(
            asking.key, granted: granted, decision, question, now: now, replicas: replicas.value)
        for waiter in settlement.admitted {
            waiter.done(counted(decision.from(.lease), waiter.question))
        }
        for waiter in settlement.others {
            if reply.refused != nil {
                waiter.done(counted(decision.from(.refusals), waiter.question))
            } else {
                askAgain(asking.key, waiter, want: settlement.want, now)
            }
        }
    }

    /// For a call that waited for a lease and got nothing of it.
    private func askAgain(
        _ key: UInt64, _ waiter: LeaseTable.Waiter, want: Int, _ now: Int64
    ) {
        let asking = Asking(key: key, waiter: waiter, want: max(1, want), isLease: want > 1)
        var turn = StoreBreaker.Turn.leave
        if let store, waiter.deadline > now {
            turn = breaker.withLock { $0.next(at: now, isReady: store.isReady) }
        }
        guard let store, case .ask(let epoch) = turn else {
            let decision = decideHere(waiter.question, now: now)
            waiter.done(decision)
            if asking.isLease { giveUp(key, waiter.question, decision, now) }
            return
        }
        ask(store, asking, epoch, now)
    }

    /// The store did not answer to a lease: who waits for it is served from here.
    private func giveUp(
        _ key: UInt64, _ question: LimitQuestion, _ decision: RateLimitDecision, _ now: Int64
    ) {
        let settlement = leases.settle(
            key, granted: nil, decision, question, now: now, replicas: replicas.value)
        for waiter in settlement.others { waiter.done(decideHere(waiter.question, now: now)) }
    }

    private func decision(_ question: LimitQuestion, _ reply: StoreReply) -> RateLimitDecision {
        var decision = RateLimitDecision(outcome: .admitted, source: .store, tightest: nil)
        var tightest = TightestStanding()
        for (index, rule) in question.rules.enumerated() {
            let said = reply.rules[index]
            if said.isBlocked, rule.isShadow { decision.shadowed |= 1 << UInt8(index) }
            let remaining = rule.remaining(untilFull: said.untilFull)
            let standing = RateLimitDecision.Standing(
                rule: index, remaining: remaining, untilFull: said.untilFull * 1_000)
            if reply.refused == index {
                decision.outcome = .limited(rule.level, wait: reply.wait * 1_000)
                decision.tightest = standing
            } else if !rule.isShadow {
                tightest.add(
                    index, remaining, units: rule.units(question.cost),
                    untilFull: standing.untilFull)
            }
        }
        if decision.isAdmitted { decision.tightest = tightest.standing }
        return decision
    }

    private func counted(
        _ decision: RateLimitDecision, _ question: LimitQuestion
    ) -> RateLimitDecision {
        counters.count(decision, of: question)
        return decision
    }

    private func nextEntropy() -> UInt64 {
        var value = entropy.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
