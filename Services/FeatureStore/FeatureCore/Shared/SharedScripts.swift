public import Redis

/// What must happen as one step in the shared store. No value passes through a Lua number but the
/// length of a stream.
public enum SharedScripts {
    /// For the configuration of the client.
    public static let all = [write, claim, finish, lease, trim]

    /// Puts a blob in place of the one that was read, and notes which events made which versions.
    ///
    /// KEYS state · ARGV the token that was read (empty = there was none), the new one, the new blob,
    /// seconds to keep ('0' = for ever), then sequence and version of each event that the new blob has
    /// and the old one had not (8 bytes each). Returns 1, or the newer token and blob, nil and nil if
    /// there are none now.
    static let write = RedisScript(
        """
        if (redis.call('HGET', KEYS[1], 'v') or '') ~= ARGV[1] then
            return redis.call('HMGET', KEYS[1], 'v', 'b')
        end
        redis.call('HSET', KEYS[1], 'v', ARGV[2], 'b', ARGV[3], unpack(ARGV, 5))
        if ARGV[4] == '0' then
            redis.call('PERSIST', KEYS[1])
        else
            redis.call('EXPIRE', KEYS[1], ARGV[4])
        end
        return 1
        """)

    /// Gives an event its place in the log, once for each id.
    ///
    /// KEYS id, rows, open, epoch · ARGV row, digest, seconds, most rows, the epoch under which the
    /// row's keys were found. Returns the new place in an array, or the text of the id's row: its
    /// place, a space, the digest; or an error, FULL, or STALE and the present epoch.
    static let claim = RedisScript(
        """
        local known = redis.call('GET', KEYS[1])
        if known then return known end
        local epoch = redis.call('GET', KEYS[4]) or '0'
        if epoch ~= ARGV[5] then return redis.error_reply('STALE ' .. epoch) end
        if redis.call('XLEN', KEYS[2]) >= tonumber(ARGV[4]) then
            return redis.error_reply('FULL event log')
        end
        local id = redis.call('XADD', KEYS[2], '*', 'e', ARGV[1])
        redis.call('SET', KEYS[1], id .. ' ' .. ARGV[2], 'EX', ARGV[3])
        redis.call('ZADD', KEYS[3], 0, id)
        return {id}
        """)

    /// Writes an event's applied record and ends its openness, once.
    ///
    /// KEYS rows, open · ARGV the event's stream id, the record. Returns 1, or 0 if somebody else has
    /// done it.
    static let finish = RedisScript(
        """
        if not redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 0 end
        redis.call('XADD', KEYS[1], '*', 'a', ARGV[2])
        redis.call('ZREM', KEYS[2], ARGV[1])
        return 1
        """)

    /// Takes or renews the keeper's lease.
    ///
    /// KEYS lease, fence · ARGV owner, milliseconds. Returns the number of the lease, which grows with
    /// each change of owner, or nil if another holds it. The lease's text is number, space, owner.
    static let lease = RedisScript(
        """
        local held = redis.call('GET', KEYS[1])
        if held then
            local space = string.find(held, ' ', 1, true)
            if string.sub(held, space + 1) ~= ARGV[1] then return false end
            redis.call('PEXPIRE', KEYS[1], ARGV[2])
            return string.sub(held, 1, space - 1)
        end
        redis.call('INCR', KEYS[2])
        local number = redis.call('GET', KEYS[2])
        redis.call('SET', KEYS[1], number .. ' ' .. ARGV[1], 'PX', ARGV[2])
        return number
        """)

    /// Drops the rows that a keeper holds on its own disk, unless a later lease was here.
    ///
    /// KEYS rows, kept · ARGV the lease's number with 20 digits, the keeper's directory, the first
    /// stream id to stay. Returns how many were dropped.
    static let trim = RedisScript(
        """
        local kept = redis.call('GET', KEYS[2])
        if kept and string.sub(kept, 1, 20) > ARGV[1] then
            return redis.error_reply('FENCED a later keeper was here')
        end
        redis.call('SET', KEYS[2], ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
        return redis.call('XTRIM', KEYS[1], 'MINID', ARGV[3])
        """)
}
