/// Looks for one row of bytes in another in linear time, whatever both are.
enum TextSearch {
    /// Comparisons of the plain search for each byte of both texts, before it is given up.
    private static let patience = 4

    /// The plain search, which ordinary texts never make slow; on texts that do (`aaaa…b` in `aaaa…`),
    /// that of Knuth, Morris and Pratt (1977).
    static func contains(_ text: UnsafeBufferPointer<UInt8>, _ part: UnsafeBufferPointer<UInt8>)
        -> Bool
    {
        guard let first = part.first else { return true }
        guard part.count <= text.count else { return false }
        var left = patience * (text.count + part.count)
        for start in 0...(text.count - part.count) where text[start] == first {
            var matched = 1
            while matched < part.count, text[start + matched] == part[matched] { matched += 1 }
            if matched == part.count { return true }
            left -= matched
            if left < 0 { return containsByBorders(text, part, from: start) }
        }
        return false
    }

    private static func containsByBorders(
        _ text: UnsafeBufferPointer<UInt8>, _ part: UnsafeBufferPointer<UInt8>, from start: Int
    ) -> Bool {
        // The longest proper prefix of part[...i] that is also its end.
        var borders = [Int](repeating: 0, count: part.count)
        var length = 0
        for index in 1..<part.count {
            while length > 0, part[index] != part[length] { length = borders[length - 1] }
            if part[index] == part[length] { length += 1 }
            borders[index] = length
        }
        var matched = 0
        for index in start..<text.count {
            while matched > 0, text[index] != part[matched] { matched = borders[matched - 1] }
            if text[index] == part[matched] { matched += 1 }
            if matched == part.count { return true }
        }
        return false
    }
}
