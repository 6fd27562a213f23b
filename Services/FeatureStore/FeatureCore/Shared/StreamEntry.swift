internal import Redis

/// One entry of a partition's stream.
struct StreamEntry {
    static let event = UInt8(ascii: "e")
    static let applied = UInt8(ascii: "a")
    static let served = UInt8(ascii: "s")
    static let quarantined = UInt8(ascii: "q")
    /// Says nothing.
    static let mark = UInt8(ascii: "m")

    let id: [UInt8]
    let kind: UInt8
    let bytes: [UInt8]

    /// An entry as `XRANGE` gives it: its id, then name and value of its one field.
    init?(_ value: RedisValue) {
        guard let parts = value.elements, parts.count == 2, case .bytes(let id) = parts[0],
            let fields = parts[1].elements, fields.count == 2,
            case .bytes(let name) = fields[0], name.count == 1, case .bytes(let bytes) = fields[1]
        else { return nil }
        self.id = id
        kind = name[0]
        self.bytes = bytes
    }
}
