/// Where a drawn model gets its choices from: the bytes of an input, and zeros behind them.
struct ByteSource {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    mutating func byte() -> UInt8 { bytes.popFirst() ?? 0 }

    mutating func below(_ count: Int) -> Int { Int(byte()) % max(count, 1) }

    mutating func flag() -> Bool { byte() & 1 == 1 }

    /// True of two bytes in 256, so that a drawn model is mostly sound.
    mutating func rarely() -> Bool { byte() > 253 }

    mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }

    /// A number that a model may hold, as text.
    mutating func number() -> String {
        let choice = below(64)
        if choice < Self.odd.count { return Self.odd[choice] }
        let high = Int(Int8(bitPattern: byte()))
        return "\(Double(high) + Double(byte()) / 256)"
    }

    /// One that no model may hold, as text.
    mutating func hostileNumber() -> String { pick(Self.hostile) }

    private static let odd = [
        "0", "-0.0", "1", "-1", "0.5", "1.5", "1e-45", "1e-40", "-1e-40", "5e-324",
        "1.0000000180025095e-35", "-1.0000000180025095e-35", "1.1754944e-38", "16777216",
        "2147483648", "3.4028234e38", "-3.4028234e38", "0.1", "2.5", "7",
    ]
    private static let hostile = [
        "NaN", "-NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e39", "9223372036854775808",
        "-9223372036854775809", "4294967296", "2147483648", "-2147483649", "-2", "00", "1.", "1e",
        "1e-999999999999", "\"0.5\"", "null", "[]", "{}", "true", "",
    ]
}
