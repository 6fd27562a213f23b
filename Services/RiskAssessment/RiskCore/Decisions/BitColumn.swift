/// A bit for each of a row of things, such as the rules of a rule set, as records hold them.
struct BitColumn: Sendable, Hashable {
    /// The lowest bit of each byte first; the last byte is not zero.
    private(set) var bytes: [UInt8] = []

    init() {}

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func insert(_ position: Int) {
        let byte = position >> 3
        while bytes.count <= byte { bytes.append(0) }
        bytes[byte] |= 1 << UInt8(position & 7)
    }

    func contains(_ position: Int) -> Bool {
        let byte = position >> 3
        return byte < bytes.count && bytes[byte] & 1 << UInt8(position & 7) != 0
    }

    /// How many bits are set.
    var count: Int { bytes.reduce(0) { $0 + $1.nonzeroBitCount } }
}
