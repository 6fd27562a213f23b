/// How alike two texts are: Dice's coefficient of their sets of trigrams, in lower case, with two
/// spaces before the text and one behind, so that short names and beginnings count.
package enum Similarity {
    /// Of both texts together.
    static let maximumBytes = 4_096

    package static func dice(_ a: String, _ b: String) -> Double {
        let (x, y) = (trigrams(a), trigrams(b))
        guard !x.isEmpty, !y.isEmpty else { return 0 }
        var (i, j, common) = (0, 0, 0)
        while i < x.count, j < y.count {
            if x[i] == y[j] {
                common += 1
                i += 1
                j += 1
            } else if x[i] < y[j] {
                i += 1
            } else {
                j += 1
            }
        }
        return Double(2 * common) / Double(x.count + y.count)
    }

    /// Sorted and distinct; none of an empty text. A scalar has 21 bits, so three fit.
    private static func trigrams(_ text: String) -> [UInt64] {
        guard !text.isEmpty else { return [] }
        var scalars: [UInt64] = [0x20, 0x20]
        for scalar in text.lowercased().unicodeScalars { scalars.append(UInt64(scalar.value)) }
        scalars.append(0x20)
        for index in 0..<(scalars.count - 2) {
            scalars[index] = scalars[index] << 42 | scalars[index + 1] << 21 | scalars[index + 2]
        }
        scalars.removeLast(2)
        scalars.sort()
        var distinct = 1
        for index in scalars.indices.dropFirst() where scalars[index] != scalars[distinct - 1] {
            scalars[distinct] = scalars[index]
            distinct += 1
        }
        scalars.removeLast(scalars.count - distinct)
        return scalars
    }
}
