/// How many further attempts a target may get: a share of the calls of the last ten seconds, and a
/// few per second whatever the number of calls.
package struct RetryBudget: Sendable {
    private static let buckets = 10

    private let percent: Int
    /// Attempts that are allowed within the window without any call.
    private let reserve: Int
    private var calls = Array(repeating: 0, count: buckets)
    private var attempts = Array(repeating: 0, count: buckets)
    private var totalCalls = 0
    private var totalAttempts = 0
    /// The second that the current bucket stands for.
    private var second: UInt64 = 0

    /// - Parameters:
    ///   - percent: of the calls of the last ten seconds.
    ///   - reservePerSecond: on top of that.
    package init(percent: Int, reservePerSecond: Double) {
        self.percent = percent
        reserve = max(1, Int(reservePerSecond * Double(Self.buckets)))
    }

    /// Counts a call: its first attempt.
    package mutating func called(at now: Instant) {
        advance(to: now)
        calls[bucket] += 1
        totalCalls += 1
    }

    /// Takes a further attempt out of the budget; false if there is none left.
    package mutating func take(at now: Instant) -> Bool {
        advance(to: now)
        guard totalAttempts * 100 < totalCalls * percent + reserve * 100 else { return false }
        attempts[bucket] += 1
        totalAttempts += 1
        return true
    }

    /// Attempts that could be taken now.
    package mutating func left(at now: Instant) -> Int {
        advance(to: now)
        return max(0, totalCalls * percent / 100 + reserve - totalAttempts)
    }

    private var bucket: Int { Int(second % UInt64(Self.buckets)) }

    private mutating func advance(to now: Instant) {
        let current = now.nanoseconds / 1_000_000_000
        guard current > second else { return }
        let passed = min(current - second, UInt64(Self.buckets))
        for past in current - passed + 1...current {
            let bucket = Int(past % UInt64(Self.buckets))
            totalCalls -= calls[bucket]
            totalAttempts -= attempts[bucket]
            calls[bucket] = 0
            attempts[bucket] = 0
        }
        second = current
    }
}
