/// A reproducible stream of random numbers: xoshiro256**, seeded through SplitMix64
/// (Blackman and Vigna 2018, "Scrambled linear pseudorandom number generators").
///
/// Everything the simulator draws comes from here and is computed with integers alone, so one seed
/// gives the same payments on every machine.
public struct RandomStream: Sendable {
    private var s0: UInt64
    private var s1: UInt64
    private var s2: UInt64
    private var s3: UInt64

    /// A stream of its own for each pair of `seed` and `entity`.
    public init(seed: UInt64, entity: UInt64 = 0) {
        var mixer = SplitMix64(state: seed)
        mixer = SplitMix64(state: mixer.next() ^ entity &* 0xD1B5_4A32_D192_ED03)
        s0 = mixer.next()
        s1 = mixer.next()
        s2 = mixer.next()
        s3 = mixer.next()
    }

    public mutating func next() -> UInt64 {
        let result = (s1 &* 5).rotatedLeft(by: 7) &* 9
        let shifted = s1 << 17
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= shifted
        s3 = s3.rotatedLeft(by: 45)
        return result
    }

    /// A number in 0 ..< `bound`, each equally likely (Lemire 2019, multiply and reject).
    public mutating func below(_ bound: UInt64) -> UInt64 {
        precondition(bound > 0, "a bound of at least one")
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let threshold = (0 &- bound) % bound
            while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
        }
        return product.high
    }

    public mutating func index(_ count: Int) -> Int {
        Int(below(UInt64(count)))
    }

    /// A number of the closed range, each equally likely.
    public mutating func number(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + index(range.upperBound - range.lowerBound + 1)
    }

    /// True `perMille` times out of a thousand.
    public mutating func chance(perMille: Int) -> Bool {
        below(1000) < UInt64(perMille)
    }

    public mutating func element<Element>(of array: [Element]) -> Element {
        array[index(array.count)]
    }

    /// A draw from the distribution whose quantiles `table` holds, in thousandths.
    public mutating func draw(_ table: QuantileTable) -> Int64 {
        table.value(at: next())
    }
}

/// Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators".
struct SplitMix64: Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

extension UInt64 {
    fileprivate func rotatedLeft(by count: UInt64) -> UInt64 {
        self << count | self >> (64 - count)
    }
}
