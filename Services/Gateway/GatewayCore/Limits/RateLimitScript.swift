internal import Redis

extension RedisScript {
    /// Takes from one to three rates at once, by the clock of Redis.
    ///
    /// Every number stays an integer below 2⁵³, so the floating point of Lua is exact: whoever calls
    /// sees to it that want · step is. Of room · limit ÷ step, which may be larger, only what is at
    /// most `want` matters, and there it is off by less than one, which is set right. A time in
    /// microseconds has 16 digits and Lua writes 14 by itself, hence %.0f. What is taken is rounded
    /// up, so the error is to the strict side, and a key expires when it says no more than no key.
    ///
    /// A time that lies further ahead than any rule could have put it is of a clock that was set back
    /// since, or of a larger plan of before: it is brought within reach and kept so, whatever is decided.
    /// Otherwise its caller would be refused until the clock is where it was.
    static let rateLimit = RedisScript(
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]
        local least, granted = tonumber(ARGV[1]), tonumber(ARGV[2])
        local refused, wait = 0, 0
        local step, limit, start, room, brought = {}, {}, {}, {}, {}
        for i = 1, #KEYS do
          local at = 5 * i - 2
          local s, l, depth = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
          local arrival = tonumber(redis.call('GET', KEYS[i]) or '')
          local from = now
          if arrival and arrival > now then
            local reach = tonumber(ARGV[at + 4])
            if arrival > now + reach then
              arrival = now + reach
              brought[i] = arrival
            end
            from = math.min(arrival, now + depth)
          end
          local left = now + depth - from
          step[i], limit[i], start[i], room[i] = s, l, from, left
          if ARGV[at + 3] == '1' then
            local short = math.ceil(least * s / l) - left
            if short > wait then wait, refused = short, i end
            if granted > least then
              local fits = math.min(granted, math.floor(left * l / s))
              if fits < granted and math.ceil((fits + 1) * s / l) <= left then fits = fits + 1 end
              if math.ceil(fits * s / l) > left then fits = fits - 1 end
              granted = math.max(fits, least)
            end
          end
        end
        if refused > 0 then granted = 0 end
        local reply = { granted, refused, wait }
        for i = 1, #KEYS do
          local blocked, kept = 0, brought[i]
          if refused > 0 then
            if math.ceil(least * step[i] / limit[i]) > room[i] then blocked = 1 end
          else
            local charge = math.ceil(granted * step[i] / limit[i])
            if charge > room[i] then
              blocked = 1
            elseif charge > 0 then
              start[i] = start[i] + charge
              kept = start[i]
            end
          end
          if kept then
            redis.call('SET', KEYS[i], string.format('%.0f', kept),
              'PX', math.ceil((kept - now) / 1000))
          end
          reply[2 * i + 2], reply[2 * i + 3] = start[i] - now, blocked
        end
        return reply
        """)

    /// Says that a replica is alive, forgets those that are not, and counts the rest. Times are of
    /// Redis' clock, in seconds; one from the future was written before that clock was set back.
    static let heartbeat = RedisScript(
        """
        local now = tonumber(redis.call('TIME')[1])
        redis.call('ZADD', KEYS[1], now, ARGV[1])
        redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 7)
        redis.call('ZREMRANGEBYSCORE', KEYS[1], now + 1, '+inf')
        redis.call('EXPIRE', KEYS[1], 60)
        return redis.call('ZCARD', KEYS[1])
        """)
}
