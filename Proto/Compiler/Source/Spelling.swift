/// The fixed spelling of names (wire.md §2), and the conversions that it makes exact.
enum Spelling {
    static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Lower case words joined by single underscores, as in `request_id`.
    static func isSnakeCase(_ name: String) -> Bool {
        name == snakeCase(name)
    }

    /// Begins with a capital and has no underscore, as in `AssessRequest`.
    static func isPascalCase(_ name: String) -> Bool {
        guard let first = name.utf8.first else { return false }
        return isUpper(first) && !name.utf8.contains(UInt8(ascii: "_"))
    }

    /// `RequestId` → `request_id`.
    static func snakeCase(_ name: String) -> String {
        var result: [UInt8] = []
        var previous: UInt8?
        let bytes = Array(name.utf8)
        for (index, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "_") {
                if let last = result.last, last != byte { result.append(byte) }
            } else if isUpper(byte) {
                let next = index + 1 < bytes.count ? bytes[index + 1] : 0
                if let previous, previous != UInt8(ascii: "_"), !isUpper(previous) || isLower(next)
                {
                    result.append(UInt8(ascii: "_"))
                }
                result.append(byte | 0x20)
            } else {
                result.append(byte)
            }
            previous = byte
        }
        if result.last == UInt8(ascii: "_") { result.removeLast() }
        return String(decoding: result, as: UTF8.self)
    }

    /// `request_id` → `RequestId`.
    static func pascalCase(_ name: String) -> String {
        words(name).map { capitalized($0) }.joined()
    }

    /// The JSON name of protobuf: `request_id` → `requestId`.
    static func jsonName(_ name: String) -> String {
        var result: [UInt8] = []
        var raise = false
        for byte in name.utf8 {
            if byte == UInt8(ascii: "_") {
                raise = true
            } else {
                result.append(raise && isLower(byte) ? byte & ~0x20 : byte)
                raise = false
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// `request_id` → `requestID`, `AssessTransaction` → `assessTransaction`.
    static func swiftMember(_ name: String) -> String {
        let words = words(snakeCase(name))
        guard let first = words.first else { return name }
        return first + words.dropFirst().map { acronyms[$0] ?? capitalized($0) }.joined()
    }

    /// `request_id` → `RequestID`; a name that is already PascalCase stays.
    static func swiftType(_ name: String) -> String {
        if isPascalCase(name) { return name }
        return words(name).map { acronyms[$0] ?? capitalized($0) }.joined()
    }

    /// `CardPresent`, `card_present` → `CARD_PRESENT`.
    static func upperSnakeCase(_ name: String) -> String {
        snakeCase(name).uppercased()
    }

    private static let acronyms = ["id": "ID", "ip": "IP", "url": "URL", "uuid": "UUID"]

    private static func words(_ name: String) -> [String] {
        name.split(separator: "_").map(String.init)
    }

    private static func capitalized(_ word: String) -> String {
        word.prefix(1).uppercased() + word.dropFirst()
    }

    private static func isUpper(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    private static func isLower(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
}
