/// Writes the JSON form of messages: no spaces, keys in the order of the field numbers.
public struct JSONWriter {
    public internal(set) var bytes: [UInt8] = []
    /// True if fields with personal data show only its kind.
    private let isRedacting: Bool

    public init(redacting: Bool = false) {
        isRedacting = redacting
        bytes.reserveCapacity(256)
    }

    // MARK: Structure

    public mutating func beginObject() {
        separate()
        bytes.append(UInt8(ascii: "{"))
    }

    public mutating func endObject() { bytes.append(UInt8(ascii: "}")) }

    /// A comma, unless the next value is the first, or stands behind its key. A value never ends in one
    /// of these three characters itself.
    private mutating func separate() {
        switch bytes.last {
        case nil, UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ":"): break
        default: bytes.append(UInt8(ascii: ","))
        }
    }

    @usableFromInline
    mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
    }

    /// True if the value was replaced by the kind of its personal data.
    @usableFromInline
    mutating func redact(_ pii: PersonalData?) -> Bool {
        guard isRedacting, let pii else { return false }
        string("‹\(pii.rawValue)›")
        return true
    }

    /// One character of the structure.
    @usableFromInline
    mutating func mark(_ scalar: Unicode.Scalar) { bytes.append(UInt8(ascii: scalar)) }

    // MARK: Fields

    @inlinable @inline(never)
    public mutating func field<C: WireEncoder>(
        _ name: String, _ value: C.Value, _ codec: C.Type, pii: PersonalData? = nil
    ) {
        key(name)
        if !redact(pii) { C.writeJSON(value, &self) }
    }

    /// A field with presence; nothing if it is absent.
    @inlinable @inline(never)
    public mutating func field<C: WireEncoder>(
        _ name: String, _ value: C.Value?, _ codec: C.Type, pii: PersonalData? = nil
    ) {
        if let value { field(name, value, codec, pii: pii) }
    }

    @inlinable @inline(never)
    public mutating func list<C: WireEncoder>(
        _ name: String, _ values: [C.Value], _ codec: C.Type, pii: PersonalData? = nil
    ) {
        key(name)
        if redact(pii) { return }
        mark("[")
        for index in values.indices { C.writeJSON(values[index], &self) }
        mark("]")
    }

    @inlinable @inline(never)
    public mutating func map<K: MapKeyCodec, V: WireEncoder>(
        _ name: String, _ map: WireMap<K.Value, V.Value>, _ keyCodec: K.Type,
        _ valueCodec: V.Type, pii: PersonalData? = nil
    ) {
        key(name)
        if redact(pii) { return }
        mark("{")
        for index in map.entries.indices {
            key(String(map.entries[index].key))
            V.writeJSON(map.entries[index].value, &self)
        }
        mark("}")
    }

    // MARK: Values

    mutating func bool(_ value: Bool) {
        separate()
        bytes += value ? Array("true".utf8) : Array("false".utf8)
    }

    @usableFromInline
    mutating func number(_ value: some FixedWidthInteger) {
        separate()
        bytes += String(value).utf8
    }

    /// A 64-bit integer: a string, since JSON readers keep only 53 bits of a number.
    mutating func quoted(_ value: some FixedWidthInteger) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes += String(value).utf8
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func double(_ value: Double) { floating(value, value.description) }
    mutating func float(_ value: Float) { floating(value, value.description) }

    /// `shortest` are the fewest digits that read back as the same value.
    private mutating func floating<T: BinaryFloatingPoint>(_ value: T, _ shortest: String) {
        if value.isNaN { return string("NaN") }
        if value.isInfinite { return string(value < 0 ? "-Infinity" : "Infinity") }
        separate()
        let digits = Array(shortest.utf8)
        bytes += digits.suffix(2) == Array(".0".utf8) ? digits.dropLast(2) : digits[...]
    }

    /// The name of a number, or the number if it has none.
    @usableFromInline
    mutating func enumeration(_ number: Int32, _ names: EnumNames) {
        if let name = names.name(of: number) { string(name) } else { self.number(number) }
    }

    mutating func base64(_ value: [UInt8]) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        Base64.encode(value, padded: true, into: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func money(_ value: Money) {
        beginObject()
        key("currency")
        string(value.currency.description)
        key("amount")
        string(value.amount.description)
        endObject()
    }

    @usableFromInline
    mutating func string(_ value: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                bytes.append(byte)
            } else {
                escape(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        default:
            let digits = Array("0123456789abcdef".utf8)
            bytes += Array("u00".utf8)
            bytes.append(digits[Int(byte >> 4)])
            bytes.append(digits[Int(byte & 15)])
        }
    }
}
