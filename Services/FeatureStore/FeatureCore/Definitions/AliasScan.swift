/// Looks for `&anchors` and `*aliases` before a text is read as YAML: an alias is as large as what
/// it stands for, so a few lines could stand for more than a machine holds.
enum AliasScan {
    /// The first place where a value starts with either, outside comments.
    static func first(in text: String) -> (mark: Character, line: Int, column: Int)? {
        var line = 1
        var column = 0
        /// The last byte of the line that is no space.
        var last = UInt8(ascii: "\n")
        var isComment = false
        var candidate: (mark: Character, line: Int, column: Int)?
        for byte in text.utf8 {
            if let found = candidate {
                if isPartOfName(byte) { return found }
                candidate = nil
            }
            if byte == UInt8(ascii: "\n") {
                (line, column, last, isComment) = (line + 1, 0, byte, false)
                continue
            }
            column += 1
            guard !isComment, byte != UInt8(ascii: " "), byte != UInt8(ascii: "\t") else {
                continue
            }
            if byte == UInt8(ascii: "#"), last == UInt8(ascii: "\n") { isComment = true }
            if byte == UInt8(ascii: "*") || byte == UInt8(ascii: "&"), startsValue(last) {
                candidate = (Character(UnicodeScalar(byte)), line, column)
            }
            last = byte
        }
        return nil
    }

    /// Whether a value may come after this byte, spaces aside.
    private static func startsValue(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\n"), UInt8(ascii: ":"), UInt8(ascii: ","), UInt8(ascii: "["),
            UInt8(ascii: "{"), UInt8(ascii: "?"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func isPartOfName(_ byte: UInt8) -> Bool {
        byte >= 0x80 || byte == UInt8(ascii: "_")
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
