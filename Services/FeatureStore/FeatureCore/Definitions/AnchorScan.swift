/// Looks for `&anchors` before a text is read as YAML: what has one can be repeated by `*aliases`, so
/// that a few lines stand for more than a machine holds. Without anchors an alias names nothing, and
/// the parser refuses it.
///
/// It knows nothing of quotes, comments and lines, so nothing that looks like one of them deceives
/// it: wherever YAML may begin an anchor, this finds it, and a text that only looks like one has to
/// be written otherwise.
enum AnchorScan {
    /// The first place where an anchor may start.
    static func first(in text: String) -> SourcePosition? {
        var position = SourcePosition(line: 1, column: 0)
        var last = UInt8(ascii: "\n")
        var isCandidate = false
        for byte in text.utf8 {
            if isCandidate, isPartOfName(byte) { return position }
            isCandidate = byte == UInt8(ascii: "&") && mayPrecede(last)
            if byte == UInt8(ascii: "\n") {
                position = SourcePosition(line: position.line + 1, column: 0)
            } else if byte & 0xC0 != 0x80 {
                position.column += 1
            }
            last = byte
        }
        return nil
    }

    struct SourcePosition: Equatable {
        var line: Int
        var column: Int
    }

    /// A space, the end of a line, whatever that is, or an indicator; not a letter, nor `&`.
    private static func mayPrecede(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, 0x7F...: true
        case UInt8(ascii: ":"), UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "{"),
            UInt8(ascii: "?"), UInt8(ascii: "-"), UInt8(ascii: "]"), UInt8(ascii: "}"),
            UInt8(ascii: "'"), UInt8(ascii: "\""):
            true
        default: false
        }
    }

    private static func isPartOfName(_ byte: UInt8) -> Bool {
        byte >= 0x80 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
