internal import FuzzProperties

/// Where the fuzzers of rules begin, and what the ordinary tests replay.
enum RuleSeeds {
    static let expressions: [Seed] = sources.enumerated().flatMap { number, source in
        (0..<4).map { dialect in
            Seed(
                name: "expression-\(number)-\(dialect)",
                input: [UInt8(truncatingIfNeeded: number << 2 | dialect)] + Array(source.utf8))
        }
    }

    static let packs: [Seed] =
        [
            PackWorld.pack, PackWorld.parameters, PackWorld.benign, PackWorld.list, PackWorld.facts,
            PackWorld.codes,
        ].enumerated().map { place, text in
            Seed(name: "file-\(place)", input: [UInt8(place)] + Array(text.utf8))
        } + [Seed(name: "pack", input: Array(PackWorld.pack.utf8))]

    private static let sources = [
        "i > P.n && m >= 2 * P.m || c.x", "(b ? i : j) % 7 == -1", "d * 2.5 < double(i) - 1e3",
        "s in L.a || u in ['a', 'é'] || k == 'a'", "!has(i) || i / j > 3", "P.f[s] + P.f.b > 2",
        "s.contains('a') && u.startsWith(s) || s.endsWith('b')",
        "s.matches('^(?i:a|b){2,3}[^c-f]*\\b.$')", "size(ls) + size(s) + size(mi) >= 0x0A",
        "li.all(x, x > 0) || li.exists(i, x, i == x)", "ls.exists_one(x, x == s)",
        "li.filter(x, x % 2 == 0).map(x, x * x) == [4]", "ms.transformMap(q, v, v + 1)['a'] > 1",
        "ld.transformList(i, x, x > 0.5, double(i) * x)[0] > ratio(i, j)",
        "li.map(x, li.exists(z, z > x)) == [true, false]", "mi.existsOne(q, v, q < v)",
        "sum(li) > max(li) && avg(ld) < stddev(ld) + slope(ld)", "min(i, j, 3) == abs(i)",
        "days_since(t) > 3 || hours_since(r[0].at) < 2.5", "r['k1'].n > 1 && has(r['k2'].at)",
        "newest(r, 3).map(x, x.d).exists(x, x < 1.0)", "t.getHours('+02:00') > t.getMonth()",
        "timestamp('2009-02-13T23:31:30Z') - t > duration('1h30m')", "local_hour(t) < 6",
        "g == 'card' || g in ['cash'] || code(g) > 1 || string(g) == 'none'",
        "km(p, place_e7(i, j)) < 5.0 && latitude_e7(p) > 0",
        "rank(i, h) > 0.5 || rank(3, li) < 0.1",
        "share(mi, 2) + smoothed_share(ms, 'a') > 0.2", "cycle_sin(i, 24) < ln(d) + sqrt(e)",
        "similarity(s, 'paypal') > 0.8", "{'a': i, \"b\": j}[s] in [1, 2] && {1: 2}[1] == 2",
        "int('12') + int(d) > int(t)", "string(d) + string(i) + string(t) == 'x'",
        "y == 3 || y['a'].b[0] > 1", "m / 100 * 3 > 5 // done", "`c.x` || dyn(i) == 'a'",
        "-9223372036854775808 / -1 > 0", "magnitude(i) > months_since(t)",
        "is_last_day_of_month(t) ? true : local_weekday(t) == local_day(t)",
        "bool('true') && r'\\d' != '''a\\u00e9'''",
    ]
}
