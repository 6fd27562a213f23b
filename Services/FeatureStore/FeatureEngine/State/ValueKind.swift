/// How a field's value is put in one 64-bit word, and how a blob holds it.
public enum ValueKind: UInt8, Hashable, Sendable, CaseIterable {
    /// A whole number; money in minor units of the base currency.
    case integer
    /// Milliseconds since 1970.
    case time
    /// Code of an enumeration's value, from 0.
    case code
    /// 0 or 1.
    case flag
    /// The keyed hash of a text (section 15), by bit pattern.
    case hash
    /// A double, by bit pattern.
    case double
    /// A place: degrees · 10⁷, latitude in the high half, longitude in the low one.
    case place

    /// The word of a place; both in degrees · 10⁷.
    public static func place(latitude: Int32, longitude: Int32) -> Int64 {
        Int64(latitude) << 32 | Int64(UInt32(bitPattern: longitude))
    }

    /// The latitude and longitude of a place's word, in degrees · 10⁷.
    public static func coordinates(_ word: Int64) -> (latitude: Int32, longitude: Int32) {
        (Int32(truncatingIfNeeded: word >> 32), Int32(truncatingIfNeeded: word))
    }

    /// The nearest word that a blob can hold.
    func canonical(_ word: Int64) -> Int64 {
        switch self {
        case .code: max(0, word)
        case .flag: word == 0 ? 0 : 1
        case .integer, .time, .hash, .double, .place: word
        }
    }

    /// The word as the number of a feature; nil for a hash or a place.
    func number(_ word: Int64) -> Double? {
        switch self {
        case .integer, .time, .code, .flag: Double(word)
        case .double: Double(bitPattern: UInt64(bitPattern: word))
        case .hash, .place: nil
        }
    }
}
