import Testing

@testable import FeatureEngine

@Suite struct HostileBlobTests {
    /// With late events and an overflow, so that every section is there.
    static func marked() -> FeatureState {
        var state = Golden.state()
        let huge = EngineEvent(type: 0, time: 1_760_000_030_000, values: [.max])
        let late = EngineEvent(type: 0, time: 1_759_990_000_000, values: [5])
        _ = state.apply(huge, touches: 1, sequence: 44, delivery: .first)
        _ = state.apply(huge, touches: 1, sequence: 45, delivery: .first)
        _ = state.apply(late, touches: 3, sequence: 43, delivery: .first)
        return state
    }

    func decode(_ blob: [UInt8]) throws(BlobError) -> FeatureState {
        try FeatureState(decoding: blob, group: Golden.group, groupHash: Golden.groupHash)
    }

    /// The blob with a right checksum, so that what lies behind it is attacked too.
    func resealed(_ blob: [UInt8]) -> [UInt8] {
        let body = blob.dropLast(4)
        let crc = CRC32C.checksum(Array(body))
        return body + (0..<4).map { UInt8(truncatingIfNeeded: crc >> (8 * UInt32($0))) }
    }

    @Test("late counts and overflow marks survive storing")
    func counters() throws {
        let state = Self.marked()
        #expect(try decode(state.encode()) == state)
    }

    @Test("every truncation is refused")
    func truncations() {
        let blob = Self.marked().encode()
        for length in 0..<blob.count {
            #expect(throws: BlobError.self) { try decode(Array(blob.prefix(length))) }
            // Under a forged checksum it may end where a section does, and nowhere else.
            let forged = resealed(Array(blob.prefix(length)))
            if length >= 44, let state = try? decode(forged) { #expect(state.encode() == forged) }
        }
    }

    @Test("every flipped bit is refused")
    func flips() {
        let blob = Self.marked().encode()
        for bit in 0..<blob.count * 8 {
            var damaged = blob
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: BlobError.self) { try decode(damaged) }
        }
    }

    @Test("what decodes under a forged checksum is still the one encoding of its state")
    func forged() {
        let blob = Self.marked().encode()
        var random = SeededGenerator(seed: 11)
        var accepted = 0
        for round in 0..<20_000 {
            var damaged = blob
            for _ in 0...Int.random(in: 0..<3, using: &random) {
                let position = Int.random(in: 0..<damaged.count - 4, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: damaged[position] = UInt8.random(in: 0...255, using: &random)
                case 1: damaged[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 2: damaged.remove(at: position)
                default: damaged.insert(UInt8.random(in: 0...255, using: &random), at: position)
                }
            }
            damaged = resealed(damaged)
            guard let state = try? decode(damaged) else { continue }
            accepted += 1
            guard state.encode() == damaged else {
                Issue.record("round \(round): a second encoding was accepted")
                return
            }
        }
        #expect(accepted > 0)
    }

    @Test("random bytes are refused")
    func noise() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<2_000 {
            let length = Int.random(in: 0..<300, using: &random)
            let noise = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(throws: BlobError.self) { try decode(noise) }
        }
    }
}
