import FeatureEngine
import Testing

/// The golden vector of the design: five tiers, one measure with everything, one that counts.
enum Golden {
    static let groupHash: UInt64 = 0x1122_3344_5566_7788

    static let group = Group(
        tiers: [.minute, .hour, .day, .week, .month],
        measures: [
            Measure(
                sources: [Source(event: 0, touch: 0, values: [0])],
                statistics: [.sum, .max, .logarithms], tiers: 0b11111),
            Measure(
                sources: [Source(event: 0, touch: 1)], statistics: [], tiers: 0b01110),
        ])

    static let hex = """
        2a00000000000000 41465331 01 00 0000 8877665544332211 30352dc899010000 2a00000000000000
        01 05 02 0000 0101
        10 10 02 80f09dc706 01 01 864e  1e 01 01 80897a
        11 16 01 d5aefe0d 03 02 86d77a 80897a d3b201 89b9d88301 01
        12 15 01 e3ad77 03 02 86d77a 80897a d3b201 89b9d88301 01
        13 15 01 92f909 03 02 86d77a 80897a d3b201 89b9d88301 01
        14 14 01 a4be02 01 02 86d77a 80897a d3b201 89b9d88301
        f0c89f5b
        """

    static var blob: [UInt8] {
        let digits = hex.filter { !$0.isWhitespace }
        return stride(from: 0, to: digits.count, by: 2).map { offset in
            let start = digits.index(digits.startIndex, offsetBy: offset)
            return UInt8(digits[start...].prefix(2), radix: 16) ?? 0
        }
    }

    static func state() -> FeatureState {
        var state = FeatureState(group: group, groupHash: groupHash)
        let first = EngineEvent(type: 0, time: 1_760_000_000_250, values: [4_995])
        let second = EngineEvent(type: 0, time: 1_760_000_030_000, values: [1_000_000])
        _ = state.apply(first, touches: 0b01, sequence: 41, delivery: .first)
        _ = state.apply(second, touches: 0b11, sequence: 42, delivery: .first)
        return state
    }
}

@Suite struct GoldenBlobTests {
    @Test("two events give the 161 bytes of the golden vector")
    func encode() {
        #expect(Golden.blob.count == 161)
        #expect(Golden.state().encode() == Golden.blob)
    }

    @Test("the golden bytes give the state of the two events")
    func decode() throws {
        let state = try FeatureState(
            decoding: Golden.blob, group: Golden.group, groupHash: Golden.groupHash)
        #expect(state == Golden.state())
        #expect(state.version == 42)
        #expect(state.clock == 1_760_000_030_000)
    }

    @Test("a blob of another group is refused")
    func otherGroup() {
        let error = #expect(throws: BlobError.self) {
            _ = try FeatureState(decoding: Golden.blob, group: Golden.group, groupHash: 1)
        }
        #expect(error?.reason == .otherGroup)
    }
}
