import Testing

@testable import RPC

@Suite("XXH64")
struct XXH64Tests {
    /// The bytes of the reference implementation's self-test (xxHash, cli/xsum_sanity_check.c).
    private static let sanity: [UInt8] = {
        var state: UInt64 = 2_654_435_761
        return (0..<222).map { _ in
            let byte = UInt8(state >> 56)
            state = state &* 11_400_714_785_074_694_797
            return byte
        }
    }()

    @Test(
        "the vectors of the reference implementation",
        arguments: [
            (0, 0, 0xEF46_DB37_51D8_E999), (0, 2_654_435_761, 0xAC75_FDA2_929B_17EF),
            (1, 0, 0xE934_A84A_DB05_2768), (1, 2_654_435_761, 0x5014_6076_43A9_B4C3),
            (4, 0, 0x9136_A0DC_A574_57EE), (14, 0, 0x8282_DCC4_994E_35C8),
            (14, 2_654_435_761, 0xC3BD_6BF6_3DEB_6DF0), (222, 0, 0xB641_AE8C_B691_C174),
            (222, 2_654_435_761, 0x20CB_8AB7_AE10_C14A),
        ] as [(Int, UInt64, UInt64)])
    func vectors(_ count: Int, _ seed: UInt64, _ expected: UInt64) {
        let hash = Self.sanity.withUnsafeBytes {
            XXH64.hash(UnsafeRawBufferPointer(rebasing: $0[..<count]), seed: seed)
        }
        #expect(hash == expected)
    }

    @Test("texts, at any alignment")
    func texts() {
        #expect(XXH64.hash("a") == 0xD24E_C4F1_A98C_6E5B)
        #expect(XXH64.hash("abc") == 0x44BC_2CF5_AD77_0999)
        #expect(XXH64.hash("Nobody inspects the spammish repetition") == 0xFBCE_A83C_8A37_8BF1)
        let shifted = [0] + Self.sanity
        let hash = shifted.withUnsafeBytes {
            XXH64.hash(UnsafeRawBufferPointer(rebasing: $0[1...]))
        }
        #expect(hash == 0xB641_AE8C_B691_C174)
    }
}

@Suite("The ring")
struct HashRingTests {
    private func ring(_ names: [String], weights: [Int] = []) -> HashRing {
        HashRing(
            names.enumerated().map { index, name in
                (
                    index,
                    Endpoint(
                        .host(name, port: 1), weight: index < weights.count ? weights[index] : 1)
                )
            })
    }

    private let keys = (0..<20_000).map { XXH64.hash("customer-\($0)") }

    @Test("an empty ring owns nothing; a ring of one owns all")
    func small() {
        #expect(HashRing().owner(of: 5) == nil)
        let one = ring(["a"])
        for key in keys.prefix(100) { #expect(one.owner(of: key) == 0) }
        #expect(one.owner(of: .max) == 0)
        #expect(one.owner(of: 0) == 0)
    }

    @Test("the order in which members are known does not matter")
    func order() {
        let names = ["a", "b", "c", "d", "e"]
        let forward = ring(names)
        let backward = ring(names.reversed())
        for key in keys {
            #expect(
                forward.owner(of: key).map { names[$0] }
                    == backward.owner(of: key).map { names[4 - $0] })
        }
    }

    @Test("members get about their share, by weight")
    func shares() {
        let ring = ring(["a", "b", "c"], weights: [1, 1, 2])
        var counts = [0, 0, 0]
        for key in keys { counts[ring.owner(of: key) ?? 0] += 1 }
        #expect((0.19...0.31).contains(Double(counts[0]) / Double(keys.count)), "\(counts)")
        #expect((0.19...0.31).contains(Double(counts[1]) / Double(keys.count)), "\(counts)")
        #expect((0.42...0.58).contains(Double(counts[2]) / Double(keys.count)), "\(counts)")
    }

    @Test("a member that leaves moves its own keys only")
    func leaving() {
        let names = ["a", "b", "c", "d", "e"]
        let all = ring(names)
        let fewer = ring(["a", "b", "d", "e"])
        var moved = 0
        for key in keys {
            let before = all.owner(of: key).map { names[$0] }
            let after = fewer.owner(of: key).map { ["a", "b", "d", "e"][$0] }
            if before == "c" { moved += 1 } else { #expect(before == after) }
        }
        #expect((0.1...0.3).contains(Double(moved) / Double(keys.count)))
    }

    @Test("a walk meets every member once, the owner first")
    func walk() {
        let ring = ring(["a", "b", "c", "d"])
        for key in keys.prefix(200) {
            var seen: [Int] = []
            ring.walk(from: key) { slot in
                seen.append(slot)
                return true
            }
            #expect(seen.sorted() == [0, 1, 2, 3])
            #expect(seen.first == ring.owner(of: key))
        }
    }

    /// Computed once with Python's `xxhash` and `bisect`.
    @Test("the ring of three is the same for ever")
    func golden() {
        let ring = ring(["10.0.0.1", "10.0.0.2", "10.0.0.3"])
        let owners = (0..<16).compactMap { ring.owner(of: XXH64.hash("key-\($0)")) }
        #expect(owners == [2, 1, 0, 1, 1, 0, 0, 1, 1, 0, 2, 1, 0, 1, 0, 1])
    }
}
