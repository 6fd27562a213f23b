/// The line `tree_sizes` of a LightGBM file, with which no edit of a tree agrees any more.
enum LightGBMSizes {
    private static let key = Array("tree_sizes=".utf8)
    private static let tree = Array("Tree=".utf8)
    private static let end = Array("end of trees".utf8)

    static func removed(from text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("tree_sizes=") }.joined(separator: "\n")
    }

    /// Puts the sizes of the trees that the file has before the empty line in front of the first.
    static func added(to bytes: [UInt8]) -> [UInt8] {
        var starts: [Int] = []
        var stop = bytes.count
        for index in bytes.indices where index == 0 || bytes[index - 1] == UInt8(ascii: "\n") {
            if bytes[index...].starts(with: tree) { starts.append(index) }
            if bytes[index...].starts(with: end) {
                stop = index
                break
            }
        }
        guard let first = starts.first, first > 1 else { return bytes }
        let sizes = zip(starts, starts.dropFirst() + [stop]).map { "\($1 - $0)" }
        let line = key + Array((sizes.joined(separator: " ") + "\n").utf8)
        return Array(bytes[..<(first - 1)]) + line + bytes[(first - 1)...]
    }
}
