/// Limits by what this process knows: all of them without a store, this replica's part of them while
/// the store cannot be asked.
///
/// A part is the same rule with its period so many times as long as there are replicas, and the same
/// τ. Its times start from what the store said last, so a caller keeps its fill level.
struct LocalShare: Sendable {
    let table: RateLimitTable
    let replicas: ReplicaCount

    /// Takes from every rule, or from none.
    ///
    /// - Parameter isAlone: there is no store, so `on_store_failure` does not apply.
    func decide(
        _ question: LimitQuestion, now: Int64, isAlone: Bool
    ) -> RateLimitDecision {
        let replicas = replicas.value
        if !isAlone {
            for rule in question.rules where rule.onStoreFailure == .deny && !rule.isShadow {
                return RateLimitDecision(
                    outcome: .unavailable(rule.level), source: .share, tightest: nil)
            }
        }
        return table.withPart(question.groupHash(table.seed)) { slots in
            take(question, &slots, now, replicas, isAlone: isAlone)
        }
    }

    private func take(
        _ question: LimitQuestion, _ slots: inout Slots, _ now: Int64, _ replicas: Int,
        isAlone: Bool
    ) -> RateLimitDecision {
        var decision = RateLimitDecision(outcome: .admitted, source: .share, tightest: nil)
        var arrivals = InlineArray<3, (hash: UInt64, arrival: Int64)?>(repeating: nil)
        var tightest = TightestStanding()
        var longest: Int64 = 0
        for index in question.rules.indices {
            let rule = question.rules[index]
            if !isAlone, rule.onStoreFailure == .allow { continue }
            let units = rule.units(question.cost)
            let hash = question.hash(rule.level, table.seed)
            let limiter = rule.limiter.share(of: replicas, cost: units)
            var known = slots.arrival(of: hash, now: now)
            // Of a larger plan of before: nobody waits longer than by this one's.
            let furthest = now.saturating(
                adding: max(limiter.depth, rule.reach(question).saturating(times: 1_000)))
            if let time = known, time > furthest {
                slots.put(hash, furthest, now: now)
                known = furthest
            }
            let verdict = limiter.decide(arrival: known, now: now, cost: units)
            if verdict.isAdmitted {
                arrivals[index] = (hash, verdict.arrival)
            } else if rule.isShadow {
                decision.shadowed |= 1 << UInt8(index)
                continue
            } else if verdict.wait > longest {
                longest = verdict.wait
                decision.outcome = .limited(rule.level, wait: verdict.wait)
                decision.tightest = RateLimitDecision.Standing(
                    rule: index, remaining: verdict.remaining, untilFull: verdict.untilFull)
            }
            if !rule.isShadow {
                tightest.add(
                    index, verdict.remaining, units: units, untilFull: verdict.untilFull)
            }
        }
        guard decision.isAdmitted else { return decision }
        decision.tightest = tightest.standing
        for index in question.rules.indices {
            if let (hash, arrival) = arrivals[index] { slots.put(hash, arrival, now: now) }
        }
        return decision
    }

    /// Remembers what the store has said.
    func note(_ question: LimitQuestion, _ reply: StoreReply, now: Int64) {
        table.withPart(question.groupHash(table.seed)) { slots in
            for (rule, standing) in zip(question.rules, reply.rules) {
                let hash = question.hash(rule.level, table.seed)
                let (nanoseconds, overflow) = standing.untilFull.multipliedReportingOverflow(
                    by: 1_000)
                let arrival = overflow ? Int64.max : now.saturating(adding: nanoseconds)
                slots.put(hash, arrival, now: now)
            }
        }
    }
}
