import CAllocationCounter
import FuzzProperties
import Testing
import Wire

/// P5: no input allocates more than the limit on the heap.
@Suite("Allocations", .enabled(if: allocation_counter_works(), "needs glibc's allocator"))
struct AllocationTests {
    /// What decoding may hold that no limit speaks of: tables of types, the path of an error.
    private static let constant = 4096

    /// The most bytes held at one moment.
    private func peak(_ body: () -> Void) -> Int {
        allocation_counter_start()
        body()
        return Int(allocation_counter_stop().peak)
    }

    private func expectWithin(
        _ heap: Int, _ name: String, _ input: [UInt8], _ decode: () -> Void
    ) {
        // Once before, for what is made at first use and kept.
        decode()
        let held = peak(decode)
        #expect(
            held <= heap + Self.constant,
            "\(name), \(input.count) bytes: \(held) held, \(heap) allowed")
    }

    private func decode(
        _ type: MessageProperties, _ way: HostileMessage.Way, _ input: [UInt8], heap: Int
    ) {
        switch way {
        case .bytes(let door):
            let limits = DecodeLimits(
                bytes: input.count, heap: heap, unknownBytes: input.count)
            try? type.decode(input, door, limits)
        case .json:
            try? type.decodeJSON(input, JSONLimits(bytes: input.count, heap: heap))
        }
    }

    @Test("hostile inputs of any size", arguments: HostileMessage.all.indices)
    func hostile(index: Int) {
        let message = HostileMessage.all[index]
        for size in [100, 3000, 50_000] {
            let input = message.make(size)
            for heap in [0, 1000, 10 * size, (1 << 20) + 16 * size] {
                expectWithin(heap, message.name, input) {
                    decode(message.type, message.way, input, heap: heap)
                }
            }
        }
    }

    @Test(
        "valid messages in every layout, and damaged ones", arguments: MessageProperties.all.indices
    )
    func random(index: Int) throws {
        let type = MessageProperties.all[index]
        for seed in 0..<60 {
            var generator = SeededGenerator(seed: UInt64(seed))
            var records = ArbitraryRecords(generator: generator)
            var bytes = records.message(type.fields)
            let json = try type.canonical(bytes).json
            for _ in 0..<4 {
                for heap in [0, 200, 2000, 1 << 20] {
                    for way in [HostileMessage.Way.bytes(.strict), .bytes(.tolerant)] {
                        expectWithin(heap, "\(type.name), seed \(seed)", bytes) {
                            decode(type, way, bytes, heap: heap)
                        }
                    }
                    expectWithin(heap, "\(type.name) as JSON, seed \(seed)", json) {
                        decode(type, .json, json, heap: heap)
                    }
                }
                guard !bytes.isEmpty else { break }
                bytes[Int.random(in: bytes.indices, using: &generator)] ^=
                    1
                    << UInt8.random(
                        in: 0..<8, using: &generator)
            }
        }
    }

    @Test("ten megabytes behind the ordinary limits")
    func tenMegabytes() {
        let names = [
            "a long string", "a long string that is not UTF-8", "bools in a list",
            "a string without an end",
        ]
        for message in HostileMessage.all where names.contains(message.name) {
            let input = message.make(10_000_000)
            let heap = (1 << 20) + 16 * input.count
            let held = peak { decode(message.type, message.way, input, heap: heap) }
            #expect(held <= heap, "\(message.name): \(held) held")
        }
    }
}
