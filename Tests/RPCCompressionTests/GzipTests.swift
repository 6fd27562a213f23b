import CAllocationCounter
import Testing

@testable import RPC

@Suite("gzip of single messages")
struct GzipTests {
    @Test("what is packed comes back, whatever its size")
    func roundTrip() throws {
        var dice = Dice(seed: 1)
        for size in [1, 2, 20, 63, 64, 255, 256, 4095, 4096, 70_000, 1 << 20] {
            let message = dice.text(size)
            guard let framed = Gzip.deflate(framed: [0, 0, 0, 0, 0] + message) else {
                #expect(size < 64, "text of \(size) bytes packs")
                continue
            }
            #expect(framed.count < message.count + MessagePrefix.count)
            #expect(framed[0] == 1)
            let length = framed.withUnsafeBytes { MessagePrefix.read($0)?.length }
            #expect(length == framed.count - MessagePrefix.count)
            #expect(try Packing.inflate(Array(framed.dropFirst(5))) == message)
        }
    }

    @Test("what packing does not make smaller is left alone")
    func incompressible() {
        var dice = Dice(seed: 2)
        let noise = (0..<5000).map { _ in UInt8.random(in: 0 ... .max, using: &dice) }
        #expect(Gzip.deflate(framed: [0, 0, 0, 0, 0] + noise) == nil)
        #expect(Gzip.deflate(framed: [0, 0, 0, 0, 0]) == nil)
        #expect(Gzip.deflate(framed: [0, 0, 0, 0, 0, 7]) == nil)
    }

    @Test("members of other writers are read: stored, empty, with a name and a comment")
    func otherWriters() throws {
        #expect(try Packing.inflate(Packing.stored([1, 2, 3])) == [1, 2, 3])
        #expect(try Packing.inflate(Packing.stored([])) == [])
        var named = Packing.stored([9, 9])
        named[3] = 0x08 | 0x10
        named.insert(contentsOf: Array("name\0comment\0".utf8), at: 10)
        #expect(try Packing.inflate(named) == [9, 9])
    }

    @Test("a message of zeros passes up to the size that is always allowed, and not beyond")
    func alwaysAllowed() throws {
        let allowed = Gzip.alwaysAllowed
        #expect(try Packing.inflate(Packing.zeros(allowed)).count == allowed)
        #expect(throws: FramingFault.inflatedTooLarge(allowed)) {
            try Packing.inflate(Packing.zeros(allowed + 1))
        }
    }

    @Test("beyond that, a message may inflate twenty times")
    func ratio() throws {
        // 100 kB of noise, and zeros behind it.
        var dice = Dice(seed: 3)
        let noise = (0..<100_000).map { _ in UInt8.random(in: 0 ... .max, using: &dice) }
        let below = noise + [UInt8](repeating: 0, count: 1_800_000)
        #expect(try Packing.inflate(Packing.gzip(below)) == below)
        let packed = Packing.gzip(noise + [UInt8](repeating: 0, count: 2_100_000))
        #expect(throws: FramingFault.inflatedTooLarge(packed.count * 20)) {
            try Packing.inflate(packed)
        }
    }

    @Test("the method's limit counts too, to the byte")
    func methodLimit() throws {
        let message = [UInt8](repeating: 7, count: 1000)
        let packed = Packing.gzip(message)
        #expect(try Packing.inflate(packed, limit: 1000) == message)
        for limit in [0, 1, 999] {
            #expect(throws: FramingFault.inflatedTooLarge(limit)) {
                try Packing.inflate(packed, limit: limit)
            }
        }
    }
}

@Suite("Hostile gzip")
struct HostileGzipTests {
    private static let message = { () -> [UInt8] in
        var dice = Dice(seed: 4)
        return dice.text(600)
    }()

    @Test("a truncated message is an error at every length")
    func truncated() {
        let packed = Packing.gzip(Self.message)
        for count in 0..<packed.count {
            #expect(throws: FramingFault.self) { try Packing.inflate(Array(packed.prefix(count))) }
        }
    }

    @Test("a flipped bit is an error, or changes nothing")
    func flipped() {
        let packed = Packing.gzip(Self.message)
        for bit in 0..<packed.count * 8 {
            var damaged = packed
            damaged[bit / 8] ^= 1 << (bit % 8)
            // Bits of the header that say when and where it was packed mean nothing.
            if let message = try? Packing.inflate(damaged) { #expect(message == Self.message) }
        }
    }

    @Test("bytes behind a message, and a second member, are errors")
    func trailing() {
        let packed = Packing.gzip(Self.message)
        for more in [[0], [0x1F, 0x8B], packed, Packing.stored([])] {
            #expect(throws: FramingFault.notGzip("bytes follow its end")) {
                try Packing.inflate(packed + more)
            }
        }
    }

    @Test("what is not gzip is an error: noise, zlib, raw deflate, text")
    func foreign() {
        var dice = Dice(seed: 5)
        let zlib: [UInt8] = [0x78, 0x9C, 0x4B, 0x04, 0x00, 0x00, 0x62, 0x00, 0x62]
        var inputs: [[UInt8]] = [[], [0], zlib, Array(zlib[2..<5]), Array("{}".utf8)]
        for _ in 0..<500 {
            let count = Int.random(in: 0..<200, using: &dice)
            inputs.append((0..<count).map { _ in UInt8.random(in: 0 ... .max, using: &dice) })
            inputs.append([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + (inputs.last ?? []))
        }
        for input in inputs {
            #expect(throws: FramingFault.self) { try Packing.inflate(input) }
        }
    }

    @Test("a size that lies, both ways, changes no verdict")
    func lyingSize() throws {
        let size = 1_000_000
        for claim in [0, 1, 100, 4_000_000_000] as [UInt32] {
            var bomb = Packing.zeros(size)
            bomb.replaceSubrange(
                (bomb.count - 4)..., with: withUnsafeBytes(of: claim.littleEndian) { Array($0) })
            #expect(throws: FramingFault.inflatedTooLarge(Gzip.alwaysAllowed)) {
                try Packing.inflate(bomb)
            }
            var small = Packing.gzip(Self.message)
            small.replaceSubrange(
                (small.count - 4)..., with: withUnsafeBytes(of: claim.littleEndian) { Array($0) })
            #expect(throws: FramingFault.self) { try Packing.inflate(small) }
        }
    }

    @Test(
        "a bomb of 200 MB takes no more memory than a message may have, and a copy",
        .enabled(if: allocation_counter_works(), "needs glibc's allocator"))
    func bomb() {
        let bomb = Packing.zeros(200_000_000)
        // 200 kB that would be 200 MB: 20 times its size is all it gets.
        let allowance = Gzip.allowance(packed: bomb.count, limit: 1 << 30)
        #expect(allowance < 4_100_000)
        for (limit, most) in [(1 << 30, allowance), (100_000, 100_000)] {
            allocation_counter_start()
            let fault = bomb.withUnsafeBytes { bytes -> FramingFault? in
                do throws(FramingFault) {
                    _ = try Gzip.inflate(bytes, limit: limit)
                    return nil
                } catch {
                    return error
                }
            }
            let peak = allocation_counter_stop().peak
            #expect(fault == .inflatedTooLarge(most))
            // zlib's own state is 7 KiB, and a window of 32 KiB.
            #expect(peak < UInt(2 * most + 64_000), "\(peak) bytes for \(most)")
        }
    }
}
