internal import Redis

/// The names of the shared store's keys. What stands in braces decides the slot of a cluster, so
/// that every script and every stream has all its keys in one.
struct SharedKeys: Sendable {
    /// What an event id's log, index and replies are divided into.
    static let partitions = 16

    /// The tenant, in the letters that a key may have.
    let tenant: String

    init(tenant: String) { self.tenant = Self.escaped(tenant) }

    /// Of every key of the tenant.
    private var beginning: [UInt8] {
        var bytes = Array("fs:{".utf8)
        bytes += tenant.utf8
        return bytes
    }

    /// The tenants that ever recorded an event: the keeper serves them.
    static let tenants = Array("fs:{tenants}".utf8)

    /// Tells whether a process has the store's master key.
    static let keyCheck = Array("fs:{store}:key".utf8)

    /// The keeper's lease, and the number of leases given out.
    static let lease = Array("fs:{keeper}:lease".utf8)
    static let fence = Array("fs:{keeper}:fence".utf8)

    /// An entity's state, with its journal: the versions that events made of it, until the keeper has
    /// their applied records.
    ///
    /// - Parameters:
    ///   - entity: the type's name, escaped.
    ///   - generation: as `shortGeneration` gives it.
    func state(_ entity: [UInt8], _ key: StateKey, generation: [UInt8]) -> [UInt8] {
        var bytes = beginning
        bytes.reserveCapacity(bytes.count + entity.count + generation.count + 48)
        bytes.append(UInt8(ascii: ":"))
        bytes += entity
        bytes.append(UInt8(ascii: ":"))
        Self.appendHex(key.high, to: &bytes)
        Self.appendHex(key.low, to: &bytes)
        bytes += "}:state:".utf8
        bytes += generation
        return bytes
    }

    /// What of a generation stands in keys: enough to tell two apart, which are compared as a whole
    /// where a process starts.
    static func shortGeneration(_ generation: [UInt8]) -> [UInt8] {
        Array(hex(Array(generation.prefix(8))).utf8)
    }

    /// A subject's key, wrapped by the tenant's.
    func subjectKey(_ subject: StateKey) -> [UInt8] { of(subject, "dek") }

    /// Whose data belongs to a subject: types and pseudonyms of its entities.
    func subjectEntities(_ subject: StateKey) -> [UInt8] { of(subject, "keys") }

    private func of(_ subject: StateKey, _ name: String) -> [UInt8] {
        Array("fs:{\(tenant):subject:\(Self.hex(subject.bytes))}:\(name)".utf8)
    }

    /// There while the keeper has no room for events kept aside.
    var quarantineFull: [UInt8] { Array("fs:{\(tenant)}:quarantine_full".utf8) }

    /// The server that the keeper found to have all that the log says.
    var whole: [UInt8] { Array("fs:{\(tenant)}:whole".utf8) }

    /// The definition set and generation in force.
    var active: [UInt8] { Array("fs:{\(tenant)}:active".utf8) }

    /// The partition of an event: by the hash of its id.
    static func partition(_ id: [UInt8]) -> Int { Int(id[0]) % partitions }

    /// - Parameter id: 16 bytes of SHA-256 of the event id.
    func claim(_ id: [UInt8]) -> [UInt8] { log(Self.partition(id), "id:", id) }

    /// The reply that was given for an event.
    func served(_ id: [UInt8]) -> [UInt8] { log(Self.partition(id), "served:", id) }

    /// The stream of a partition.
    func rows(_ partition: Int) -> [UInt8] { log(partition, "rows") }

    /// Events that are claimed and not yet applied everywhere.
    func open(_ partition: Int) -> [UInt8] { log(partition, "open") }

    /// How many erasures there were, as the rows of a partition must know.
    func epoch(_ partition: Int) -> [UInt8] { log(partition, "epoch") }

    /// Ends an event's openness with its applied record.
    func finish(_ place: StreamPlace, _ record: [UInt8]) -> RedisCommand {
        SharedScripts.finish.command(
            keys: [rows(place.partition), open(place.partition)], [place.id, record])
    }

    /// Which keeper holds what was trimmed from the stream, and its lease's number.
    func kept(_ partition: Int) -> [UInt8] { log(partition, "kept") }

    private func log(_ partition: Int, _ name: String, _ id: [UInt8] = []) -> [UInt8] {
        var bytes = beginning
        bytes.reserveCapacity(bytes.count + name.utf8.count + 2 * id.count + 16)
        bytes += ":log:".utf8
        bytes += String(partition).utf8
        bytes += "}:".utf8
        bytes += name.utf8
        for byte in id { Self.appendHex(byte, to: &bytes) }
        return bytes
    }

    static func hex(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(2 * bytes.count)
        for byte in bytes { appendHex(byte, to: &text) }
        return String(decoding: text, as: UTF8.self)
    }

    private static func appendHex(_ value: some FixedWidthInteger, to text: inout [UInt8]) {
        var shift = value.bitWidth
        while shift > 0 {
            shift -= 4
            let digit = UInt8(truncatingIfNeeded: value >> shift) & 15
            text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
        }
    }

    /// Letters, digits, `.`, `_` and `-` stay; any other byte is `%` and two digits. So no name can
    /// end a key's braces or look like two names.
    static func escaped(_ text: String) -> String {
        if text.utf8.allSatisfy(isPlain) { return text }
        var result = ""
        for byte in text.utf8 {
            if isPlain(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += "%" + hex([byte])
            }
        }
        return result
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
