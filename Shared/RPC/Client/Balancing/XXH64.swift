/// The hash of rings: XXH64 (xxHash specification, "XXH64 Algorithm Description").
package enum XXH64 {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    package static func hash(_ text: String, seed: UInt64 = 0) -> UInt64 {
        var text = text
        return text.withUTF8 { hash(UnsafeRawBufferPointer($0), seed: seed) }
    }

    package static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) -> UInt64 {
        var rest = bytes[...]
        var hash = bytes.count >= 32 ? stripes(&rest, seed) : seed &+ prime5
        hash &+= UInt64(bytes.count)
        while rest.count >= 8 {
            hash ^= round(0, word(rest))
            hash = rotated(hash, 27) &* prime1 &+ prime4
            rest = rest.dropFirst(8)
        }
        if rest.count >= 4 {
            let half = UInt32(
                littleEndian: UnsafeRawBufferPointer(rebasing: rest).loadUnaligned(as: UInt32.self))
            hash ^= UInt64(half) &* prime1
            hash = rotated(hash, 23) &* prime2 &+ prime3
            rest = rest.dropFirst(4)
        }
        for byte in rest {
            hash ^= UInt64(byte) &* prime5
            hash = rotated(hash, 11) &* prime1
        }
        hash = (hash ^ hash >> 33) &* prime2
        hash = (hash ^ hash >> 29) &* prime3
        return hash ^ hash >> 32
    }

    /// Four lanes over 32 bytes at a time.
    private static func stripes(
        _ rest: inout Slice<UnsafeRawBufferPointer>, _ seed: UInt64
    ) -> UInt64 {
        var one = seed &+ prime1 &+ prime2
        var two = seed &+ prime2
        var three = seed
        var four = seed &- prime1
        while rest.count >= 32 {
            one = round(one, word(rest))
            two = round(two, word(rest.dropFirst(8)))
            three = round(three, word(rest.dropFirst(16)))
            four = round(four, word(rest.dropFirst(24)))
            rest = rest.dropFirst(32)
        }
        var hash = rotated(one, 1) &+ rotated(two, 7) &+ rotated(three, 12) &+ rotated(four, 18)
        for lane in [one, two, three, four] {
            hash = (hash ^ round(0, lane)) &* prime1 &+ prime4
        }
        return hash
    }

    private static func word(_ bytes: Slice<UnsafeRawBufferPointer>) -> UInt64 {
        UInt64(littleEndian: UnsafeRawBufferPointer(rebasing: bytes).loadUnaligned(as: UInt64.self))
    }

    private static func round(_ accumulator: UInt64, _ lane: UInt64) -> UInt64 {
        rotated(accumulator &+ lane &* prime2, 31) &* prime1
    }

    private static func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 {
        value << count | value >> (64 - count)
    }
}
