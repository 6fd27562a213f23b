internal import Redis

/// The names of the shared store's keys. What stands in braces decides the slot of a cluster, so
/// that every script and every stream has all its keys in one.
struct SharedKeys: Sendable {
    /// What an event id's log, index and replies are divided into.
    static let partitions = 16

    /// The tenant, in the letters that a key may have.
    let tenant: String

    init(tenant: String) { self.tenant = Self.escaped(tenant) }

    /// The tenants that ever recorded an event: the keeper serves them.
    static let tenants = Array("fs:{tenants}".utf8)

    /// Tells whether a process has the store's master key.
    static let keyCheck = Array("fs:{store}:key".utf8)

    /// The keeper's lease, and the number of leases given out.
    static let lease = Array("fs:{keeper}:lease".utf8)
    static let fence = Array("fs:{keeper}:fence".utf8)

    func blob(_ entity: String, _ key: StateKey, generation: [UInt8]) -> [UInt8] {
        of(entity, key, "group", generation)
    }

    /// The entity's journal: the versions that events made of its blob, until the keeper has their
    /// applied records.
    func journal(_ entity: String, _ key: StateKey, generation: [UInt8]) -> [UInt8] {
        of(entity, key, "made", generation)
    }

    private func of(
        _ entity: String, _ key: StateKey, _ name: String, _ generation: [UInt8]
    ) -> [UInt8] {
        let pid = Self.hex(StorageKey.bigEndian(key.high) + StorageKey.bigEndian(key.low))
        let end = Self.hex(generation)
        return Array("fs:{\(tenant):\(Self.escaped(entity)):\(pid)}:\(name):\(end)".utf8)
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

    /// The definition set and generation in force.
    var active: [UInt8] { Array("fs:{\(tenant)}:active".utf8) }

    /// The partition of an event: by the hash of its id.
    static func partition(_ id: [UInt8]) -> Int { Int(id[0]) % partitions }

    /// - Parameter id: 16 bytes of SHA-256 of the event id.
    func claim(_ id: [UInt8]) -> [UInt8] {
        log(Self.partition(id), "id:\(Self.hex(id))")
    }

    /// The reply that was given for an event.
    func served(_ id: [UInt8]) -> [UInt8] {
        log(Self.partition(id), "served:\(Self.hex(id))")
    }

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

    private func log(_ partition: Int, _ name: String) -> [UInt8] {
        Array("fs:{\(tenant):log:\(partition)}:\(name)".utf8)
    }

    static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let text = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    /// Letters, digits, `.`, `_` and `-` stay; any other byte is `%` and two digits. So no name can
    /// end a key's braces or look like two names.
    static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "%" + hex([byte])
            }
        }
        return result
    }
}
