internal import Storage

/// Keys of the shadow log. Names hold no "/", numbers are big-endian: a shadow's rows lie in the order
/// in which they were recorded.
struct ShadowKeys: Sendable {
    static let family: Family = "shadows"

    let tenant: String

    var all: KeyRange { .prefix(Array("\(tenant)/row/".utf8)) }

    /// What the keys of the rows of a model's shadows start with.
    func prefix(_ model: String) -> [UInt8] { Array("\(tenant)/row/\(model)/".utf8) }

    /// What the keys of a shadow's rows start with.
    func prefix(_ model: String, _ shadow: String) -> [UInt8] {
        prefix(model) + Array("\(shadow)/".utf8)
    }

    func row(_ prefix: [UInt8], _ milliseconds: Int64, _ sequence: UInt32) -> [UInt8] {
        time(prefix, milliseconds) + BigEndian.bytes(sequence)
    }

    func time(_ prefix: [UInt8], _ milliseconds: Int64) -> [UInt8] {
        prefix + BigEndian.bytes(UInt64(max(0, milliseconds)))
    }

    /// A row's shadow and time; nil for a key that is none.
    static func parts(_ key: UnsafeRawBufferPointer) -> (prefix: [UInt8], time: Int64)? {
        guard key.count > 12 else { return nil }
        let time = BigEndian.number(key.dropLast(4).suffix(8))
        return (Array(key.dropLast(12)), Int64(clamping: time))
    }
}
