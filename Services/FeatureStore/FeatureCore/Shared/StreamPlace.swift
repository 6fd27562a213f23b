/// Where an event stands in the shared log: its partition and the id that the stream gave it.
struct StreamPlace: Hashable, Sendable {
    let milliseconds: UInt64
    let counter: UInt64
    let partition: Int

    private static let counterBits: UInt64 = 16

    /// Reads "1760000000000-0". Nil if it is no such id, or one whose sequence would not fit.
    init?(_ text: some Collection<UInt8>, partition: Int) {
        guard let dash = text.firstIndex(of: UInt8(ascii: "-")),
            let milliseconds = Self.number(text[..<dash]),
            let counter = Self.number(text[text.index(after: dash)...]),
            milliseconds < 1 << 43, counter < 1 << Self.counterBits, milliseconds > 0
        else { return nil }
        self.milliseconds = milliseconds
        self.counter = counter
        self.partition = partition
    }

    init(sequence: UInt64) {
        milliseconds = sequence >> 20
        counter = sequence >> 4 & (1 << Self.counterBits - 1)
        partition = Int(sequence & 15)
    }

    /// Unique over all partitions, and ascending in each.
    var sequence: UInt64 { milliseconds << 20 | counter << 4 | UInt64(partition) }

    /// As the stream writes it.
    var id: [UInt8] { Array("\(milliseconds)-\(counter)".utf8) }

    /// Digits alone: at most 19 of them.
    private static func number(_ digits: some Collection<UInt8>) -> UInt64? {
        guard (1...19).contains(digits.count) else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + UInt64(digit - UInt8(ascii: "0"))
        }
        return value
    }
}
