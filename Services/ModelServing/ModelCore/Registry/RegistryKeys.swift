internal import Storage

/// Keys of the registry's rows. Names hold no "/", numbers are big-endian, so that rows sort by
/// them.
struct RegistryKeys: Sendable {
    static let family: Family = "registry"

    let tenant: String

    func head(_ model: String) -> [UInt8] { text("head/\(model)") }
    func heads() -> KeyRange { .prefix(text("head/")) }

    func version(_ model: String, _ number: UInt32) -> [UInt8] {
        text("version/\(model)/") + Self.bigEndian(number)
    }
    func versions(_ model: String) -> KeyRange { .prefix(text("version/\(model)/")) }

    func alias(_ model: String, _ alias: String) -> [UInt8] { text("alias/\(model)/\(alias)") }
    func aliases(_ model: String) -> KeyRange { .prefix(text("alias/\(model)/")) }

    func event(_ model: String, _ sequence: UInt64) -> [UInt8] {
        text("event/\(model)/") + Self.bigEndian(sequence)
    }
    func events(_ model: String) -> KeyRange { .prefix(text("event/\(model)/")) }

    func request(_ model: String, _ id: String) -> [UInt8] { text("request/\(model)/\(id)") }
    func requests() -> KeyRange { .prefix(text("request/")) }

    private func text(_ rest: String) -> [UInt8] { Array("\(tenant)/\(rest)".utf8) }

    static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }

    static func number(_ bytes: some Collection<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// The row that guards every change of a model: what comes next, and the end of its chain of
/// events.
struct RegistryHead: Hashable, Sendable {
    var nextVersion: UInt32 = 1
    var nextSequence: UInt64 = 1
    /// Empty before the first event.
    var lastDigest: [UInt8] = []

    init() {}

    init?(_ bytes: [UInt8]) {
        guard bytes.count == 12 || bytes.count == 44 else { return nil }
        nextVersion = UInt32(RegistryKeys.number(bytes[0..<4]))
        nextSequence = RegistryKeys.number(bytes[4..<12])
        lastDigest = Array(bytes[12...])
    }

    var bytes: [UInt8] {
        RegistryKeys.bigEndian(nextVersion) + RegistryKeys.bigEndian(nextSequence) + lastDigest
    }
}
