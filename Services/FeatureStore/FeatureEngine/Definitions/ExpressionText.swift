/// Expressions as texts.
enum ExpressionText {
    /// The text without the spaces that mean nothing, so that a reformatted expression means the
    /// same. Texts in quotes are kept as they are.
    static func canonical(_ text: String) -> String {
        var result: [UInt8] = []
        var quote: UInt8?
        var isEscaped = false
        var hasGap = false
        for byte in text.utf8 {
            if let open = quote {
                result.append(byte)
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == open {
                    quote = nil
                }
                continue
            }
            if byte == 0x20 || (0x09...0x0D).contains(byte) {
                hasGap = true
                continue
            }
            if hasGap, let last = result.last, isPartOfName(last), isPartOfName(byte) {
                result.append(0x20)
            }
            hasGap = false
            result.append(byte)
            if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") { quote = byte }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isPartOfName(_ byte: UInt8) -> Bool {
        byte >= 0x80 || byte == UInt8(ascii: "_")
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
