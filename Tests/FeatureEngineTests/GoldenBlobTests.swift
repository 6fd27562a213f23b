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

    static var blob: [UInt8] { bytes(hex) }

    static func bytes(_ hex: String) -> [UInt8] {
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

    /// A register, an attribute with its sketch, a table and a recent list, with values of all
    /// kinds: what the design's vector does not have.
    @Test("the sections of rows have the bytes they have always had")
    func rows() throws {
        let all = ValueKind.allCases
        let source = Source(event: 0, values: all.indices.map { $0 })
        let group = Group(
            registers: [
                Register(sources: [source], values: all),
                Register(sources: [Source(event: 1)], values: [], isSnapshot: true),
            ],
            attributes: [
                Attribute(
                    sources: [Source(event: 0, values: [4])], remember: nil, exact: 1,
                    sketchBits: 8)
            ],
            tables: [
                KeyedTable(
                    sources: [Source(event: 0, values: [4, 3])],
                    terms: [[KeyedTable.Term(), KeyedTable.Term(field: 0)]], values: [.flag],
                    rows: 4)
            ],
            recents: [
                RecentList(
                    sources: [Source(event: 0, values: [2, 6])], values: [.code, .place], rows: 2)
            ])
        func event(_ time: Int64, _ hash: UInt64) -> EngineEvent {
            EngineEvent(
                type: 0, time: time,
                values: [
                    -7, 1_000, 300, 1, Int64(bitPattern: hash),
                    Int64(bitPattern: (0.5).bitPattern),
                    time == 9_000
                        ? nil : ValueKind.place(latitude: 525_200_000, longitude: -1_800_000_000),
                ])
        }
        var state = FeatureState(group: group, groupHash: Golden.groupHash)
        _ = state.apply(event(5_000, .max), touches: 1, sequence: 3, delivery: .first)
        _ = state.apply(event(9_000, 1 << 40), touches: 1, sequence: 7, delivery: .first)
        let blob = state.encode()
        #expect(
            try FeatureState(decoding: blob, group: group, groupHash: Golden.groupHash) == state)
        // The sketch: register 0 with rank 16, register 255 with rank 24.
        let sketch = [8, 1, 16, 0] + [UInt8](repeating: 0, count: 254) + [1, 1, 4]
        let parts: [[UInt8]] = [
            Golden.bytes("0400000000000000 41465331 01 01 0000 8877665544332211"),
            Golden.bytes("2823000000000000 0700000000000000"),
            // Ring: 7 made version 4, 3 made version 3.
            Golden.bytes("01 05 02 0000 0401"),
            // Registers: the newest event without a place; no snapshot yet.
            Golden.bytes("03 1b 01 00 00 3f 0d d00f ac02 01 0000000000010000 000000000000e03f 00"),
            // Attribute: the value seen last.
            Golden.bytes("20 0c 01 0000000000010000 00 00 01"),
            Golden.bytes("40 8502"), sketch,
            // Table: flag, count and sum by hash.
            Golden.bytes("60 1e 02 0000000000010000 00 00 01 01 02 0d"),
            Golden.bytes("ffffffffffffffff a01f 04 01 01 02 0d"),
            // Recent: the newest has no place.
            Golden.bytes("80 16 02 00 00 01 ac02 a01f 04 03 ac02 80aaeff403 ffc7ceb40d"),
        ]
        #expect(Array(blob.dropLast(4)) == parts.flatMap { $0 })
    }
}
