extension LoadBalancer {
    // MARK: p2c

    /// Two distinct endpoints at random: the cheaper one, or the one with room.
    mutating func pickOfTwo(avoiding avoided: Int?, at now: Instant) -> Pick {
        let count = active.count
        if count == 1 { return use(active[0]) }
        var first = generator.index(below: count)
        if active[first] == avoided { first = (first + 1) % count }
        var second = generator.index(below: count - 1)
        if second >= first { second += 1 }
        if active[second] == avoided {
            if count == 2 { return use(active[first]) }
            repeat { second = (second + 1) % count } while second == first
        }
        let chosen = cheaper(active[first], active[second], at: now)
        if !members[chosen].isFull { return .send(chosen) }
        let other = chosen == active[first] ? active[second] : active[first]
        return !members[other].isFull ? .send(other) : use(chosen)
    }

    private mutating func cheaper(_ one: Int, _ other: Int, at now: Instant) -> Int {
        let (winner, loser) =
            cost(of: one, at: now) <= cost(of: other, at: now)
            ? (one, other) : (other, one)
        return isHeldBack(winner, for: loser, at: now) ? loser : winner
    }

    /// Latency × (calls + 1). Unfinished calls count with their mean age, if that is longer.
    private func cost(of slot: Int, at now: Instant) -> Double {
        let member = members[slot]
        var latency = member.latency?.value(at: now) ?? 0
        if member.timed > 0 {
            let ages = member.timed &* now.nanoseconds &- member.starts
            latency = max(latency, Double(ages) / Double(member.timed) * 1e-9)
        }
        // Not zero, so that of two unknown ones the one with fewer calls wins.
        return max(latency, 1e-6) * Double(member.inFlight + member.queued + 1)
    }

    /// A newcomer takes its turn with a probability that grows over ten seconds, and so does one that
    /// was ejected.
    private mutating func isHeldBack(_ slot: Int, for other: Int, at now: Instant) -> Bool {
        if members[other].returningSince == nil, isResting(slot, at: now) { return true }
        guard let since = members[slot].newcomerSince else { return false }
        let age = (now - since) / Self.newcomerTime
        if age >= 1 {
            members[slot].newcomerSince = nil
            return false
        }
        return members[other].newcomerSince == nil && generator.unit() >= max(0.1, age)
    }

    /// Sends there, or to any endpoint with room, or waits there.
    private mutating func use(_ slot: Int) -> Pick {
        if !members[slot].isFull { return .send(slot) }
        if let free = active.first(where: { !members[$0].isFull }) { return .send(free) }
        return .queue(slot)
    }

    // MARK: Round robin

    mutating func pickNext(avoiding avoided: Int?, at now: Instant) -> Pick {
        cursor = (cursor + 1) % active.count
        if active[cursor] == avoided { cursor = (cursor + 1) % active.count }
        if isResting(active[cursor], at: now) { cursor = (cursor + 1) % active.count }
        for step in active.indices {
            let slot = active[(cursor + step) % active.count]
            if !members[slot].isFull {
                cursor = (cursor + step) % active.count
                return .send(slot)
            }
        }
        return .queue(active[cursor])
    }

    // MARK: Pick first

    /// The one that is ready; else attempts in order, each 250 ms behind the one before or as soon
    /// as that has failed.
    mutating func pickFirst(at now: Instant) -> Pick {
        if let chosen = order.first(where: { active.contains($0) }) {
            if members[chosen].state == .unwilling { connectAll(at: now) }
            return !members[chosen].isFull ? .send(chosen) : .queue(chosen)
        }
        let isTrying = order.contains { members[$0].state == .connecting }
        if isTrying && now < raceAt { return .wait }
        for slot in order where members[slot].state != .connecting {
            if connect(slot, at: now) {
                raceAt = now + Self.raceDelay
                return .wait
            }
        }
        raceAt = .distantFuture
        return isTrying ? .wait : .fail(order.first)
    }

    /// When a waiting call should pick again although nothing has happened: an attempt is due.
    package func nextAttempt(after now: Instant) -> Instant {
        let race = policy == .pickFirst && raceAt > now ? raceAt : .distantFuture
        return current.reduce(race) { earliest, slot in
            guard case .failed(let until) = members[slot].state, until > now else {
                return earliest
            }
            return min(earliest, until)
        }
    }

    /// The slots that `pickFirst` does not need any more, since another one won.
    package var losers: [Int] {
        guard policy == .pickFirst, let chosen = order.first(where: { active.contains($0) }),
            members[chosen].state == .ready
        else { return [] }
        return order.filter { slot in
            let state = members[slot].state
            return slot != chosen && (state == .ready || state == .connecting)
        }
    }

    // MARK: Ring hash

    mutating func pickOwner(
        of hash: UInt64, _ spill: LoadBalancing.Spill, avoiding avoided: Int?, at now: Instant
    ) -> Pick {
        guard let owner = ring.owner(of: hash) else { return .fail(nil) }
        if owner != avoided, !members[owner].isFull, active.contains(owner) {
            let isResting = spill == .next && avoided == nil && isResting(owner, hash, at: now)
            guard isResting, let other = pickAlong(from: hash, avoiding: owner, at: now) else {
                return .send(owner)
            }
            return other
        }
        if spill == .next, let pick = pickAlong(from: hash, avoiding: avoided, at: now) {
            return pick
        }
        // Nobody else has what the owner has: it is asked even if it would rather not.
        guard members[owner].isConnected || connect(owner, at: now) else { return .fail(owner) }
        guard members[owner].isConnected else { return .wait }
        return !members[owner].isFull ? .send(owner) : .queue(owner)
    }

    /// The first on the ring that is up, or coming up; nil if none is.
    private mutating func pickAlong(
        from hash: UInt64, avoiding avoided: Int?, at now: Instant
    ) -> Pick? {
        var path: [Int] = []
        let usable = Set(active)
        ring.walk(from: hash) { slot in
            let isEjected = members[slot].isConnected && !usable.contains(slot)
            if slot != avoided && !isEjected { path.append(slot) }
            return !(usable.contains(slot) && slot != avoided && !members[slot].isFull)
        }
        for slot in path where members[slot].isConnected || connect(slot, at: now) {
            guard members[slot].isConnected else { return .wait }
            if !members[slot].isFull { return .send(slot) }
        }
        return nil
    }
}
