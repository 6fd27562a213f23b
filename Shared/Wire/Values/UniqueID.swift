/// Sixteen bytes, held inline; as text `8-4-4-4-12` hexadecimal digits (RFC 9562).
@frozen
public struct UniqueID: Sendable, Hashable {
    /// The first eight bytes, big-endian.
    public let high: UInt64
    /// The last eight bytes, big-endian.
    public let low: UInt64

    @inlinable
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// All bytes zero, which counts as "not given".
    @inlinable public static var zero: UniqueID { UniqueID(high: 0, low: 0) }
    @inlinable public var isZero: Bool { high | low == 0 }

    /// Nil unless there are exactly 16 bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        self.init(
            high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
            low: bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// The 16 bytes.
    public var bytes: [UInt8] {
        [high, low].flatMap { half in
            (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * UInt64($0))) }
        }
    }

    /// A version 4 identifier from the given source of randomness.
    public static func random(using generator: inout some RandomNumberGenerator) -> UniqueID {
        let high = generator.next() as UInt64
        let low = generator.next() as UInt64
        return UniqueID(
            high: high & 0xFFFF_FFFF_FFFF_0FFF | 0x4000,
            low: low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }
}

extension UniqueID: CustomStringConvertible, Comparable {
    /// `8-4-4-4-12` digits in lower case.
    public var description: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for (index, byte) in bytes.enumerated() {
            if index == 4 || index == 6 || index == 8 || index == 10 { text.append(0x2D) }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads `8-4-4-4-12` hexadecimal digits of either case; nil for anything else.
    public init?(_ text: String) {
        var halves: [UInt64] = [0, 0]
        var digits = 0
        let bytes = Array(text.utf8)
        guard bytes.count == 36 else { return nil }
        for (index, byte) in bytes.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == 0x2D else { return nil }
                continue
            }
            guard let digit = Character(UnicodeScalar(byte)).hexDigitValue, byte < 0x80 else {
                return nil
            }
            halves[digits / 16] = halves[digits / 16] << 4 | UInt64(digit)
            digits += 1
        }
        self.init(high: halves[0], low: halves[1])
    }

    @inlinable
    public static func < (a: UniqueID, b: UniqueID) -> Bool {
        (a.high, a.low) < (b.high, b.low)
    }
}
