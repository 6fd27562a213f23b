public import Wire

/// An input that grows: what an attacker would send, of about the size asked for.
public struct HostileMessage: Sendable {
    public enum Way: Sendable {
        case bytes(Door)
        case json
    }

    public let name: String
    public let type: MessageProperties
    public let way: Way
    /// True if its cost is dominated by what is decoded, so that it must be accepted.
    public let isAccepted: Bool
    public let make: @Sendable (_ size: Int) -> [UInt8]

    private init(
        _ name: String, _ type: String, _ way: Way, isAccepted: Bool = true,
        make: @escaping @Sendable (Int) -> [UInt8]
    ) {
        guard let type = MessageProperties.named(type) else {
            preconditionFailure("no message \(type)")
        }
        self.name = name
        self.type = type
        self.way = way
        self.isAccepted = isAccepted
        self.make = make
    }

    /// Decodes the input with limits that do not stop it, validates and writes it; true if it was accepted.
    @inline(never)
    public func process(_ input: [UInt8]) -> Bool {
        let bytes = max(input.count, 1 << 12)
        switch way {
        case .bytes(let door):
            let limits = DecodeLimits(
                bytes: bytes, heap: 4096 + 1024 * bytes, unknownBytes: bytes)
            return (try? type.process(input, door, limits)) != nil
        case .json:
            let limits = JSONLimits(bytes: bytes, heap: 4096 + 1024 * bytes)
            return (try? type.decodeJSON(input, limits)) != nil
        }
    }

    private static let request = "bank.risk.v1.AssessRequest"
    private static let scalars = "test.everything.v1.Scalars"
    private static let optionals = "test.everything.v1.Optionals"
    private static let lists = "test.everything.v1.Lists"
    private static let maps = "test.everything.v1.Maps"
    private static let tree = "test.everything.v1.Tree"
    private static let empty = "test.everything.v1.Empty"

    // MARK: Both doors

    public static let binary: [HostileMessage] = [
        .init("trees out of order, seven deep", tree, .bytes(.tolerant)) { size in
            nested(depth: 7, size)
        },
        .init("a chain of thousands of messages", tree, .bytes(.tolerant), isAccepted: false) {
            size in
            var message: [UInt8] = []
            while message.count < size { message = record(2, message) + [0x0A, 0] }
            return message
        },
        .init("map entries in falling order", maps, .bytes(.tolerant)) { size in
            repeated(size, of: 12) { record(1, record(1, key(1 << 30 - $0)) + record(2, [])) }
        },
        .init("map entries with one key", maps, .bytes(.tolerant)) { size in
            repeated(size, of: 8) { _ in record(1, record(1, [0x61]) + record(2, [])) }
        },
        .init("map entries back to front inside", maps, .bytes(.tolerant)) { size in
            repeated(size, of: 12) { record(1, record(2, []) + record(1, key($0))) }
        },
        .init("repeats of a message", optionals, .bytes(.tolerant)) { size in
            repeated(size, of: 12) { _ in record(16, [0x09, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F]) }
        },
        .init("members of a oneof in turn", "test.everything.v1.Oneofs", .bytes(.tolerant)) {
            size in
            repeated(size, of: 9) { _ in record(1, [0x61]) + record(4, []) + [0x28, 2] }
        },
        .init("packed lists of one element", lists, .bytes(.tolerant)) { size in
            repeated(size, of: 3) { _ in record(2, [2]) }
        },
        .init("unpacked elements", lists, .bytes(.tolerant)) { size in
            repeated(size, of: 2) { _ in [0x10, 2] }
        },
        .init("two lists in turn", lists, .bytes(.tolerant)) { size in
            repeated(size, of: 6) { _ in record(7, [0x61]) + record(8, [0x61]) }
        },
        .init("a scalar again and again", scalars, .bytes(.tolerant)) { size in
            repeated(size, of: 2) { _ in [0x10, 2] }
        },
        .init("unknown fields in falling order", empty, .bytes(.tolerant)) { size in
            repeated(size, of: 4) { varint(UInt64(2000 + (1 << 18) - $0) << 3) + [1] }
        },
        .init("unknown fields in order", empty, .bytes(.strict)) { size in
            repeated(size, of: 4) { varint(UInt64(2000 + $0) << 3) + [1] }
        },
        .init("one unknown field again and again", scalars, .bytes(.strict)) { size in
            repeated(size, of: 3) { _ in varint(100 << 3) + [1] }
        },
        .init("empty messages", tree, .bytes(.strict)) { size in
            repeated(size, of: 2) { _ in [0x12, 0] }
        },
        .init("empty strings", lists, .bytes(.strict)) { size in
            repeated(size, of: 2) { _ in record(7, []) }
        },
        .init("strings of 16 bytes", lists, .bytes(.strict)) { size in
            repeated(size, of: 18) { _ in record(7, [UInt8](repeating: 0x61, count: 16)) }
        },
        .init("a long string", scalars, .bytes(.strict)) { size in
            record(14, [UInt8](repeating: 0x61, count: size))
        },
        .init("a long string that is not UTF-8", scalars, .bytes(.strict), isAccepted: false) {
            record(14, [UInt8](repeating: 0xFF, count: $0))
        },
        .init("equal elements of a list without", lists, .bytes(.strict)) { size in
            record(2, [UInt8](repeating: 2, count: size))
        },
        .init("different elements of a list without equals", lists, .bytes(.strict)) { size in
            record(2, (0..<size / 3).flatMap { varint(UInt64(1 << 16 + 2 * $0)) })
        },
        .init("strings of a list without equals", lists, .bytes(.strict)) { size in
            repeated(size, of: 10) { record(7, key($0)) }
        },
        .init("a long text for a pattern", scalars, .bytes(.strict)) { size in
            record(18, Array("ABC".utf8) + [UInt8](repeating: 0x30, count: size))
        },
        .init("bools in a list", lists, .bytes(.strict)) { size in
            record(1, [UInt8](repeating: 1, count: size))
        },
        .init("ten-byte varints in a list", lists, .bytes(.strict)) { size in
            record(3, repeated(size, of: 10) { _ in [UInt8](repeating: 0xFF, count: 9) + [1] })
        },
        .init("a map of one-byte lists", maps, .bytes(.strict)) { size in
            repeated(size, of: 13) { record(4, [0x08] + varint(UInt64($0 * 2)) + [0x12, 1, 7]) }
        },
        .init("an error at the very end", request, .bytes(.tolerant), isAccepted: false) { size in
            repeated(size, of: 7) { _ in record(6, record(2, [0x08, 1])) } + [0x7B]
        },
        .init("a missing field in the last of many", lists, .bytes(.strict), isAccepted: false) {
            repeated($0, of: 8) { _ in record(12, [0x0A, 3, 0x45, 0x55, 0x52]) } + record(12, [])
        },
    ]

    // MARK: JSON

    public static let json: [HostileMessage] = [
        .init("many objects", tree, .json) { size in
            text(#"{"children":["#, "{}", ",", "]}", size)
        },
        .init("deep nesting", tree, .json, isAccepted: false) { size in
            Array(String(repeating: #"{"children":["#, count: size / 13).utf8)
        },
        .init("deep arrays", lists, .json, isAccepted: false) { size in
            Array((#"{"strings":"# + String(repeating: "[", count: size)).utf8)
        },
        .init("many keys of a map, falling", maps, .json) { size in
            let count = size / 16
            let entries = (0..<count).map { "\"\(count * 10 - $0)\":\"x\"" }
            return Array("{\"byString\":{\(entries.joined(separator: ","))}}".utf8)
        },
        .init("one key of a map again and again", maps, .json, isAccepted: false) { size in
            text(#"{"byString":{"#, #""a":"x""#, ",", "}}", size)
        },
        .init("keys that nobody knows", scalars, .json, isAccepted: false) { size in
            Array("{\"\(String(repeating: "k", count: size))\":1}".utf8)
        },
        .init("a long integer", scalars, .json, isAccepted: false) { size in
            Array("{\"an_int64\":\(String(repeating: "9", count: size))}".utf8)
        },
        .init("an integer with a long tail of zeros", scalars, .json) { size in
            Array("{\"an_int64\":1.\(String(repeating: "0", count: size))}".utf8)
        },
        .init("a long fraction", scalars, .json) { size in
            Array("{\"aDouble\":0.\(String(repeating: "7", count: size))}".utf8)
        },
        .init("a long exponent", scalars, .json) { size in
            Array("{\"an_int64\":0e\(String(repeating: "9", count: size))}".utf8)
        },
        .init("a long decimal", optionals, .json, isAccepted: false) { size in
            Array("{\"aDecimal\":\"0.\(String(repeating: "0", count: size))\"}".utf8)
        },
        .init("a long string of escapes", scalars, .json) { size in
            text(#"{"aString":""#, #"\u00e9"#, "", #""}"#, size)
        },
        .init("a long string of quotes", scalars, .json) { size in
            text(#"{"aString":""#, #"\""#, "", #""}"#, size)
        },
        .init("a string without an end", scalars, .json, isAccepted: false) { size in
            text(#"{"aString":""#, "x", "", "", size)
        },
        .init("long base64", scalars, .json) { size in
            text(#"{"someBytes":""#, "AAAA", "", #""}"#, size)
        },
        .init("long base64 that is none", scalars, .json, isAccepted: false) { size in
            text(#"{"someBytes":""#, "AAAA", "", #"*"}"#, size)
        },
        .init("many short strings", lists, .json) { size in
            text(#"{"strings":["#, #""""#, ",", "]}", size)
        },
        .init("many numbers", lists, .json) { size in
            text(#"{"doubles":["#, "0.1", ",", "]}", size)
        },
        .init("white space", scalars, .json) { size in
            text("{", " ", "", "}", size)
        },
        .init("one key again and again", scalars, .json, isAccepted: false) { size in
            text("{", #""aBool":null"#, ",", "}", size)
        },
    ]

    public static let all = binary + json

    // MARK: Putting bytes together

    private static func repeated(
        _ size: Int, of each: Int, _ element: (Int) -> [UInt8]
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size + 64)
        var index = 0
        while bytes.count + each <= size {
            bytes += element(index)
            index += 1
        }
        return bytes
    }

    private static func text(
        _ head: String, _ element: String, _ separator: String, _ tail: String, _ size: Int
    ) -> [UInt8] {
        let count = max(1, size / (element.utf8.count + separator.utf8.count))
        let body = [String](repeating: element, count: count).joined(separator: separator)
        return Array((head + body + tail).utf8)
    }

    private static func nested(depth: Int, _ size: Int) -> [UInt8] {
        let leaf = record(2, []) + record(1, [0x61]) + record(2, [])
        if depth == 1 { return repeated(size, of: leaf.count) { _ in leaf } }
        let half = nested(depth: depth - 1, size / 2)
        return record(2, half) + record(1, [0x61]) + record(2, half)
    }

    private static func key(_ number: Int) -> [UInt8] {
        let digits = String(number, radix: 16)
        return Array((String(repeating: "0", count: max(0, 8 - digits.count)) + digits).utf8)
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    private static func record(_ number: UInt64, _ body: [UInt8]) -> [UInt8] {
        varint(number << 3 | 2) + varint(UInt64(body.count)) + body
    }
}
