internal import Redis

/// What a server must promise before events are given to it.
enum ServerCheck {
    static func check(_ redis: any RedisSender, allowsVolatile: Bool) async throws {
        let check = RedisServerCheck(kept: "states", lost: "events", keys: "fs:*", probes: probes)
        try await check.check(redis, allowsVolatile: allowsVolatile)
    }

    /// The commands that servers and keepers use.
    private static let probes: [RedisCommand] = {
        let names = ["string", "hash", "set", "sorted", "stream"]
        let keys = names.map { Array("fs:{store}:try:\($0)".utf8) }
        func command(_ name: String, _ key: Int, _ arguments: String...) -> RedisCommand {
            RedisCommand([Array(name.utf8), keys[key]] + arguments.map { Array($0.utf8) })
        }
        let all: [RedisCommand] = [
            command("SETNX", 0, "1"), command("SET", 0, "1", "EX", "60"), command("GET", 0),
            command("PERSIST", 0), command("HGET", 1, "a"), command("EXISTS", 0),
            command("INCR", 0),
            command("EXPIRE", 0, "60"), command("PEXPIRE", 0, "60000"),
            command("HSET", 1, "a", "b"), command("HMGET", 1, "a"), command("HGETALL", 1),
            command("HLEN", 1), command("HDEL", 1, "a"), command("SADD", 2, "a"),
            command("SMEMBERS", 2), command("ZADD", 3, "0", "a"), command("ZSCORE", 3, "a"),
            command("ZMSCORE", 3, "a"), command("ZRANGE", 3, "0", "1"), command("ZREM", 3, "a"),
            command("XADD", 4, "*", "a", "b"), command("XLEN", 4),
            command("XRANGE", 4, "-", "+"), command("XTRIM", 4, "MAXLEN", "0"),
        ]
        return all + keys.indices.map { command("DEL", $0) }
    }()
}
