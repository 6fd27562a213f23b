import Redis
import Testing

@testable import GatewayCore

/// The script with a clock that the test sets, and whose keys outlive the clock of Redis.
enum ScriptWithClock {
    static func make() throws -> RedisScript {
        let source = RedisScript.rateLimit.source
        let clock = "local time = redis.call('TIME')"
        let life = "math.ceil((kept - now) / 1000)"
        try #require(source.contains(clock) && source.contains(life))
        return RedisScript(
            source.replacing(clock, with: "local time = { ARGV[#ARGV - 1], ARGV[#ARGV] }")
                .replacing(life, with: "1000000000"))
    }

    /// - Parameter now: microseconds of the clock.
    static func command(_ script: RedisScript, _ order: StoreOrder, at now: Int64) -> RedisCommand {
        var arguments = [order.least, order.want].map { Array("\($0)".utf8) }
        for rule in order.rules {
            for number in [
                rule.step, rule.limit, rule.depth, rule.isEnforced ? 1 : 0, rule.reach,
            ] {
                arguments.append(Array("\(number)".utf8))
            }
        }
        arguments.append(Array("\(now / 1_000_000)".utf8))
        arguments.append(Array("\(now % 1_000_000)".utf8))
        return script.command(keys: order.rules.map(\.key), arguments)
    }
}
