package import Redis

/// What must happen as one step in a shared registry.
package enum RegistryScripts {
    /// For the configuration of the client.
    package static let all = [commit]

    /// Writes rows if others still are what was read.
    ///
    /// KEYS moves, changes, kinds, then one for each guard, then two for each write: row, index.
    /// ARGV number of guards, number of writes, milliseconds that answers are kept; for each guard '0'
    /// (there was none) or '1' and the value; for each write what is done, the member of the index, the
    /// value, the kind, or of a head the chain. What is done: 'p' put, 'h' put a head, 'e' put what
    /// expires, 'd' delete.
    /// Returns 1, or 0 if a guard failed: nothing was written.
    static let commit = RedisScript(
        """
        local guards, writes = tonumber(ARGV[1]), tonumber(ARGV[2])
        for i = 1, guards do
            local value = redis.call('GET', KEYS[3 + i])
            local found = value and ('1' .. value) or '0'
            if found ~= ARGV[3 + i] then return 0 end
        end
        for i = 0, writes - 1 do
            local row, index = KEYS[4 + guards + 2 * i], KEYS[5 + guards + 2 * i]
            local at = 4 + guards + 4 * i
            local done, member, value = ARGV[at], ARGV[at + 1], ARGV[at + 2]
            if done == 'e' then
                redis.call('SET', row, value, 'PX', ARGV[3])
            elseif done == 'd' then
                redis.call('DEL', row)
                redis.call('ZREM', index, member)
            else
                redis.call('SET', row, value)
                redis.call('ZADD', index, 0, member)
                if done == 'h' then
                    local change = redis.call('INCR', KEYS[2])
                    redis.call('ZADD', KEYS[1], change, ARGV[at + 3])
                else
                    redis.call('SADD', KEYS[3], ARGV[at + 3])
                end
            end
        end
        return 1
        """)
}
