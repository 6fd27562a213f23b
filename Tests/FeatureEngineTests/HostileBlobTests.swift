import Testing

@testable import FeatureEngine

@Suite struct HostileBlobTests {
    /// Every section, with late events, an overflow and a sketch.
    static func marked() -> FeatureState {
        var log = RandomLog(seed: 17, maximumPace: 200_000_000)
        var state = FeatureState(group: TestGroup.group, groupHash: 7)
        for sequence in 1...UInt64(40) { _ = log.next(sequence: sequence).apply(to: &state) }
        let huge = EngineEvent(
            type: 0, time: state.clock, values: [.max, 1, 9, nil], filters: [3, 200])
        for sequence in [44, 46] as [UInt64] {
            _ = state.apply(huge, touches: 1, sequence: sequence, delivery: .first)
        }
        return state
    }

    @Test("the state under attack has every section")
    func sections() {
        let state = Self.marked()
        #expect(state.tiles.contains { $0.lateCount > 0 })
        #expect(state.tiles.contains { $0.overflowed != 0 })
        #expect(state.tiles.allSatisfy { !$0.rows.isEmpty })
        #expect(state.attributes[0].sketch != nil)
        #expect(state.tables.allSatisfy { !$0.rows.isEmpty })
        #expect(state.recents.allSatisfy { !$0.rows.isEmpty })
        let rows = state.table(0, at: state.clock)
        #expect(rows.positions.contains { rows.row($0)?.isPartial == true })
    }

    func decode(_ blob: [UInt8]) throws(BlobError) -> FeatureState {
        try FeatureState(decoding: blob, group: TestGroup.group, groupHash: 7)
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

    @Test("a flipped bit in any byte is refused")
    func flips() {
        let blob = Self.marked().encode()
        for position in blob.indices {
            var damaged = blob
            damaged[position] ^= 1 << UInt8(position % 8)
            #expect(throws: BlobError.self) { try decode(damaged) }
        }
    }

    @Test("what decodes under a forged checksum is still the one encoding of its state")
    func forged() {
        let blob = Self.marked().encode()
        var random = SeededGenerator(seed: 11)
        var accepted = 0
        for round in 0..<8_000 {
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

    @Test("a count that lies is refused, before memory is taken for it")
    func lyingCounts() {
        let blob = Self.marked().encode()
        let huge: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0x07]
        for position in 40..<blob.count - 4 {
            // A huge number in place of whatever stands here, at the same and at a greater length.
            var replaced = blob
            for (offset, byte) in huge.enumerated() where position + offset < blob.count - 4 {
                replaced[position + offset] = byte
            }
            var inserted = blob
            inserted.replaceSubrange(position...position, with: huge)
            for forged in [resealed(replaced), resealed(inserted)] {
                guard let state = try? decode(forged) else { continue }
                #expect(state.encode() == forged, "byte \(position)")
            }
        }
        let padded = resealed(
            blob.dropLast(4) + [UInt8](repeating: 0, count: 1 << 20) + [0, 0, 0, 0])
        #expect(throws: BlobError.self) { try decode(padded) }
    }

    @Test("a blob decodes alike into a state that has memory of its own")
    func ownMemory() throws {
        let state = Self.marked()
        let blob = state.encode()
        var first = try decode(blob)
        let second = try decode(blob)
        let event = EngineEvent(
            type: 0, time: state.clock + 1, values: [5, 1, 9, nil], filters: [3, 200])
        _ = first.apply(event, touches: 1, sequence: 99, delivery: .first)
        #expect(first != state && second == state)
        // Nor does it change what states share before their first event.
        let empty = FeatureState(group: TestGroup.group, groupHash: 7)
        #expect(empty.tiles.allSatisfy { $0.rows.isEmpty })
        #expect(empty.attributes.allSatisfy { $0.rows.isEmpty })
        #expect(empty.tables.allSatisfy { $0.rows.isEmpty })
        #expect(empty.recents.allSatisfy { $0.rows.isEmpty })
    }

    @Test("fetching a state changes nothing, whatever it holds")
    func fetch() throws {
        var empty = FeatureState(group: TestGroup.group, groupHash: 7)
        _ = empty.fetchParts() &+ empty.fetchCells()
        #expect(empty == FeatureState(group: TestGroup.group, groupHash: 7))
        var state = Self.marked()
        #expect(state.fetchParts() > 0)
        _ = state.fetchCells()
        #expect(state == Self.marked())
    }

    /// One value seen at 0 s and another at 7,200 s, in an attribute that keeps `exact` of them.
    private func seen(exact: Int, remember: Int64?) -> (Group, FeatureState) {
        let group = Group(
            tiers: [.ever],
            registers: [
                Register(sources: [Source(event: 1)], values: [], remember: remember)
            ],
            attributes: [
                Attribute(
                    sources: [Source(event: 0, values: [0])], remember: remember, exact: exact,
                    sketchBits: 8)
            ])
        var state = FeatureState(group: group, groupHash: 7)
        for (sequence, time) in [0, 7_200_000].enumerated() {
            let event = EngineEvent(type: 0, time: Int64(time), values: [Int64(time) << 32])
            _ = state.apply(
                event, touches: 1, sequence: UInt64(sequence + 1), delivery: .first)
        }
        return (group, state)
    }

    @Test("a table with more rows than it keeps, or a sketch beside one that has room, is refused")
    func otherLimits() throws {
        let (one, overflowed) = seen(exact: 1, remember: nil)
        let (two, both) = seen(exact: 2, remember: nil)
        #expect(overflowed.attributes[0].hasOverflowed && !both.attributes[0].hasOverflowed)
        #expect(throws: BlobError.self) {
            _ = try FeatureState(decoding: overflowed.encode(), group: two, groupHash: 7)
        }
        #expect(throws: BlobError.self) {
            _ = try FeatureState(decoding: both.encode(), group: one, groupHash: 7)
        }
    }

    @Test("a row that the state would have forgotten is refused")
    func forgotten() throws {
        let (_, state) = seen(exact: 2, remember: nil)
        let (hour, forgetful) = seen(exact: 2, remember: 3_600_000)
        #expect(forgetful.attributes[0].rows.count == 1)
        #expect(throws: BlobError.self) {
            _ = try FeatureState(decoding: state.encode(), group: hour, groupHash: 7)
        }
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
