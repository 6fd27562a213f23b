internal import Redis

/// Where a tenant's registry stands on the server. Every key begins with `mr:{tenant}:`.
struct RegistryRedisKeys: Sendable {
    static let presentLayout = Array("assay-registry/1".utf8)
    /// Answers to request ids are kept a little longer than they are asked for.
    private static let answerMilliseconds = ModelRegistry.requestLifetimeMilliseconds + 3_600_000

    private let prefix: [UInt8]

    init(tenant: String) { prefix = Array("mr:{\(tenant)}:".utf8) }

    func row(_ key: RegistryKey) -> [UInt8] { prefix + Array("row:".utf8) + key.bytes }

    /// A sorted set of the keys of one kind of row.
    func index(_ kind: RowKind) -> [UInt8] { prefix + Array("index:\(kind.name)".utf8) }

    /// A sorted set: each chain by the number of its newest change.
    var moves: [UInt8] { prefix + Array("moves".utf8) }
    /// How many changes there were.
    var changes: [UInt8] { prefix + Array("changes".utf8) }
    /// A set: the kinds of rows that there are, but for heads and for what expires.
    var kinds: [UInt8] { prefix + Array("kinds".utf8) }
    var layout: [UInt8] { prefix + Array("layout".utf8) }
    /// Written to have something to wait for.
    var mark: [UInt8] { prefix + Array("mark".utf8) }

    /// The first key behind all that begin with a prefix.
    static func end(of prefix: [UInt8]) -> [UInt8] {
        // A prefix ends with "/", which is not the last byte.
        prefix.dropLast() + [prefix[prefix.count - 1] + 1]
    }

    func commit(_ change: RegistryChange) -> RedisCommand {
        let guards = change.guards.sorted { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }
        let writes = change.writes.sorted { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }
        var names = [moves, changes, kinds]
        var words = [guards.count, writes.count, Int(Self.answerMilliseconds)].map {
            Array("\($0)".utf8)
        }
        for (key, expected) in guards {
            names.append(row(key))
            words.append(expected.map { [UInt8(ascii: "1")] + $0 } ?? [UInt8(ascii: "0")])
        }
        for (key, value) in writes {
            // What expires has no index: its own key stands in for one.
            names += [row(key), key.kind.expires ? row(key) : index(key.kind)]
            let last = key.kind == .head ? key.chain : key.kind.name
            words += [Self.word(key, value), key.bytes, value ?? [], Array(last.utf8)]
        }
        return RegistryScripts.commit.command(keys: names, words)
    }

    private static func word(_ key: RegistryKey, _ value: [UInt8]?) -> [UInt8] {
        if value == nil { return [UInt8(ascii: "d")] }
        if key.kind.expires { return [UInt8(ascii: "e")] }
        return [UInt8(ascii: key.kind == .head ? "h" : "p")]
    }

    /// Each command that is used, on keys that are nobody's.
    var probes: [RedisCommand] {
        let text = prefix + Array("try:text".utf8)
        let sorted = prefix + Array("try:sorted".utf8)
        let set = prefix + Array("try:set".utf8)
        func words(_ texts: String...) -> [[UInt8]] { texts.map { Array($0.utf8) } }
        return [
            RedisCommand(words("SET") + [text] + words("1", "PX", "60000")),
            RedisCommand(words("SETNX") + [text] + words("1")),
            RedisCommand(words("GET") + [text]), RedisCommand(words("MGET") + [text]),
            RedisCommand(words("STRLEN") + [text]), RedisCommand(words("INCR") + [text]),
            RedisCommand(words("ZADD") + [sorted] + words("0", "a")),
            RedisCommand(words("ZRANGEBYLEX") + [sorted] + words("[a", "(b", "LIMIT", "0", "1")),
            RedisCommand(words("ZRANGEBYSCORE") + [sorted] + words("0", "1")),
            RedisCommand(words("ZREM") + [sorted] + words("a")),
            RedisCommand(words("SADD") + [set] + words("a")),
            RedisCommand(words("SMEMBERS") + [set]),
            RedisCommand(words("DEL") + [text]), RedisCommand(words("DEL") + [sorted]),
            RedisCommand(words("DEL") + [set]),
        ]
    }
}
