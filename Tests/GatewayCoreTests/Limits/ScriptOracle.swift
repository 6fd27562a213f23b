@testable import GatewayCore

/// What the script says, by exact integers of 128 bits and by search in place of division.
struct ScriptOracle {
    /// The stored times by key, in microseconds.
    private(set) var stored: [[UInt8]: Int128] = [:]

    private static func charge(_ count: Int, _ rule: StoreOrder.Rule) -> Int128 {
        let taken = Int128(count) * Int128(rule.step)
        return (taken + Int128(rule.limit) - 1) / Int128(rule.limit)
    }

    mutating func take(_ order: StoreOrder, at now: Int128) -> StoreReply {
        for rule in order.rules {
            if let time = stored[rule.key], time > now + Int128(rule.reach) {
                stored[rule.key] = now + Int128(rule.reach)
            }
        }
        let starts = order.rules.map { rule in
            min(max(stored[rule.key] ?? now, now), now + Int128(rule.depth))
        }
        let rooms = zip(order.rules, starts).map { now + Int128($0.depth) - $1 }
        var (wait, refused, granted) = (Int128(0), Int?.none, order.want)
        for (index, rule) in order.rules.enumerated() where rule.isEnforced {
            let short = Self.charge(order.least, rule) - rooms[index]
            if short > wait { (wait, refused) = (short, index) }
            var (low, high) = (0, granted)
            while low < high {
                let middle = (low + high + 1) / 2
                if Self.charge(middle, rule) <= rooms[index] {
                    low = middle
                } else {
                    high = middle - 1
                }
            }
            granted = low
        }
        if refused == nil { granted = max(granted, order.least) }
        var rules: [StoreReply.Rule] = []
        for (index, rule) in order.rules.enumerated() {
            var end = starts[index]
            let charge = Self.charge(refused == nil ? granted : order.least, rule)
            let fits = charge <= rooms[index]
            if refused == nil, fits {
                end += charge
                stored[rule.key] = end
            }
            rules.append(StoreReply.Rule(untilFull: Int64(end - now), isBlocked: !fits))
        }
        return StoreReply(
            granted: refused == nil ? granted : 0, refused: refused, wait: Int64(wait),
            rules: rules)
    }
}
